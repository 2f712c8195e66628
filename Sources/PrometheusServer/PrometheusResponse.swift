public import PrometheusWire
import RequestTelemetry

/// What a handler answers. Compression, CORS and framing are added on the way out.
public struct PrometheusResponse: Sendable {
    public enum Body: Sendable {
        case empty
        case bytes([UInt8])
        /// Written while it is produced. Nothing is sent before the first bytes are there, so an
        /// error thrown until then still becomes an error answer; one thrown later breaks the
        /// connection off, which is how a client learns that the answer is not whole.
        case stream(@Sendable (inout BodyWriter) async throws -> Void)
        /// The connection speaks WebSocket from now on; see `webSocket`.
        case socket(@Sendable (WebSocket) async throws -> Void)
    }

    public var status: Int
    public var headers: HTTPHeaders
    public var body: Body
    /// Lasts until the answer was sent, as memory does that was lent for it.
    public var loan: (any Sendable)?
    /// Whether the body has no end of its own: a client that leaves it has had all of it.
    public var isEndless = false
    /// How the body is compressed on its way out.
    var coding: ContentCoding?

    public init(status: Int = 200, headers: HTTPHeaders = HTTPHeaders(), body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Whether sending it takes no time worth speaking of. What is written while it is produced is
    /// its producer's affair.
    var isShort: Bool {
        switch body {
        case .empty, .stream, .socket: true
        case .bytes(let bytes): bytes.count <= 32 << 10
        }
    }

    var hasBody: Bool {
        switch body {
        case .empty, .socket: false
        case .bytes, .stream: true
        }
    }

    /// JSON as the API sends it: no charset, no newline at the end.
    public static func json(status: Int = 200, _ bytes: [UInt8]) -> PrometheusResponse {
        PrometheusResponse(
            status: status, headers: ["Content-Type": "application/json"], body: .bytes(bytes))
    }

    /// Text as Go's `http.Error` and plain handlers send it.
    public static func text(
        status: Int = 200, _ text: String, noSniff: Bool = false
    ) -> PrometheusResponse {
        var headers: HTTPHeaders = ["Content-Type": "text/plain; charset=utf-8"]
        if noSniff { headers["X-Content-Type-Options"] = "nosniff" }
        return PrometheusResponse(status: status, headers: headers, body: .bytes(Array(text.utf8)))
    }

    static let pageNotFound = PrometheusResponse.text(
        status: 404, "404 page not found\n", noSniff: true)

    static func methodNotAllowed(allow: [String]) -> PrometheusResponse {
        var response = PrometheusResponse.text(status: 405, "Method Not Allowed\n", noSniff: true)
        response.headers["Allow"] = allow.joined(separator: ", ")
        return response
    }

    /// The whole answer as a client would see it, compressed when it would be. Runs a streamed
    /// body to its end; for tests and for callers in the same process.
    public func collected() async throws -> (status: Int, headers: HTTPHeaders, body: [UInt8]) {
        var writer = try BodyWriter(collectingFor: self)
        try await writer.run(body)
        let bytes = writer.collectedBytes
        return (status, headers, bytes)
    }
}

extension PrometheusResponse {
    /// A refusal in Prometheus's shape.
    public static func failure(_ error: APIError) -> PrometheusResponse {
        .json(status: error.kind.status, error.json)
    }

    /// The answer to whatever a handler threw: refusals as they are, cancellation as 499, anything
    /// else as 500 `internal` with its description.
    public static func failure(_ error: any Error) -> PrometheusResponse {
        switch error {
        case let refusal as APIError: failure(refusal)
        case is CancellationError: failure(APIError(.canceled, "context canceled"))
        default: failure(APIError(.internal, "\(error)"))
        }
    }

    /// What is no request, in the same shape, where Go's own server answers with plain text.
    static func failure(_ error: MalformedRequest) -> PrometheusResponse {
        let refusal =
            error.status == 503
            ? APIError(.unavailable, error.message) : APIError.badData(error.message)
        var response = PrometheusResponse.json(status: error.status, refusal.json)
        response.headers["Connection"] = "close"
        return response
    }
}

/// The words after the status code.
enum ReasonPhrase {
    static func of(_ status: Int) -> String {
        switch status {
        case 101: "Switching Protocols"
        case 200: "OK"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Request Entity Too Large"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Entity"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        // The reference writes 499 without words of its own; Go then repeats the code.
        case 499: "status code 499"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "status code \(status)"
        }
    }
}

/// The answer to an error that a handler threw.
public enum ErrorAnswer {
    /// The answer that an error is. The request that is being answered notes it.
    public static func of(_ error: any Error) -> PrometheusResponse {
        switch error {
        case let error as APIError:
            RequestScope.current?.note(failure: error.message)
            var response = PrometheusResponse.json(status: error.status, error.json)
            if error.kind == .unauthorized { response.headers["WWW-Authenticate"] = "Bearer" }
            return response
        case is CancellationError:
            return of(APIError(.canceled, "context canceled"))
        default:
            RequestScope.current?.note(failure: "\(error)")
            return .failure(error)
        }
    }
}
