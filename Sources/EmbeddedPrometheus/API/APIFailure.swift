import PromQLEngine
import PrometheusHTTP

/// A refusal in Prometheus's shape.
struct APIFailure: Error, Equatable {
    enum Kind: String {
        case badData = "bad_data"
        case execution
        case canceled
        case timeout
        case `internal`

        var status: Int {
            switch self {
            case .badData: 400
            case .execution: 422
            case .canceled: 499
            case .timeout: 503
            case .internal: 500
            }
        }
    }

    var kind: Kind
    var message: String

    static func badData(_ message: String) -> APIFailure {
        APIFailure(kind: .badData, message: message)
    }

    /// `invalid parameter "name": cause`.
    static func parameter(_ name: String, _ cause: String) -> APIFailure {
        .badData("invalid parameter \"\(name)\": \(cause)")
    }

    /// What any error of a handler means to a client.
    init(_ error: any Error) {
        switch error {
        case let failure as APIFailure:
            self = failure
        case let evaluation as EvaluationError:
            switch evaluation {
            case .execution(let text): self.init(kind: .execution, message: text)
            case .timeout(let text): self.init(kind: .timeout, message: text)
            case .canceled(let text): self.init(kind: .canceled, message: text)
            }
        case is CancellationError:
            self.init(kind: .canceled, message: "context canceled")
        default:
            self.init(kind: .internal, message: "\(error)")
        }
    }

    init(kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }

    var response: PrometheusResponse {
        var json = JSONText()
        json.raw("{\"status\":\"error\",\"errorType\":\"\(kind.rawValue)\",\"error\":")
        json.string(message)
        json.raw("}")
        return .json(status: kind.status, json.bytes)
    }
}
