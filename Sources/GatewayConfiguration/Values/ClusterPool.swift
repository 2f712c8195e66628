import UpstreamSettings

/// Clusters of which any one may answer.
public struct ClusterPool: Sendable, Hashable {
    /// The pool that answers when no attribute names another.
    public static let defaultName = "default"

    public var name: String
    /// Names of clusters, or of regular or remote projects, in the order written.
    public var clusters: [String]
    /// The names of DNS that give further servers; nil for none.
    public var discovery: NameDiscovery?

    public init(name: String, clusters: [String], discovery: NameDiscovery? = nil) {
        self.name = name
        self.clusters = clusters
        self.discovery = discovery
    }
}

/// One place that can answer for the pools it is in.
public struct Cluster: Sendable, Hashable {
    public var name: String
    public var source: UpstreamSource
    /// Where its logs, traces and profiles are.
    public var telemetry = TelemetrySources()
    /// `storage.bucketName`: clusters of one pool share it, clusters of different pools do not.
    public var bucketName: String?
    /// A disabled cluster is never chosen.
    public var enabled: Bool

    public init(
        name: String, source: UpstreamSource, bucketName: String? = nil, enabled: Bool = true
    ) {
        self.name = name
        self.source = source
        self.bucketName = bucketName
        self.enabled = enabled
    }
}

/// Pools for what no attribute speaks of: by project, and by domain.
public struct ClusterPoolAssignments: Sendable, Hashable {
    /// Pool names by project.
    public var projects: [String: String]
    /// Pool names by domain.
    public var domains: [String: String]

    public init(projects: [String: String] = [:], domains: [String: String] = [:]) {
        self.projects = projects
        self.domains = domains
    }
}

/// Which pool answers for a project and domain, or for one workflow in them.
public struct ClusterPoolAttribute: Sendable, Hashable {
    public var project: String
    public var domain: String
    public var workflow: String?
    public var clusterPoolName: String

    public init(project: String, domain: String, workflow: String? = nil, clusterPoolName: String) {
        self.project = project
        self.domain = domain
        self.workflow = workflow
        self.clusterPoolName = clusterPoolName
    }
}

/// Attribute files: one record as YAML, the way Union's and Flyte's command lines write them.
extension ClusterPoolAttribute {
    /// What a new file looks like before it is filled in.
    public static let skeleton = """
        domain: development
        project: my-project
        # workflow: my_workflow   # for one workflow alone
        clusterPoolName: my-cluster-pool

        """

    /// The record as an attribute file.
    public var yaml: String { lines.map { $0 + "\n" }.joined() }

    /// What a change from one record to another of the same place does: kept lines begin with a
    /// blank, removed ones with `-`, new ones with `+`.
    public static func difference(
        from old: ClusterPoolAttribute?, to new: ClusterPoolAttribute?
    ) -> String {
        let before = old?.lines ?? []
        let after = new?.lines ?? []
        let lines =
            before.map { after.contains($0) ? "  \($0)" : "- \($0)" }
            + after.filter { !before.contains($0) }.map { "+ \($0)" }
        return lines.map { $0 + "\n" }.joined()
    }

    private var lines: [String] {
        var lines = ["domain: \(Self.scalar(domain))", "project: \(Self.scalar(project))"]
        if let workflow { lines.append("workflow: \(Self.scalar(workflow))") }
        lines.append("clusterPoolName: \(Self.scalar(clusterPoolName))")
        return lines
    }

    /// Plain where every reader of YAML takes it for text, else in double quotes.
    private static func scalar(_ text: String) -> String {
        let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        let isPlain =
            text.first.map { $0.isASCII && $0.isLetter } ?? false
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0)) }
            && !words.contains(text.lowercased())
        if isPlain { return text }
        return doubleQuotedYAML(text)
    }
}

/// A text as a configuration file writes it in double quotes: `$` twice, so that no variable is read.
func doubleQuotedYAML(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "$": out += "$$"
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}
