public import UpstreamSettings

/// Servers that scrape the same targets, each with a storage and with holes of its own.
public struct ReplicaGroup: Sendable, Hashable {
    /// Replicas of one project.
    public static let most = 16
    /// Labels that tell replicas apart, of one project.
    public static let mostLabels = 16

    /// An element of the list: one server, or those that names tell.
    public struct Replica: Sendable, Hashable {
        public enum Source: Sendable, Hashable {
            case prometheus(PrometheusSource)
            case names(NameDiscovery)
        }

        public var source: Source
        /// What it has samples of.
        public var timeRange: TimeRange

        public init(_ source: Source, timeRange: TimeRange = TimeRange()) {
            self.source = source
            self.timeRange = timeRange
        }

        /// Its server; nil where names tell it.
        public var prometheus: PrometheusSource? {
            if case .prometheus(let source) = source { source } else { nil }
        }
    }

    /// A server that is asked.
    public struct Server: Sendable, Hashable {
        /// `replicas[0]`, or the host and the port of one that was found.
        public var name: String
        public var prometheus: PrometheusSource
        public var timeRange: TimeRange
    }

    /// When the samples of several replicas are merged.
    public enum Deduplication: String, Sendable, Hashable, CaseIterable {
        /// Where one replica alone lacks some.
        case auto
        /// Always.
        case raw
    }

    /// The preferred one first.
    public var replicas: [Replica]
    /// Labels by which the servers tell replicas apart; they are in no answer.
    public var labels: [String]
    public var deduplication: Deduplication
    /// Which series of the servers are the project's; nil for all.
    public var selector: ProjectSelector?

    public init(
        replicas: [Replica], labels: [String] = [], deduplication: Deduplication = .auto
    ) {
        self.replicas = replicas
        self.labels = labels
        self.deduplication = deduplication
    }

    /// The sources of servers that names tell, in the order of the list.
    var discoveries: [NameDiscovery] {
        replicas.compactMap { if case .names(let names) = $0.source { names } else { nil } }
    }

    /// The servers in the order in which they are preferred, those of one element by name. Of more
    /// than are allowed the first ones are taken.
    ///
    /// - Parameter findings: what names told.
    public func servers(_ findings: Findings) -> [Server] {
        let all = replicas.enumerated().flatMap { index, replica -> [Server] in
            switch replica.source {
            case .prometheus(let source):
                return [
                    Server(
                        name: "replicas[\(index)]", prometheus: source,
                        timeRange: replica.timeRange)
                ]
            case .names(let names):
                return (findings.bySource[.names(names)]?.clusters ?? []).compactMap { cluster in
                    guard case .prometheus(let source) = cluster.source else { return nil }
                    return Server(
                        name: cluster.name, prometheus: source, timeRange: replica.timeRange)
                }
            }
        }
        var names: Set<String> = []
        return all.filter { names.insert($0.name).inserted }.prefix(Self.most).map { server in
            var server = server
            server.prometheus.selector = selector
            return server
        }
    }
}
