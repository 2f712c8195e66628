public import GatewayConfiguration
public import PrometheusWire

/// How the sources of projects are, as metrics.
public struct SourceMetrics: Sendable {
    private let files: ProjectFiles

    public init(files: ProjectFiles) { self.files = files }

    public func exposition() -> ExpositionText {
        var text = ExpositionText()
        let sources = files.files.map { file in
            (
                labels: [(name: "kind", value: "file"), (name: "source", value: file.path)],
                isUp: file.problem == nil, count: file.projects.count
            )
        }
        text.family(
            "tributary_discovery_up", .gauge,
            "0 while what a source says cannot be used, so that its last answer stays in force.")
        for source in sources { text.sample(source.labels, source.isUp ? 1 : 0) }
        text.family(
            "tributary_discovery_found", .gauge, "Projects or servers in force of a source.")
        for source in sources { text.sample(source.labels, Double(source.count)) }
        return text
    }
}
