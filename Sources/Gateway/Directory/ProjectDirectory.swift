import Federation
import Members
import Projects
import PrometheusAPI

/// Finds the project that a request means, and its members.
struct ProjectDirectory: Sendable {
    /// Where a request is addressed to, as its path says.
    struct Address: Sendable, Equatable {
        /// nil for `/api/v1/…`.
        var project: String?
        var domain: String?
        var workflow: String?
        /// Chooses among the clusters of a pool; the same text chooses the same cluster.
        var seed = ""
    }

    private let configuration: Configuration
    private let projects: [String: Project]
    /// By project or cluster name.
    private let clients: [String: MemberClient]
    private let pools: PoolResolution
    private let enabledClusters: Set<String>
    private let partition: PartitionLabel
    /// Stands in for members that are out of service; never asked.
    private let unreachable: MemberClient

    init(_ configuration: Configuration, clients: MemberClients) {
        self.configuration = configuration
        self.clients = clients.byName
        unreachable = clients.unreachable
        projects = Dictionary(
            configuration.projects.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        pools = PoolResolution(configuration)
        let disabled = configuration.clusters.filter { !$0.enabled }.map(\.name)
        enabledClusters = Set(clients.byName.keys).subtracting(disabled)
        partition = PartitionLabel(configuration.partitionLabel)
    }

    /// The project of an address, for a request that may read what the grant says.
    ///
    /// - Throws: 404 `not_found` for an unknown project, 401 for one that the grant does not open,
    ///   which is judged first, so that strangers learn no names.
    func resolve(_ address: Address, _ grant: Grant) throws(APIError) -> ResolvedProject {
        let project = try project(address, grant)
        let members: [Member]
        switch project.kind {
        case .multiCluster(let names):
            var found: [Member] = []
            for name in names {
                guard let member = projects[name] else {
                    throw APIError(.internal, "member project not found: \(name)")
                }
                found.append(try self.member(member, address))
            }
            members = found
        case .prometheus, .remoteCoroot, .clusterPool, .misconfigured:
            members = [try member(project, address)]
        }
        return ResolvedProject(
            name: project.name, members: members, isMultiCluster: project.isMultiCluster,
            partialResponse: project.partialResponse, exactness: project.exactness,
            partition: partition)
    }

    private func project(_ address: Address, _ grant: Grant) throws(APIError) -> Project {
        if let name = address.project {
            guard grant.opens(name) else {
                throw APIError(
                    .unauthorized,
                    "the API key or token does not open project \(QuotedText.of(name))")
            }
            guard let project = projects[name] else {
                throw APIError(.notFound, "project \(QuotedText.of(name)) not found")
            }
            return project
        }
        if case .project(let name) = grant, let project = projects[name] { return project }
        guard let project = configuration.implicitProject else {
            throw APIError(
                .notFound,
                "no project is named: ask /p/<project>/api/v1/…, or set defaultProject")
        }
        guard grant.opens(project.name) else {
            throw APIError(
                .unauthorized,
                "the API key or token does not open project \(QuotedText.of(project.name))")
        }
        return project
    }

    private func member(_ project: Project, _ address: Address) throws(APIError) -> Member {
        switch project.kind {
        case .misconfigured(let reason):
            return Member(name: project.name, outOfService: reason, client: unreachable)
        case .prometheus, .remoteCoroot:
            guard let client = clients[project.name] else {
                throw APIError(.internal, "member project not found: \(project.name)")
            }
            return Member(name: project.name, client: client)
        case .clusterPool(let choice):
            let quoted = QuotedText.of(project.name)
            guard
                let pool = pools.pool(
                    for: choice, project: project.name, domain: address.domain,
                    workflow: address.workflow)
            else {
                throw APIError(
                    .notFound, "project \(quoted): no cluster pool is set, and none is the default")
            }
            let clusters = pools.clusters(
                of: pool.pool, enabled: enabledClusters.contains, seed: address.seed)
            guard let first = clusters.first, let client = clients[first] else {
                throw APIError(
                    .unavailable,
                    "project \(quoted): cluster pool \(QuotedText.of(pool.pool)) has no enabled cluster"
                )
            }
            return Member(name: project.name, client: client)
        case .multiCluster:
            throw APIError(.internal, "member \(project.name) is itself a multi-cluster project")
        }
    }
}
