/// What members hold beside metrics, by the kind of server that it is read from.
public enum TelemetryKind: String, Sendable, Hashable, CaseIterable {
    case loki, tempo, pyroscope

    /// `Loki`, `Tempo` or `Pyroscope`.
    public var serverName: String {
        switch self {
        case .loki: "Loki"
        case .tempo: "Tempo"
        case .pyroscope: "Pyroscope"
        }
    }

    /// `logs`, `traces` or `profiles`.
    public var data: String {
        switch self {
        case .loki: "logs"
        case .tempo: "traces"
        case .pyroscope: "profiles"
        }
    }
}

/// A server that a member's logs, traces or profiles are read from.
public struct TelemetrySource: CredentialedConnection {
    public static let everyStream = "{service_name=~\".+\"}"
    public static let defaultMostLines = 5000

    public let kind: TelemetryKind
    public var url: ServerURL
    public var credentials: Credentials
    /// Sent with every request; by name.
    public var headers: [NamedSecret]
    public var tls: TLSSettings
    public var acceptEncoding: AcceptEncoding
    public var timeout: Duration
    public var maxConcurrency = PrometheusSource.defaultConcurrency
    /// Of a Loki: the selector that chooses all of its streams.
    public var everyStream = TelemetrySource.everyStream
    /// Of a Loki: lines that it gives for one query at most.
    public var maxLines = TelemetrySource.defaultMostLines

    public init(
        _ kind: TelemetryKind, url: ServerURL, credentials: Credentials = .none,
        headers: [NamedSecret] = [], tls: TLSSettings = TLSSettings(),
        acceptEncoding: AcceptEncoding = .auto,
        timeout: Duration = PrometheusSource.defaultTimeout
    ) {
        self.kind = kind
        self.url = url
        self.credentials = credentials
        self.headers = headers
        self.tls = tls
        self.acceptEncoding = acceptEncoding
        self.timeout = timeout
    }

    public var queryParameters: [NamedSecret] { [] }
    public var secrets: [Secret] { credentials.secrets + headers.map(\.value) }
}

/// What a project, or a cluster, holds beside metrics: at most one server of each kind.
public struct TelemetrySources: Sendable, Hashable {
    private var sources: [TelemetryKind: TelemetrySource] = [:]

    public init() {}

    public subscript(kind: TelemetryKind) -> TelemetrySource? {
        get { sources[kind] }
        set { sources[kind] = newValue }
    }

    public var isEmpty: Bool { sources.isEmpty }

    /// In the order of `TelemetryKind`.
    public var all: [TelemetrySource] { TelemetryKind.allCases.compactMap { sources[$0] } }
}
