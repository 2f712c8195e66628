import UpstreamSettings

/// What differs between two configurations, for the log. No value is in it, and so no secret.
public struct ConfigurationChange: Sendable, Equatable {
    public private(set) var added: [String] = []
    public private(set) var removed: [String] = []
    /// Projects that are in both and differ.
    public private(set) var changed: [String] = []
    /// Keys of the file beside `projects`.
    public private(set) var settings: [String] = []

    public init(from old: Configuration, to new: Configuration) {
        let former = Dictionary(
            old.projects.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(new.projects.map(\.name))
        for project in new.projects {
            guard let other = former[project.name] else {
                added.append(project.name)
                continue
            }
            if other != project { changed.append(project.name) }
        }
        removed = old.projects.map(\.name).filter { !names.contains($0) }
        let sections: [(String, Bool)] = [
            ("listen_address", old.listenAddress != new.listenAddress), ("tls", old.tls != new.tls),
            ("url_base_path", old.urlBasePath != new.urlBasePath),
            ("data_dir", old.dataDirectory != new.dataDirectory),
            ("postgres", old.postgres != new.postgres),
            ("defaultProject", old.defaultProject != new.defaultProject),
            ("partitionLabel", old.partitionLabel != new.partitionLabel),
            ("auth", old.authentication != new.authentication), ("query", old.query != new.query),
            ("limits", old.limits != new.limits), ("cache", old.cache != new.cache),
            ("probes", old.probes != new.probes),
            ("log", old.log != new.log), ("tracing", old.tracing != new.tracing),
            ("web", old.web != new.web),
            ("clusters", old.clusters != new.clusters),
            ("clusterPools", old.clusterPools != new.clusterPools),
            ("clusterPoolAttributes", old.clusterPoolAttributes != new.clusterPoolAttributes),
            ("clusterPoolAssignments", old.clusterPoolAssignments != new.clusterPoolAssignments),
            ("bucketRule", old.bucketRule != new.bucketRule),
        ]
        settings = sections.filter(\.1).map(\.0)
    }

    /// As a log line says it; `nothing` where the two are equal.
    public var text: String {
        let parts = [
            ("projects added", added), ("projects removed", removed), ("projects changed", changed),
            ("settings changed", settings),
        ].filter { !$0.1.isEmpty }.map { "\($0.0): \(Self.list($0.1))" }
        return parts.isEmpty ? "nothing" : parts.joined(separator: "; ")
    }

    /// The first names, and how many there are besides.
    private static func list(_ names: [String]) -> String {
        let most = 20
        let rest = names.count > most ? " and \(names.count - most) more" : ""
        return names.prefix(most).joined(separator: ", ") + rest
    }
}

extension Configuration {
    /// Tells configurations apart: 12 hexadecimal digits, the same for the same file, projects and
    /// defaults. Values of secrets are no part of it.
    public var fingerprint: String {
        String(SecretDigest(ofText: redactedYAML).written.dropFirst("sha256:".count).prefix(12))
    }
}

extension Configuration {
    /// What of a new configuration only a restart puts in force.
    ///
    /// - Parameter bound: The address that the gateway listens on.
    public func notesOnRestart(
        from old: Configuration, bound: ListenAddress
    ) -> [String] {
        var keys: [String] = []
        if listenAddress != bound { keys.append("listen_address") }
        if StoreLocation(self) != StoreLocation(old) {
            keys.append("data_dir and postgres")
        }
        if tls != old.tls { keys.append("tls") }
        if tracing != old.tracing { keys.append("tracing") }
        if web != old.web { keys.append("web") }
        let server: [(String, Bool)] = [
            ("maxConnections", limits.maxConnections != old.limits.maxConnections),
            (
                "maxConnectionsPerClient",
                limits.maxConnectionsPerClient != old.limits.maxConnectionsPerClient
            ),
            ("maxHeaderBytes", limits.maxHeaderBytes != old.limits.maxHeaderBytes),
            ("maxFormBytes", limits.maxFormBytes != old.limits.maxFormBytes),
            ("maxRequestMemory", limits.maxRequestMemory != old.limits.maxRequestMemory),
            ("headTimeout", limits.headTimeout != old.limits.headTimeout),
            ("idleTimeout", limits.idleTimeout != old.limits.idleTimeout),
            ("shutdownGrace", limits.shutdownGrace != old.limits.shutdownGrace),
        ]
        keys += server.filter(\.1).map { "limits.\($0.0)" }
        return keys.map { "\($0) changed; the change takes effect at the next start" }
    }
}
