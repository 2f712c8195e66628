public import UpstreamSettings

/// A named source of series, and of logs, traces and profiles.
public struct Project: Sendable, Hashable {
    /// Where its series come from; exactly one of these.
    public enum Kind: Sendable, Hashable {
        case prometheus(PrometheusSource)
        /// Servers that scrape the same targets.
        case replicas(ReplicaGroup)
        case remoteCoroot(RemoteCoroot)
        case clusterPool(PoolChoice)
        /// Nowhere: the project has logs, traces or profiles alone.
        case telemetryOnly
        /// Names of regular projects, in the order written, none twice. `memberChoice` adds others.
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
    /// What the source has samples of; everything of a multi-cluster project.
    public var timeRange = TimeRange()
    /// What all series of the project get beside the partition label, values by names; empty of
    /// multi-cluster projects. No value is empty.
    public var labels: [String: String]
    /// Where its logs, traces and profiles come from; empty of multi-cluster projects.
    public var telemetry = TelemetrySources()
    /// Where people see the source's own page; nil for none.
    public var externalURL: ServerURL?
    /// What a multi-cluster project is over beside the members that it names.
    public var memberChoice = MemberChoice()
    /// Who that is, by name; empty until the configuration is put together.
    public internal(set) var chosenMembers: [String] = []
    /// Whom sources of the project told; empty until then.
    var foundMembers: Set<String> = []
    /// Sources of members that gave no answer so far. What they would tell is missing.
    public internal(set) var silentSources: [SilentSource] = []

    public init(
        name: String, kind: Kind, apiKeys: [APIKey] = [], partialResponse: PartialResponse = .safe,
        exactness: Exactness = .twoStep, labels: [String: String] = [:]
    ) {
        self.name = name
        self.kind = kind
        self.apiKeys = apiKeys
        self.partialResponse = partialResponse
        self.exactness = exactness
        self.labels = labels
    }

    /// The members in force of a multi-cluster project: those that it names, then those that are
    /// chosen; none of other projects.
    public var members: [String] {
        guard case .multiCluster(let named) = kind else { return [] }
        return named + chosenMembers
    }

    /// The project as it is before the configuration is put together.
    var asWritten: Project {
        var project = self
        project.chosenMembers = []
        project.foundMembers = []
        project.silentSources = []
        return project
    }

    /// What `memberProjects` holds: names, then wildcards.
    var writtenMembers: [String] {
        guard case .multiCluster(let named) = kind else { return [] }
        return named + memberChoice.wildcards.map(\.description)
    }

    /// The server that its metrics are read from, if it is one server.
    public var source: UpstreamSource? {
        switch kind {
        case .prometheus(let source): .prometheus(source)
        case .remoteCoroot(let remote): .remoteCoroot(remote)
        case .replicas, .clusterPool, .telemetryOnly, .multiCluster, .misconfigured: nil
        }
    }

    /// The servers of metrics that it names itself: one, or those of its replicas.
    public var sources: [UpstreamSource] {
        if case .replicas(let group) = kind {
            return group.replicas.compactMap(\.prometheus).map { .prometheus($0) }
        }
        return source.map { [$0] } ?? []
    }

    /// What tells replicas of it.
    var replicaSources: [DiscoverySource] {
        guard case .replicas(let group) = kind else { return [] }
        return group.discoveries.map { .names($0) }
    }

    /// Which series of its servers are the project's; nil for all. Only a Prometheus has one.
    public var selector: ProjectSelector? {
        get {
            switch kind {
            case .prometheus(let source): source.selector
            case .replicas(let group): group.selector
            case .remoteCoroot, .clusterPool, .telemetryOnly, .multiCluster, .misconfigured: nil
            }
        }
        set {
            switch kind {
            case .prometheus(var source):
                source.selector = newValue
                kind = .prometheus(source)
            case .replicas(var group):
                group.selector = newValue
                kind = .replicas(group)
            case .remoteCoroot, .clusterPool, .telemetryOnly, .multiCluster, .misconfigured: break
            }
        }
    }

    /// `prometheus`, `replicas`, `remoteCoroot`, `clusterPool`, `telemetryOnly`, `multiCluster` or
    /// `misconfigured`.
    public var kindName: String {
        switch kind {
        case .prometheus: "prometheus"
        case .replicas: "replicas"
        case .remoteCoroot: "remoteCoroot"
        case .clusterPool: "clusterPool"
        case .telemetryOnly: "telemetryOnly"
        case .multiCluster: "multiCluster"
        case .misconfigured: "misconfigured"
        }
    }

    public var isMultiCluster: Bool {
        switch kind {
        case .multiCluster: true
        case .prometheus, .replicas, .remoteCoroot, .clusterPool, .telemetryOnly, .misconfigured:
            false
        }
    }
}

/// A source of members that gave no answer so far.
public struct SilentSource: Sendable, Hashable {
    public var name: String
    public var reason: String
}

/// What a project may be called: 1 to 63 of `[-_0-9a-z]`.
public enum ProjectName {
    public static func isValid(_ name: String) -> Bool {
        (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            }
    }
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
