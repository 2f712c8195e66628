import Federation
import GatewayConfiguration
import GatewayState
import PrometheusServer
import PrometheusWire
import Upstream
import UpstreamSettings

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
        case .telemetryOnly: return .all(await telemetry(of: project))
        case .prometheus, .remoteCoroot:
            guard let client = generation.clients.projects[project.name] else {
                return .outOfService("there is no client for it")
            }
            return await status(of: client)
        case .replicas:
            let named = generation.clients.replicas[project.name]?.named ?? []
            return .any(await each(named, by: { $0.name }) { await status(of: $0.client) })
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
            let members = await each(project.members, by: { $0 }) { name in
                guard let member = generation.configuration.project(named: name),
                    !member.isMultiCluster
                else { return .outOfService("member project not found: \(name)") }
                return await status(of: member)
            }
            return .all(
                members + project.silentSources.map { ($0.name, .outOfService($0.reason)) })
        }
    }

    /// Of the servers of logs, traces and profiles that a project names.
    func telemetry(of project: Project) async -> [(name: String, status: MemberStatus)] {
        await each(project.telemetry.all, by: { $0.kind.rawValue }) { source in
            guard let client = generation.clients.telemetry(of: project.name, source.kind)
            else { return .outOfService("there is no client for it") }
            return await status(of: client)
        }
    }

    /// Everything is asked at once.
    func health(of project: Project) async -> ProjectHealth {
        async let others = telemetry(of: project)
        return ProjectHealth(status: await status(of: project), telemetry: await others)
    }

    /// Of the enabled clusters of a pool.
    func statuses(
        ofClustersIn pool: String
    ) async -> [(name: String, status: MemberStatus)] {
        let configuration = generation.configuration
        let disabled = Set(configuration.clusters.filter { !$0.enabled }.map(\.name))
        let names = configuration.clusterPools.first { $0.name == pool }?.clusters ?? []
        return await each(names.filter { !disabled.contains($0) }, by: { $0 }) { name in
            guard let client = generation.clients.cluster(name) else {
                return .outOfService("there is no client for it")
            }
            return await status(of: client)
        }
    }

    /// At once, and in the order given.
    func each<One: Sendable>(
        _ all: [One], by name: @Sendable (One) -> String,
        _ status: @escaping @Sendable (One) async -> MemberStatus
    ) async -> [(name: String, status: MemberStatus)] {
        let replies = await FanOut(width: all.count).replies(to: all) { await status($0) }
        return zip(all, replies).compactMap { one, reply in
            (try? reply.outcome.get()).map { (name: name(one), status: $0) }
        }
    }
}
