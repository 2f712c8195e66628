import Federation
import GatewayConfiguration
import GatewayState
import PrometheusServer
import PrometheusWire
import Upstream

/// How the projects of a generation are.
struct ProjectStatus: Sendable {
    let generation: RuntimeSnapshot
    let probes: MemberProbes
    /// Of the request, for members that they are passed on to.
    let headers: HTTPHeaders
    /// Whether members are asked whatever was found out just now.
    var isFresh = false

    private func status(of client: UpstreamClient) async -> MemberStatus {
        do throws(APIError) {
            return await probes.status(
                of: try client.forwarding(headers.values), isFresh: isFresh)
        } catch {
            return .outOfService(error.message)
        }
    }

    func status(of project: Project) async -> MemberStatus {
        switch project.kind {
        case .misconfigured(let reason): return .outOfService(reason)
        case .prometheus, .remoteCoroot:
            guard let client = generation.clients.projects[project.name] else {
                return .outOfService("there is no client for it")
            }
            return await status(of: client)
        case .replicas:
            let named = generation.clients.replicas[project.name]?.named ?? []
            let replies = await FanOut(width: named.count).replies(to: named) {
                await status(of: $0.client)
            }
            return .any(
                zip(named, replies).compactMap { one, reply in
                    (try? reply.outcome.get()).map { (name: one.name, status: $0) }
                })
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
        case .multiCluster:
            let members = await each(project.members) { name in
                guard let member = generation.configuration.project(named: name),
                    !member.isMultiCluster
                else { return .outOfService("member project not found: \(name)") }
                return await status(of: member)
            }
            return .all(
                members + project.silentSources.map { ($0.name, .outOfService($0.reason)) })
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
            return await status(of: client)
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
