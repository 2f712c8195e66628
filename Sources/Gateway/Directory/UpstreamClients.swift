import Federation
import GatewayConfiguration
import HTTPTransport
import Upstream
import UpstreamSettings

/// The clients of a configuration, over the gateway's transport: one for every project that can be
/// reached, and for every cluster.
struct UpstreamClients: Sendable {
    let projects: [String: UpstreamClient]
    let clusters: [String: UpstreamClient]
    /// Of projects that are replicas.
    let replicas: [String: ReplicaSet]
    /// Of logs, traces and profiles.
    private let telemetry: [TelemetryPlace: UpstreamClient]

    /// What each client was made of, so that it can be kept.
    private let origins: [Place: Origin]

    private enum Place: Hashable {
        case project(String)
        case cluster(String)
        case replica(String, String)
        case telemetry(TelemetryPlace)

        /// As metrics and the log name the server.
        var shown: String {
            switch self {
            case .project(let name), .cluster(let name): name
            case .replica(let project, let replica): "\(project) \(replica)"
            case .telemetry(let place): "\(place.owner) \(place.kind.rawValue)"
            }
        }
    }

    private struct TelemetryPlace: Hashable {
        var kind: TelemetryKind
        var owner: String
        var isOfCluster: Bool
    }

    private struct Origin: Hashable {
        var source: UpstreamSource
        var responseBytes: Int
        var inflatedBytes: Int
    }

    /// - Parameters:
    ///   - transport: What requests go over; the caller shuts it down.
    ///   - old: Clients of an earlier configuration, over the same transport. Those whose member is
    ///     still the same are kept, with all that is known about the member.
    ///   - gateway: What requests to members are marked with.
    ///   - onEvent: Is told when members go and come back.
    init(
        _ configuration: Configuration, transport: CurlMulti, reusing old: UpstreamClients? = nil,
        gateway: HopChain.Identity? = nil, onEvent: MemberEventHandler? = nil
    ) {
        var origins: [Place: Origin] = [:]
        func client(_ name: String, _ source: UpstreamSource, at place: Place) -> UpstreamClient {
            let origin = Origin(
                source: source, responseBytes: configuration.limits.maxResponseBytes,
                inflatedBytes: configuration.limits.maxInflatedBytes)
            origins[place] = origin
            if let old, old.origins[place] == origin, let client = old.client(at: place) {
                return client
            }
            var member = UpstreamConfiguration(name: name, source: source)
            member.gateway = gateway
            if let onEvent {
                let shown = place.shown
                member.onEvent = { event in
                    var told = event
                    told.member = shown
                    onEvent(told)
                }
            }
            member.limits.responseBytes = origin.responseBytes
            member.limits.inflate = InflateLimits(maximumBytes: origin.inflatedBytes)
            return UpstreamClient(member, transport: transport)
        }
        var clusters: [String: UpstreamClient] = [:]
        for cluster in configuration.clusters {
            clusters[cluster.name] = client(
                cluster.name, cluster.source, at: .cluster(cluster.name))
        }
        var projects: [String: UpstreamClient] = [:]
        for project in configuration.projects {
            guard let source = project.source else { continue }
            projects[project.name] = client(project.name, source, at: .project(project.name))
        }
        var telemetry: [TelemetryPlace: UpstreamClient] = [:]
        let owners =
            configuration.projects.map { ($0.name, false, $0.telemetry) }
            + configuration.clusters.map { ($0.name, true, $0.telemetry) }
        for (name, isOfCluster, sources) in owners {
            for source in sources.all {
                let place = TelemetryPlace(
                    kind: source.kind, owner: name, isOfCluster: isOfCluster)
                telemetry[place] = client(name, .telemetry(source), at: .telemetry(place))
            }
        }
        self.telemetry = telemetry
        replicas = ReplicaSet.all(of: configuration, reusing: old?.replicas ?? [:]) {
            client($0, $2, at: .replica($0, $1))
        }
        self.clusters = clusters
        self.projects = projects
        self.origins = origins
    }

    private func client(at place: Place) -> UpstreamClient? {
        switch place {
        case .project(let name): projects[name]
        case .cluster(let name): clusters[name]
        case .replica(let name, let replica): replicas[name]?.client(named: replica)
        case .telemetry(let place): telemetry[place]
        }
    }

    /// The client that a pool means by a name: a cluster, else a regular or remote project.
    func cluster(_ name: String) -> UpstreamClient? { clusters[name] ?? projects[name] }

    /// As above, of logs, traces or profiles.
    func cluster(_ name: String, _ kind: TelemetryKind) -> UpstreamClient? {
        clusters[name] == nil
            ? telemetry(of: name, kind)
            : telemetry[TelemetryPlace(kind: kind, owner: name, isOfCluster: true)]
    }

    /// Where a project's own logs, traces or profiles are; nil where it names no such server.
    func telemetry(of project: String, _ kind: TelemetryKind) -> UpstreamClient? {
        telemetry[TelemetryPlace(kind: kind, owner: project, isOfCluster: false)]
    }

    /// Everybody, for metrics. A cluster with the name of a project is told apart from it.
    var named: [(name: String, client: UpstreamClient)] {
        projects.map { (name: $0.key, client: $0.value) }
            + replicas.values.flatMap(\.named)
            + clusters.map {
                (name: projects[$0.key] == nil ? $0.key : "cluster \($0.key)", client: $0.value)
            }
            + telemetry.map { place, client in
                let owner =
                    place.isOfCluster && projects[place.owner] != nil
                    ? "cluster \(place.owner)" : place.owner
                return (name: "\(owner) \(place.kind.rawValue)", client: client)
            }
    }
}
