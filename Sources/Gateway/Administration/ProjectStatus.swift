import Federation
import GatewayConfiguration
import GoText
import PrometheusWire
import Upstream

/// How the projects of a generation are.
struct ProjectStatus: Sendable {
    let generation: RuntimeSnapshot
    let probes: MemberProbes

    func status(of project: Project) async -> MemberStatus {
        switch project.kind {
        case .misconfigured(let reason): return .outOfService(reason)
        case .prometheus, .remoteCoroot:
            guard let client = generation.clients.projects[project.name] else {
                return .outOfService("there is no client for it")
            }
            return await probes.status(of: client)
        case .clusterPool(let choice):
            let resolution = PoolResolution(generation.configuration)
            let pool =
                (try? resolution.pool(for: choice, .init(project: project.name)))?.pool
            guard let pool else {
                return .outOfService("no cluster pool is set, and none is the default")
            }
            let clusters = await statuses(ofClustersIn: pool)
            guard !clusters.isEmpty else {
                return .outOfService("cluster pool \(pool) has no enabled cluster")
            }
            return .any(clusters)
        case .multiCluster(let names):
            let members = await each(names) { name in
                guard let member = generation.configuration.project(named: name),
                    !member.isMultiCluster
                else { return .outOfService("member project not found: \(name)") }
                return await status(of: member)
            }
            return .all(members)
        }
    }

    /// Of the enabled clusters of a pool.
    func statuses(
        ofClustersIn pool: String
    ) async -> [(name: String, status: MemberStatus)] {
        let configuration = generation.configuration
        let disabled = Set(configuration.clusters.filter { !$0.enabled }.map(\.name))
        let names = configuration.clusterPools.first { $0.name == pool }?.clusters ?? []
        return await each(names.filter { !disabled.contains($0) }) { name in
            guard let client = generation.clients.cluster(name) else {
                return .outOfService("there is no client for it")
            }
            return await probes.status(of: client)
        }
    }

    /// At once, and in the order given.
    func each(
        _ names: [String], _ status: @escaping @Sendable (String) async -> MemberStatus
    ) async -> [(name: String, status: MemberStatus)] {
        let replies = await FanOut(width: names.count).replies(to: names) { await status($0) }
        return zip(names, replies).compactMap { name, reply in
            (try? reply.outcome.get()).map { (name: name, status: $0) }
        }
    }
}

/// How a member is, for people who look after it.
struct MemberStatus: Sendable, Equatable {
    struct Failed: Sendable, Equatable {
        var text: String
        /// Nil when it lasts.
        var time: Timestamp?
    }

    var isReachable: Bool
    /// Kept after the member is back.
    var lastError: Failed?
    /// Between the newest scrape that the member knows of and now; nil when it does
    /// not scrape, or cannot be asked.
    var lag: Milliseconds?
    /// As the member gives it.
    var version: String?
    /// From a request to the head of its answer, the newest weighing most.
    var latency: Duration?

    static func outOfService(_ reason: String) -> MemberStatus {
        MemberStatus(isReachable: false, lastError: Failed(text: reason))
    }

    /// Of several that are all needed: as good as the worst of them. The error names its member.
    static func all(_ members: [(name: String, status: MemberStatus)]) -> MemberStatus {
        var status = combined(members)
        status.isReachable = members.allSatisfy(\.status.isReachable)
        return status
    }

    /// Of several of which any one will do.
    static func any(_ members: [(name: String, status: MemberStatus)]) -> MemberStatus {
        var status = combined(members)
        status.isReachable = members.contains(where: \.status.isReachable)
        return status
    }

    private static func combined(
        _ members: [(name: String, status: MemberStatus)]
    ) -> MemberStatus {
        // One that lasts before one that is over.
        let worst =
            members.first { !$0.status.isReachable && $0.status.lastError != nil }
            ?? members.filter { $0.status.lastError != nil }
            .max {
                ($0.status.lastError?.time ?? .epoch) < ($1.status.lastError?.time ?? .epoch)
            }
        let error = worst.flatMap { worst in
            worst.status.lastError.map {
                Failed(text: "\(worst.name): \($0.text)", time: $0.time)
            }
        }
        return MemberStatus(
            isReachable: false, lastError: error,
            lag: members.compactMap(\.status.lag).max(), version: nil,
            latency: members.compactMap(\.status.latency).max())
    }

    /// Seconds, as everywhere in the API.
    var json: JSONValue {
        func seconds(_ value: Double?) -> JSONValue { value.map { .number("\($0)") } ?? .null }
        return .object([
            ("reachable", .bool(isReachable)),
            (
                "lastError",
                lastError.map { error in
                    .object([
                        ("error", .string(error.text)),
                        (
                            "time",
                            error.time.map {
                                .string(RFC3339.text($0))
                            } ?? .null
                        ),
                    ])
                } ?? .null
            ),
            ("lagSeconds", seconds(lag?.seconds)),
            ("version", version.map { .string($0) } ?? .null),
            ("latencySeconds", seconds(latency.map { $0 / .seconds(1) })),
        ])
    }
}
