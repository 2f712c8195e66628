/// One server that data come from, with all that is set for it.
public enum UpstreamSource: Sendable, Hashable {
    case prometheus(PrometheusSource)
    case remoteCoroot(RemoteCoroot)
    /// Of logs, traces or profiles.
    case telemetry(TelemetrySource)

    /// What all kinds have.
    public var connection: any UpstreamConnection {
        switch self {
        case .prometheus(let source): source
        case .remoteCoroot(let remote): remote
        case .telemetry(let source): source
        }
    }
}

/// How a server of any kind is reached.
public protocol UpstreamConnection: Sendable, Hashable {
    var url: ServerURL { get set }
    var tls: TLSSettings { get set }
    var acceptEncoding: AcceptEncoding { get set }
    /// What a request may take at most; the query's own deadline may be nearer.
    var timeout: Duration { get set }
    /// Questions under way at once: `query`, `query_range` and remote read, from sending one to the
    /// head of its answer. At least 1.
    var maxConcurrency: Int { get set }
    /// Sent in the URL of every request, beside the request's own; by name.
    var queryParameters: [NamedSecret] { get }
    /// All that must not be printed, and that the server may repeat in what it says.
    var secrets: [Secret] { get }
}

/// A server that is shown credentials and header fields of the user's own choice.
public protocol CredentialedConnection: UpstreamConnection {
    var credentials: Credentials { get set }
    /// Sent with every request; by name.
    var headers: [NamedSecret] { get set }
}

/// A project of another Coroot (or of another Tributary), reached by URL and API key.
public struct RemoteCoroot: UpstreamConnection {
    public static let defaultResolution = Duration.seconds(15)

    public var url: ServerURL
    /// The header `X-API-Key`.
    public var apiKey: Secret
    /// The least step this member is asked for, and the one that an instant query is put as.
    public var metricResolution: Duration
    public var tls: TLSSettings
    public var acceptEncoding: AcceptEncoding
    public var timeout: Duration
    public var maxConcurrency = PrometheusSource.defaultConcurrency

    public init(
        url: ServerURL, apiKey: Secret, metricResolution: Duration = RemoteCoroot.defaultResolution,
        tls: TLSSettings = TLSSettings(), acceptEncoding: AcceptEncoding = .auto,
        timeout: Duration = PrometheusSource.defaultTimeout
    ) {
        self.url = url
        self.apiKey = apiKey
        self.metricResolution = metricResolution
        self.tls = tls
        self.acceptEncoding = acceptEncoding
        self.timeout = timeout
    }

    public var queryParameters: [NamedSecret] { [] }
    public var secrets: [Secret] { [apiKey] }
}

/// A server that speaks the Prometheus HTTP API.
public struct PrometheusSource: CredentialedConnection {
    public static let defaultTimeout = Duration.seconds(30)
    /// As many as Prometheus itself evaluates at once (`--query.max-concurrency`).
    public static let defaultConcurrency = 20
    public static let mostRangeParts = 16

    public var url: ServerURL
    public var credentials: Credentials
    /// Sent with every request; by name.
    public var headers: [NamedSecret]
    public var queryParameters: [NamedSecret] = []
    /// Names of header fields that are passed on from the client's request.
    public var forwardHeaders: [String] = []
    /// The proxy through which the server is reached; nil for none.
    public var proxy: ServerURL?
    public var tls: TLSSettings
    public var acceptEncoding: AcceptEncoding
    public var timeout: Duration
    public var maxConcurrency = PrometheusSource.defaultConcurrency
    public var capabilities = EndpointSupport()
    /// Parts that it is asked for at once of a range of several days; nil where that is found out.
    public var rangeParts: Int?
    /// What the server adds to the series of remote read; nil to look it up there.
    public var externalLabels: [String: String]?
    /// Which of its series are meant; nil for all.
    public var selector: ProjectSelector?

    public init(
        url: ServerURL, credentials: Credentials = .none, headers: [NamedSecret] = [],
        tls: TLSSettings = TLSSettings(), acceptEncoding: AcceptEncoding = .auto,
        timeout: Duration = PrometheusSource.defaultTimeout
    ) {
        self.url = url
        self.credentials = credentials
        self.headers = headers
        self.tls = tls
        self.acceptEncoding = acceptEncoding
        self.timeout = timeout
    }

    /// Whether it is sent the client's header field of this name, in any spelling.
    public func forwards(_ name: String) -> Bool {
        forwardHeaders.contains { $0.lowercased() == name.lowercased() }
    }

    public var secrets: [Secret] {
        credentials.secrets + headers.map(\.value) + queryParameters.map(\.value)
    }
}

/// A header field or a query parameter: a pair of which only the name may be shown.
public struct NamedSecret: Sendable, Hashable {
    /// Of one kind that a server may be sent.
    public static let most = 100
    /// Bytes of a value.
    public static let longestValue = 8 << 10

    public var name: String
    public var value: Secret

    public init(name: String, value: Secret) {
        self.name = name
        self.value = value
    }
}

/// Whether a server has the endpoints that some servers lack, and that can be emulated.
public struct EndpointSupport: Sendable, Hashable {
    public enum Support: String, Sendable, Hashable, CaseIterable {
        /// Asked; what turns out to be missing is made up for, and tried again later.
        case auto
        /// Asked, and its failure is the answer.
        case native
        /// Never asked: others make up for it.
        case emulated
    }

    public var instantQuery: Support
    public var labelNames: Support
    public var labelValues: Support
    /// Ranges that do not begin at a multiple of their step, answered at their own steps.
    public var stepGrid: Support

    public init(
        instantQuery: Support = .auto, labelNames: Support = .auto, labelValues: Support = .auto,
        stepGrid: Support = .auto
    ) {
        self.instantQuery = instantQuery
        self.labelNames = labelNames
        self.labelValues = labelValues
        self.stepGrid = stepGrid
    }
}

/// How the certificate of a server is judged, and which one is shown to it.
public struct TLSSettings: Sendable, Hashable {
    /// PEM file of the authorities to trust instead of the system's.
    public var caFile: String?
    /// PEM files of the client's own certificate and key.
    public var certFile: String?
    public var keyFile: String?
    /// Name to expect in the certificate instead of the URL's host.
    public var serverName: String?
    public var skipVerify: Bool
    /// Connections of an older version are not made.
    public var minVersion = TLSVersion.v12

    public init(
        caFile: String? = nil, certFile: String? = nil, keyFile: String? = nil,
        serverName: String? = nil, skipVerify: Bool = false
    ) {
        self.caFile = caFile
        self.certFile = certFile
        self.keyFile = keyFile
        self.serverName = serverName
        self.skipVerify = skipVerify
    }
}

/// A version of TLS that the gateway speaks with members, as the configuration writes it.
public enum TLSVersion: String, Sendable, Hashable, CaseIterable {
    case v12 = "1.2"
    case v13 = "1.3"
}

/// Whether a member is asked to compress its answers.
public enum AcceptEncoding: String, Sendable, Hashable, CaseIterable {
    /// As the observed rate of the link suggests.
    case auto
    case gzip
    case identity
}
