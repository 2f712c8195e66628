import UpstreamSettings

/// Everything the gateway is told at start, checked.
public struct Configuration: Sendable, Hashable {
    /// What kind of document it was read from.
    public enum Format: Sendable, Hashable {
        case configurationFile
        /// A `kind: Coroot` custom resource.
        case customResource
    }

    public static let defaultListenAddress = ListenAddress(host: "127.0.0.1", port: 9090)
    public static let defaultPartitionLabel = "project"

    public var format: Format = .configurationFile
    public var listenAddress: ListenAddress = Configuration.defaultListenAddress
    /// nil: clients speak plain HTTP.
    public var tls: ServerTLS?
    /// "" or a path that begins with a slash and does not end in one.
    public var urlBasePath = ""
    /// Where state that users create is kept; nil for none.
    public var dataDirectory: String?
    /// `postgres.connection_string`: the database that keeps that state instead, so that several
    /// gateways share it.
    public var postgres: Secret?
    /// The project of `/api/v1/…` for requests without a project's key.
    public var defaultProject: String?
    /// The label that tells members apart.
    public var partitionLabel = Configuration.defaultPartitionLabel
    /// Those of the configuration file in its order, then those of `projectFiles`; every name once.
    public var projects: [Project] = []
    public var projectFiles = ProjectFiles()
    /// What sources of members told.
    public var findings = Findings()
    /// The sources of projects that were found, by name; empty until the configuration is put
    /// together.
    public internal(set) var foundNames: [String: DiscoverySource] = [:]
    public var clusters: [Cluster] = []
    public var clusterPools: [ClusterPool] = []
    public var clusterPoolAttributes: [ClusterPoolAttribute] = []
    public var clusterPoolAssignments = ClusterPoolAssignments()
    public var bucketRule: BucketRule = .enforce
    /// nil: not configured, so the gateway listens on loopback only.
    public var authentication: Authentication?
    public var query = QuerySettings()
    public var limits = Limits()
    public var cache = CacheSettings()
    public var probes = ProbeSettings()
    public var log = LogSettings()
    public var web = WebSettings()
    /// nil: no spans are made.
    public var tracing: TracingSettings?
    /// What is worth knowing but wrong with nothing: ignored keys, secrets still to be made.
    public var notes: [ConfigurationNote] = []

    public init() {}

    public func project(named name: String) -> Project? { projects.first { $0.name == name } }

    /// What `/api/v1/…` stands for without a key: `defaultProject`, else the only multi-cluster
    /// project, else the only project.
    public var implicitProject: Project? {
        if let defaultProject { return project(named: defaultProject) }
        let aggregates = projects.filter(\.isMultiCluster)
        if aggregates.count == 1 { return aggregates.first }
        return projects.count == 1 ? projects.first : nil
    }
}

extension Configuration {
    /// Every file that a secret in use comes from, once, by path.
    public var secretFiles: [SecretFile] {
        let sources = projects.flatMap(\.sources) + clusters.map(\.source)
        let telemetry =
            projects.flatMap(\.telemetry.all) + clusters.flatMap(\.telemetry.all)
        let secrets =
            sources.flatMap(\.connection.secrets) + telemetry.flatMap(\.secrets)
            + projects.flatMap { $0.apiKeys.map(\.key) }
            + (cache.redis?.secrets ?? []) + (tracing?.headers.map(\.value) ?? [])
        let tokens = authentication?.tokens ?? []
        let files = Set(secrets.compactMap(\.file) + tokens.compactMap(\.file))
        return files.sorted { $0.path < $1.path }
    }
}

/// Where the gateway listens: `host:port`, `[v6]:port`, or `:port` for every address.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    public var host: String
    /// 0 lets the system choose.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// nil when the text is not such an address.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self.host = host.isEmpty ? "0.0.0.0" : String(host)
        self.port = port
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool { HostName.isLoopback(host) }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
