public import GatewayConfiguration
public import PrometheusWire

/// How the sources of projects are, as metrics.
public struct SourceMetrics: Sendable {
    private struct Source: Hashable {
        var kind: String
        var name: String

        var labels: [(name: String, value: String)] { [("kind", kind), ("source", name)] }
    }

    /// Whether all of a name are usable, and how much is in force of them.
    private var sources: [Source: (isUp: Bool, count: Int)] = [:]

    /// - Parameter configuration: The file and the store together.
    public init(_ configuration: Configuration) {
        for file in configuration.projectFiles.files {
            add("file", file.path, isUp: file.problem == nil, count: file.projects.count)
        }
        for (source, finding) in configuration.findings.bySource {
            add(
                source.kind, source.description, isUp: finding.problem == nil,
                count: finding.found?.names.count ?? 0)
        }
    }

    /// Names leave out what may be a secret, so that two sources can have one.
    private mutating func add(_ kind: String, _ name: String, isUp: Bool, count: Int) {
        let former = sources[Source(kind: kind, name: name)] ?? (true, 0)
        sources[Source(kind: kind, name: name)] = (former.isUp && isUp, former.count + count)
    }

    public func exposition() -> ExpositionText {
        var text = ExpositionText()
        text.family(Self.up)
        for (source, state) in sources { text.sample(source.labels, state.isUp ? 1 : 0) }
        text.family(Self.found)
        for (source, state) in sources { text.sample(source.labels, Double(state.count)) }
        return text
    }

    private static let up = MetricFamily(
        "tributary_discovery_up", .gauge,
        "0 while what a source says cannot be used, so that its last answer stays in force.",
        labels: ["kind", "source"])
    private static let found = MetricFamily(
        "tributary_discovery_found", .gauge, "Projects or servers in force of a source.",
        labels: ["kind", "source"])

    public static let families = [up, found]
}
