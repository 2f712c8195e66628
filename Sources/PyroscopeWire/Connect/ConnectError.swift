import PrometheusWire

/// Why a call of Connect's protocol has no answer: a code, and a text for people.
public struct ConnectError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The codes of the protocol, by the names that they have in a body.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case canceled
        case unknown
        case invalidArgument = "invalid_argument"
        case deadlineExceeded = "deadline_exceeded"
        case notFound = "not_found"
        case alreadyExists = "already_exists"
        case permissionDenied = "permission_denied"
        case resourceExhausted = "resource_exhausted"
        case failedPrecondition = "failed_precondition"
        case aborted
        case outOfRange = "out_of_range"
        case unimplemented
        case `internal`
        case unavailable
        case dataLoss = "data_loss"
        case unauthenticated

        /// The status of an answer with this code.
        public var status: Int {
            switch self {
            case .canceled: 499
            case .unknown, .internal, .dataLoss: 500
            case .invalidArgument, .failedPrecondition, .outOfRange: 400
            case .deadlineExceeded: 504
            case .notFound: 404
            case .alreadyExists, .aborted: 409
            case .permissionDenied: 403
            case .resourceExhausted: 429
            case .unimplemented: 501
            case .unavailable: 503
            case .unauthenticated: 401
            }
        }

        /// What a status means whose body names no code: it came from a proxy in between, or from a
        /// server that does not speak Connect.
        public init(status: Int) {
            switch status {
            case 400: self = .internal
            case 401: self = .unauthenticated
            case 403: self = .permissionDenied
            case 404: self = .unimplemented
            case 429, 502, 503, 504: self = .unavailable
            default: self = .unknown
            }
        }
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The error that an answer with another status than 200 is.
    ///
    /// - Parameter body: not compressed; JSON whatever the codec of the request. A body that is
    ///   something else gives an empty message.
    public init(status: Int, body: [UInt8]) {
        let document = try? JSONValue(parsing: body)
        code = document?["code"]?.text.flatMap(Code.init(rawValue:)) ?? Code(status: status)
        message = document?["message"]?.text ?? ""
    }

    public var status: Int { code.status }

    /// The content type of `body`, in either codec.
    public static let contentType = "application/json"

    /// `{"code":…,"message":…}`.
    public var body: [UInt8] {
        JSONValue.object([
            (key: "code", value: .string(code.rawValue)),
            (key: "message", value: .string(message)),
        ]).bytes
    }

    public var description: String {
        message.isEmpty ? code.rawValue : "\(code.rawValue): \(message)"
    }
}
