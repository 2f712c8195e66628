import HTTPTransport
public import PrometheusWire

/// How one member is reached and how far it is trusted.
public struct UpstreamConfiguration: Sendable {
    public enum Kind: Sendable, Equatable {
        /// The whole Prometheus HTTP API.
        case prometheus
        /// Another Coroot, or another gateway: `query_range`, `series`, `metadata` and label values
        /// only; everything else is emulated through them. `resolution` is the step, in
        /// milliseconds, that an instant query is put as.
        case remoteCoroot(resolution: Int64)
    }

    public enum Authorization: Sendable {
        case none
        case basic(user: String, password: Redacted)
        case bearer(Redacted)
        /// The header `X-API-Key`.
        case apiKey(Redacted)
    }

    public struct Header: Sendable {
        public var name: String
        public var value: Redacted

        public init(name: String, value: Redacted) {
            self.name = name
            self.value = value
        }
    }

    public enum AcceptEncoding: Sendable, Hashable {
        /// As the observed rates suggest.
        case auto
        case gzip
        case identity
    }

    public struct Limits: Sendable, Hashable {
        /// Requests that this member answers at once, and so HTTP/1.1 connections; further ones
        /// wait. Answers that wait for their reader do not count.
        public var concurrentRequests = 16
        /// Bytes of one answer over the wire.
        public var responseBytes = 1 << 30
        /// How far one answer may inflate.
        public var inflate = InflateLimits(maximumBytes: 4 << 30)
        /// Bytes of one answer, as they came over the wire, that wait to be read before the member is made to wait.
        public var window = 1 << 20
        /// Bytes of an answer that is read wholly: metadata, build information.
        public var documentBytes = 64 << 20

        public init() {}
    }

    /// The project's name, as errors give it.
    public var name: String
    /// `http` or `https`, a path prefix if any, no slash at the end, no credentials.
    public var baseURL: String
    public var kind: Kind
    public var authorization: Authorization
    /// Sent with every request, in this order.
    public var headers: [Header]
    public var tls: TransferTLS
    /// URL of a proxy; nil for none, whatever the environment says.
    public var proxy: String?
    /// Milliseconds for name, connection and handshake.
    public var connectTimeout: Int64
    /// Milliseconds for one request; a query's own deadline may be nearer.
    public var timeout: Int64
    public var acceptEncoding: AcceptEncoding
    public var limits: Limits
    public var scan: ResponseScanner.Limits
    /// Of members of kind `prometheus`; what the others lack is known.
    public var endpoints: EndpointSupport
    /// What the member adds to the series of remote read; nil to look it up in its configuration.
    public var externalLabels: [ExternalLabel]?
    /// The gateway that asks, so that it knows its own requests when they come back to it; nil to
    /// send no hops.
    public var gateway: HopChain.Identity?

    public struct ExternalLabel: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(
        name: String, baseURL: String, kind: Kind = .prometheus,
        authorization: Authorization = .none, headers: [Header] = [],
        tls: TransferTLS = TransferTLS(), proxy: String? = nil, connectTimeout: Int64 = 5_000,
        timeout: Int64 = 30_000, acceptEncoding: AcceptEncoding = .auto, limits: Limits = Limits(),
        scan: ResponseScanner.Limits = ResponseScanner.Limits(),
        endpoints: EndpointSupport = EndpointSupport(), externalLabels: [ExternalLabel]? = nil
    ) {
        self.name = name
        self.baseURL = baseURL
        self.kind = kind
        self.authorization = authorization
        self.headers = headers
        self.tls = tls
        self.proxy = proxy
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.acceptEncoding = acceptEncoding
        self.limits = limits
        self.scan = scan
        self.endpoints = endpoints
        self.externalLabels = externalLabels
    }

    func support(of endpoint: EndpointSupport.Endpoint) -> EndpointSupport.Support {
        switch kind {
        case .prometheus: endpoints.support(of: endpoint)
        case .remoteCoroot: EndpointSupport.coroot.support(of: endpoint)
        }
    }

    /// Whether the member is on this machine, where bytes cost less than compressing them.
    var isOnLoopback: Bool {
        // "http:", "", authority, path
        let parts = baseURL.split(
            separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return false }
        let authority = parts[2]
        let host =
            authority.hasPrefix("[")
            ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        return host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}

/// The value of `Authorization` for a user and a password (RFC 7617).
enum BasicCredentials {
    static func value(user: String, password: String) -> String {
        "Basic " + base64(Array("\(user):\(password)".utf8))
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = 0
            for index in 0..<3 {
                bits = bits << 8 | (index < group.count ? Int(group[start + index]) : 0)
            }
            for index in 0..<4 {
                out.append(
                    index <= group.count ? alphabet[bits >> (18 - 6 * index) & 63] : 0x3D)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
