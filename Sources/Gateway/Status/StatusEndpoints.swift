import GatewayConfiguration
import GatewayState
import GoText
import PrometheusServer
import PrometheusWire

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What the gateway says about itself under `/api/v1/status`, in Prometheus's words.
struct StatusEndpoints: Sendable {
    /// The Prometheus version whose behaviour is claimed.
    static let compatibility = "3.14.0"

    var configuration: Configuration
    /// Knows of reloads.
    var live: LiveReference
    let process = ProcessMetrics()

    /// Six keys and no more: others make Grafana take the server for something else.
    private static let build: [(key: String, value: JSONValue)] = [
        ("version", .string(compatibility)), ("revision", .string("tributary")),
        ("branch", .string("tributary")), ("buildUser", .string("")),
        ("buildDate", .string("")), ("goVersion", .string("")),
    ]

    var buildInformation: [UInt8] { Self.enveloped(JSONValue.object(Self.build).bytes) }

    /// The same, with the gateway's own version.
    var version: [UInt8] {
        JSONValue.object(Self.build + [("tributary", .string(ProductVersion.text))]).bytes
    }

    var flags: [UInt8] {
        let query = configuration.query
        let pairs: [(String, String)] = [
            ("enable-feature", query.features.map(\.rawValue).sorted().joined(separator: ",")),
            ("query.lookback-delta", DurationText.text(Milliseconds(query.lookback))),
            ("query.max-concurrency", String(query.maxConcurrency)),
            ("query.max-samples", String(query.maxSamples)),
            ("query.timeout", DurationText.text(Milliseconds(query.timeout))),
            ("web.enable-admin-api", "false"),
            ("web.enable-lifecycle", live.live?.source == nil ? "false" : "true"),
            ("web.listen-address", configuration.listenAddress.description),
        ]
        return Self.enveloped(
            JSONValue.object(pairs.map { (key: $0.0, value: .string($0.1)) }).bytes)
    }

    var runtimeInformation: [UInt8] {
        let started = RFC3339.text(Timestamp(seconds: process.startTime))
        let reload = live.live?.reloads.value
        return Self.enveloped(
            JSONValue.object([
                ("startTime", .string(started)), ("CWD", .string(Self.workingDirectory)),
                ("hostname", .string(Self.hostName)),
                ("serverTime", .string(RFC3339.text(WallClock.now()))),
                ("reloadConfigSuccess", .bool(reload?.failure == nil)),
                (
                    "lastConfigTime",
                    .string(
                        reload.map { RFC3339.text(Timestamp(seconds: $0.lastSuccess)) }
                            ?? started)
                ),
                ("corruptionCount", .integer(0)), ("goroutineCount", .integer(0)),
                ("GOMAXPROCS", .integer(Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))))),
                ("GOMEMLIMIT", .integer(.max)), ("GOGC", .string("")), ("GODEBUG", .string("")),
                ("storageRetention", .string("")),
            ]).bytes)
    }

    /// The configuration in force as YAML, secrets left out, and what the reader may not see.
    func effectiveConfiguration(for grant: Grant) -> [UInt8] {
        let shown = configuration.shown(to: grant)
        return Self.enveloped(JSONValue.object([("yaml", .string(shown.redactedYAML))]).bytes)
    }

    private static func enveloped(_ data: [UInt8]) -> [UInt8] {
        Envelope.head + data + [UInt8(ascii: "}")]
    }

    private static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "" }
        defer { free(path) }
        return String(cString: path)
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(
            decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Configuration {
    /// What concerns the projects that a reader may read. Clusters and pools serve others too.
    fileprivate func shown(to grant: Grant) -> Configuration {
        guard !grant.seesEverything else { return self }
        var shown = self
        shown.projects = projects.filter { grant.opens($0.name) }
        shown.defaultProject = defaultProject.flatMap { grant.opens($0) ? $0 : nil }
        shown.clusters = []
        shown.clusterPools = []
        shown.clusterPoolAttributes = clusterPoolAttributes.filter { grant.opens($0.project) }
        shown.clusterPoolAssignments = ClusterPoolAssignments()
        shown.tls = nil
        shown.dataDirectory = nil
        shown.postgres = nil
        shown.authentication?.tokens.removeAll { grant != .token($0) }
        return shown
    }
}
