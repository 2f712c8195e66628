/// A named source of series.
public struct Project: Sendable, Hashable {
    /// Where its series come from; exactly one of these.
    public enum Kind: Sendable, Hashable {
        case prometheus(PrometheusSource)
        case remoteCoroot(RemoteCoroot)
        case clusterPool(PoolChoice)
        /// Names of regular projects, in the order written, none twice.
        case multiCluster(members: [String])
        /// Something outside the file is missing, such as a secret. Such a project answers every
        /// request with the reason; the others go on.
        case misconfigured(reason: String)
    }

    /// Which pool answers for a pooled project.
    public enum PoolChoice: Sendable, Hashable {
        /// The one that `clusterPoolAttributes` gives for the request's domain and workflow.
        case attributes
        case pool(String)
    }

    public var name: String
    public var kind: Kind
    /// Keys that choose this project and let it be read; none for multi-cluster projects.
    public var apiKeys: [APIKey]
    public var partialResponse: PartialResponse
    public var exactness: Exactness

    public init(
        name: String, kind: Kind, apiKeys: [APIKey] = [], partialResponse: PartialResponse = .safe,
        exactness: Exactness = .twoStep
    ) {
        self.name = name
        self.kind = kind
        self.apiKeys = apiKeys
        self.partialResponse = partialResponse
        self.exactness = exactness
    }

    public var isMultiCluster: Bool {
        switch kind {
        case .multiCluster: true
        case .prometheus, .remoteCoroot, .clusterPool, .misconfigured: false
        }
    }
}

/// A project of another Coroot (or of another Tributary), reached by URL and API key.
public struct RemoteCoroot: Sendable, Hashable {
    public static let defaultResolution: Int64 = 15_000

    public var url: ServerURL
    public var apiKey: Secret
    /// Milliseconds; the least step this member is asked for.
    public var metricResolution: Int64
    public var tls: TLSSettings
    public var acceptEncoding: AcceptEncoding
    /// Milliseconds.
    public var timeout: Int64

    public init(
        url: ServerURL, apiKey: Secret, metricResolution: Int64 = RemoteCoroot.defaultResolution,
        tls: TLSSettings = TLSSettings(), acceptEncoding: AcceptEncoding = .auto,
        timeout: Int64 = PrometheusSource.defaultTimeout
    ) {
        self.url = url
        self.apiKey = apiKey
        self.metricResolution = metricResolution
        self.tls = tls
        self.acceptEncoding = acceptEncoding
        self.timeout = timeout
    }
}

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

/// What is known of what some servers lack and other questions to them make up for.
public struct EndpointSupport: Sendable, Hashable {
    public enum Support: String, Sendable, Hashable, CaseIterable {
        /// Found out by asking.
        case auto
        /// The server has it.
        case native
        /// The server lacks it.
        case emulated
    }

    public var instantQuery = Support.auto
    public var labelNames = Support.auto
    public var labelValues = Support.auto
    /// Ranges that do not begin at a multiple of their step, answered at their own steps.
    public var stepGrid = Support.auto

    public init() {}
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

/// What a Prometheus member is shown so that it answers.
public enum Credentials: Sendable, Hashable {
    case none
    case basic(username: String, password: Secret)
    case bearer(Secret)

    /// The password or the token; nil for none.
    public var secret: Secret? {
        switch self {
        case .none: nil
        case .basic(_, let secret), .bearer(let secret): secret
        }
    }
}

/// Whether a member is asked to compress its answers.
public enum AcceptEncoding: String, Sendable, Hashable, CaseIterable {
    /// As the observed rate of the link suggests.
    case auto
    case gzip
    case identity
}

/// What a missing member does to a query of a multi-cluster project (docs/exactness.md, "When a
/// member is missing").
public enum PartialResponse: String, Sendable, Hashable, CaseIterable {
    /// The answer of the others, with a warning.
    case warn
    /// As `warn`, but an error where less data could make a false answer.
    case safe
    /// An error.
    case abort
}

/// How far aggregations that drop the partition label are split over members.
public enum Exactness: String, Sendable, Hashable, CaseIterable {
    /// `sum`, `avg`, `stddev` and `stdvar` are split in two steps; the last bits may differ from one
    /// compensated sum over all series.
    case twoStep
    /// Whatever a split could change in the last bit is fetched and aggregated at the gateway.
    case strict
}
