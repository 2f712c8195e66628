import Discovery
public import Federation
public import GatewayConfiguration
public import PrometheusServer
public import PrometheusWire
import Upstream
import UpstreamSettings

/// Everything that the gateway tells of itself on `/metrics`: the parts, put together when it is
/// asked.
public struct GatewayExposition: Sendable {
    public var configuration: Configuration
    public var compatibility: String
    public var process: ProcessMetrics
    public var requests: GatewayMetrics
    public var members: MemberMetrics
    public var secrets: SecretMetrics
    public var reloads: ReloadState.Value?

    /// - Parameter compatibility: The version of Prometheus whose behaviour is claimed.
    public init(
        configuration: Configuration, compatibility: String, process: ProcessMetrics,
        requests: GatewayMetrics, members: MemberMetrics, secrets: SecretMetrics,
        reloads: ReloadState.Value?
    ) {
        self.configuration = configuration
        self.compatibility = compatibility
        self.process = process
        self.requests = requests
        self.members = members
        self.secrets = secrets
        self.reloads = reloads
    }

    /// - Parameters:
    ///   - load: What queries under way use.
    ///   - resources: What they share.
    public func text(_ load: QueryResources.Load, _ resources: QueryResources) -> ExpositionText {
        var text = process.exposition()
        text.append(ownExposition)
        text.append(resources.exposition(load))
        text.append(members.exposition())
        text.append(secrets.exposition())
        text.append(SourceMetrics(configuration).exposition())
        text.append(requests.exposition(resources.refusals))
        return text
    }

    /// The answer to a scrape: OpenMetrics where `Accept` prefers it, else the text format.
    public static func response(
        _ text: ExpositionText, to request: PrometheusRequest
    ) -> PrometheusResponse {
        let isOpenMetrics = ExpositionFormat.prefersOpenMetrics(request.headers["Accept"] ?? "")
        var response = PrometheusResponse.text(isOpenMetrics ? text.openMetrics : text.text)
        response.headers["Content-Type"] =
            isOpenMetrics
            ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
            : "text/plain; version=0.0.4; charset=utf-8"
        return response
    }

    private var ownExposition: ExpositionText {
        var text = ExpositionText()
        text.family(Self.build)
        text.sample([("version", ProductVersion.text), ("prometheus", compatibility)], 1)
        text.family(Self.configurationHash)
        text.sample([("hash", configuration.fingerprint)], 1)
        text.family(Self.projects)
        for (kind, count) in configuration.projectCounts {
            text.sample([("kind", kind)], Double(count))
        }
        guard let reloads else { return text }
        text.family(Self.reloaded, is: reloads.failure == nil ? 1 : 0)
        text.family(Self.reloadTime, is: reloads.lastSuccess)
        if let isStoreUp = reloads.isStoreUp { text.family(Self.store, is: isStoreUp ? 1 : 0) }
        return text
    }
}

extension Configuration {
    /// How many projects there are of each kind.
    fileprivate var projectCounts: [(kind: String, count: Int)] {
        var counts: [String: Int] = [:]
        for project in projects { counts[project.kindName, default: 0] += 1 }
        return counts.sorted { $0.key < $1.key }.map { (kind: $0.key, count: $0.value) }
    }
}

extension GatewayExposition {
    private static let build = MetricFamily(
        "tributary_build_info", .gauge,
        "The version of the gateway, and that of Prometheus whose behaviour it claims.",
        labels: ["version", "prometheus"])
    private static let configurationHash = MetricFamily(
        "tributary_config_info", .gauge,
        "A digest of the configuration in force, the store's projects included and secrets left out.",
        labels: ["hash"])
    private static let projects = MetricFamily(
        "tributary_projects", .gauge, "Projects by kind.", labels: ["kind"])
    private static let reloaded = MetricFamily(
        "tributary_config_last_reload_successful", .gauge,
        "Whether the last reload of the configuration was taken.")
    private static let reloadTime = MetricFamily(
        "tributary_config_last_reload_success_timestamp_seconds", .gauge,
        "When a configuration was taken last.")
    private static let store = MetricFamily(
        "tributary_store_up", .gauge,
        "0 while the store of projects, keys and tokens does not answer; absent without a store.")

    /// All families that `/metrics` can have, in the order of the reference page.
    public static let families =
        [build, configurationHash, projects, reloaded, reloadTime, store]
        + GatewayMetrics.families + QueryResources.families + MemberMetrics.families
        + ResultsCache.families + SourceMetrics.families + SecretMetrics.families
        + ProcessMetrics.families
}

/// The families as a page of documentation.
public enum MetricsReference {
    /// Markdown, with a row for each family.
    public static var page: String {
        var lines = [
            "# Metrics", "",
            "What `/metrics` has, in Prometheus's text format or, where a scrape asks for it, as "
                + "OpenMetrics. This page",
            "is made from the program: `tributary metrics > docs/metrics.md`. What to watch among "
                + "them is in", "[operations](operations.md#what-to-watch).", "",
            "| metric | type | labels | says |", "| --- | --- | --- | --- |",
        ]
        for family in GatewayExposition.families {
            let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
            let help = family.help.split(separator: "|").joined(separator: "\\|")
            lines.append("| `\(family.name)` | \(family.kind.rawValue) | \(labels) | \(help) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
