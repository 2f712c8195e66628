/// What a handler answers. Compression, CORS and framing are added on the way out.
public struct PrometheusResponse: Sendable {
    public enum Body: Sendable {
        case empty
        case bytes([UInt8])
        /// Written while it is produced. Nothing is sent before the first bytes are there, so an
        /// error thrown until then still becomes an error answer; one thrown later breaks the
        /// connection off, which is how a client learns that the answer is not whole.
        case stream(@Sendable (inout BodyWriter) async throws -> Void)
    }

    public var status: Int
    public var headers: HTTPHeaders
    public var body: Body
    /// How the body is compressed on its way out.
    var coding: ContentCoding?

    public init(status: Int = 200, headers: HTTPHeaders = HTTPHeaders(), body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    var hasBody: Bool {
        switch body {
        case .empty: false
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
