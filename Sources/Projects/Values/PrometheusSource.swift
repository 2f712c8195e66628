/// A server that speaks the Prometheus HTTP API.
public struct PrometheusSource: Sendable, Hashable {
    public struct Header: Sendable, Hashable {
        public var name: String
        public var value: Secret

        public init(name: String, value: Secret) {
            self.name = name
            self.value = value
        }
    }

    public static let defaultTimeout: Int64 = 30_000

    public var url: ServerURL
    public var credentials: Credentials
    /// Sent with every request; by name.
    public var headers: [Header]
    public var tls: TLSSettings
    public var acceptEncoding: AcceptEncoding
    /// Milliseconds a request may take at most; the query's own deadline may be nearer.
    public var timeout: Int64

    public var capabilities = EndpointSupport()
    /// What the server adds to the series of remote read; nil to look it up there.
    public var externalLabels: [String: String]?

    public init(
        url: ServerURL, credentials: Credentials = .none, headers: [Header] = [],
        tls: TLSSettings = TLSSettings(), acceptEncoding: AcceptEncoding = .auto,
        timeout: Int64 = PrometheusSource.defaultTimeout
    ) {
        self.url = url
        self.credentials = credentials
        self.headers = headers
        self.tls = tls
        self.acceptEncoding = acceptEncoding
        self.timeout = timeout
    }
}
