/// A refusal in Prometheus's shape.
public struct APIError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        case badData = "bad_data"
        case execution
        case canceled
        case timeout
        case `internal`
        case unavailable
        case notFound = "not_found"
        case unauthorized
        /// The reference has no word for these two; only the administration answers with them.
        case forbidden
        case conflict

        /// The status the API gives this type.
        public var status: Int {
            switch self {
            case .badData: 400
            case .unauthorized: 401
            case .forbidden: 403
            case .notFound: 404
            case .conflict: 409
            case .execution: 422
            case .canceled: 499
            case .internal: 500
            case .timeout, .unavailable: 503
            }
        }
    }
    public var kind: Kind
    public var message: String
    /// The HTTP status. It is the type's own but for a few: the reference answers 500 for what is
    /// `unavailable` by its configuration, where a member that cannot be reached makes a 503.
    public var status: Int
    /// What is wrong with which part of a document that was sent; only the administration tells it.
    public var fields: [Field] = []
    public var description: String { message }

    public struct Field: Sendable, Equatable {
        /// As `prometheus.url`; "" for the whole document.
        public var path: String
        public var message: String

        public init(path: String, message: String) {
            self.path = path
            self.message = message
        }

        public static func json(_ fields: [Field]) -> JSONValue {
            .array(
                fields.map { .strings(of: [("path", $0.path), ("message", $0.message)]) })
        }
    }

    public init(_ kind: Kind, _ message: String, status: Int? = nil) {
        self.kind = kind
        self.message = message
        self.status = status ?? kind.status
    }

    public static func badData(_ message: String) -> APIError { APIError(.badData, message) }

    /// `invalid parameter "name": cause`.
    public static func parameter(_ name: String, _ cause: String) -> APIError {
        .badData("invalid parameter \"\(name)\": \(cause)")
    }

    /// The error's body.
    public var json: [UInt8] {
        var out = Array("{\"status\":\"error\",\"errorType\":\"\(kind.rawValue)\",\"error\":".utf8)
        JSONText.append(message, to: &out)
        if !fields.isEmpty {
            out += ",\"errors\":".utf8
            out += Field.json(fields).bytes
        }
        out.append(UInt8(ascii: "}"))
        return out
    }
}
