import Members
import Projects

/// How the projects of a generation are.
struct ProjectStatus: Sendable {
    let generation: Generation
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

    private struct FoundStatus: Sendable {
        var index: Int
        var status: MemberStatus
    }

    /// At once, and in the order given.
    func each(
        _ names: [String], _ status: @escaping @Sendable (String) async -> MemberStatus
    ) async -> [(name: String, status: MemberStatus)] {
        await withTaskGroup(of: FoundStatus.self) { group in
            for (index, name) in names.enumerated() {
                group.addTask { FoundStatus(index: index, status: await status(name)) }
            }
            var found: [Int: MemberStatus] = [:]
            for await one in group { found[one.index] = one.status }
            return names.enumerated().compactMap { index, name in
                found[index].map { (name: name, status: $0) }
            }
        }
    }
}
