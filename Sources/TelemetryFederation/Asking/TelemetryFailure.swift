import LogQL
import LokiWire
import PrometheusServer
import PrometheusWire
import PyroscopeWire
import RequestTelemetry
import TempoWire
import UpstreamSettings

/// Why a request has no answer, which each API says in a shape of its own.
struct TelemetryFailure {
    private var status: Int
    private var text: String
    /// Connect's word; nil where it follows from the status.
    private var code: ConnectError.Code?
    private var needsCredential = false

    init(_ error: any Error) {
        switch error {
        case let error as APIError:
            // A member, or the gateway, took too long.
            status = error.kind == .timeout ? 504 : error.status
            text = error.message
            needsCredential = error.kind == .unauthorized
        case let error as LokiError: (status, text) = (error.status, error.text)
        case let error as LogQLError: (status, text) = (400, error.description)
        case let error as LogQLRefusal:
            (status, text) = (error.status.rawValue, error.description)
        case let error as TempoError: (status, text) = (error.status, error.text)
        case let error as ConnectError:
            (status, text, code) = (error.code.status, error.message, error.code)
        case is CancellationError: (status, text) = (499, "context canceled")
        default: (status, text) = (500, "\(error)")
        }
    }

    func response(_ kind: TelemetryKind) -> PrometheusResponse {
        RequestScope.current?.note(failure: text)
        var response: PrometheusResponse
        switch kind {
        case .loki, .tempo: response = .text(status: status, text)
        case .pyroscope:
            let error = ConnectError(code ?? Self.code(of: status), text)
            response = .json(status: error.code.status, error.body)
        }
        if needsCredential { response.headers["WWW-Authenticate"] = "Bearer" }
        return response
    }

    private static func code(of status: Int) -> ConnectError.Code {
        switch status {
        case 400: .invalidArgument
        case 401: .unauthenticated
        case 403: .permissionDenied
        case 404: .notFound
        case 422: .failedPrecondition
        case 429: .resourceExhausted
        case 499: .canceled
        case 501: .unimplemented
        case 503: .unavailable
        case 504: .deadlineExceeded
        default: .internal
        }
    }
}
