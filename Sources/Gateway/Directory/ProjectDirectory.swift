import Federation
import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream
import UpstreamSettings

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
        /// The pool that the client asks for.
        var pool: String?
        /// The one member of a multi-cluster project that the client wants to hear.
        var dataSource: String?
        /// What is asked for beside metrics; nil for these.
        var telemetry: TelemetryKind?
        /// What is asked for, and the key of its server.
        var data: String { telemetry?.data ?? "metrics" }
        var key: String { telemetry?.rawValue ?? "prometheus" }
        /// Whether it was asked as Coroot's hubs ask, by `X-API-Key`.
        var isAskedByKey = false
        /// Of the request, for members that they are passed on to.
        var headers = HTTPHeaders()
    }

    private let configuration: Configuration
    private let projects: [String: Project]
    private let clients: UpstreamClients
    private let pools: PoolResolution
    private let disabledClusters: Set<String>
    private let counts: AnswerCounts?
    /// Where no project has labels of its own.
    private let plainPartition: PartitionLabel?
    /// Whether there are clusters to choose among.
    let hasPools: Bool

    /// - Parameter counts: Counts answers that lack members.
    init(
        _ configuration: Configuration, clients: UpstreamClients, counts: AnswerCounts? = nil
    ) {
        self.counts = counts
        self.configuration = configuration
        self.clients = clients
        projects = Dictionary(
            configuration.projects.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        pools = PoolResolution(configuration)
        hasPools = !configuration.clusters.isEmpty
        plainPartition =
            configuration.projects.allSatisfy(\.labels.isEmpty)
            ? PartitionLabel(configuration.partitionLabel) : nil
        disabledClusters = Set(configuration.clusters.filter { !$0.enabled }.map(\.name))
    }

    /// The project of an address, for a request that may read what the grant says.
    ///
    /// - Throws: 404 `not_found` for an unknown project, 401 for one that the grant does not open,
    ///   which is judged first, so that strangers learn no names.
    func resolve(_ address: Address, _ grant: Grant) throws(APIError) -> ResolvedProject {
        let project = try project(address, grant)
        let members: [Member]
        // A member without the kind of data that is asked for has nothing to say.
        var isSomebodySilent = false
        switch project.kind {
        case .multiCluster:
            var found: [Member] = []
            for name in project.members {
                // Missing like one that does not answer, and as loudly.
                guard let member = projects[name] else {
                    found.append(outOfService(name, "member project not found: \(name)"))
                    continue
                }
                guard has(member, address) else {
                    isSomebodySilent = true
                    continue
                }
                do throws(PoolRefusal) {
                    found.append(try self.member(member, address))
                } catch {
                    switch error {
                    case .request(let error): throw error
                    case .noPool(let reason): found.append(outOfService(name, reason))
                    }
                }
            }
            members = found + project.silentSources.map { outOfService($0.name, $0.reason) }
            if members.isEmpty, isSomebodySilent {
                throw APIError(
                    .notFound,
                    "no member of project \(GoQuoting.quote(project.name)) has \(address.data): no "
                        + "\(address.key) is configured; write \(address.key): {url: ...} at those "
                        + "that have them")
            }
        case .prometheus, .replicas, .remoteCoroot, .clusterPool, .telemetryOnly, .misconfigured:
            guard has(project, address) else {
                throw APIError(
                    .notFound,
                    "project \(GoQuoting.quote(project.name)) has no \(address.data): no "
                        + "\(address.key) is configured; write \(address.key): {url: ...} there")
            }
            do throws(PoolRefusal) {
                members = [try member(project, address)]
            } catch {
                switch error {
                case .request(let error): throw error
                case .noPool(let reason):
                    throw APIError(
                        .notFound, "project \(GoQuoting.quote(project.name)): \(reason)")
                }
            }
        }
        if address.pool != nil, !members.contains(where: { $0.pool != nil }) {
            throw .parameter(
                "clusterPool", "project \(GoQuoting.quote(project.name)) has no cluster pools")
        }
        // Its own key, and no name in the path: the project is a member of its own, as a hub reads it.
        let isOwn = address.project == nil && grant == .project(project.name)
        var resolved = ResolvedProject(
            name: project.name, members: try chosen(of: members, address, project),
            isMultiCluster: project.isMultiCluster, partialResponse: project.partialResponse,
            exactness: project.exactness,
            partition: isOwn && !project.isMultiCluster ? .none : partition(of: members, address),
            client: grant.client(of: project.name))
        // Where all tokens are sent as keys are, only keys are those of hubs.
        resolved.mustBeWhole =
            isOwn || address.isAskedByKey && (configuration.readsAuthorization || grant.isKey)
        resolved.counts = counts
        resolved.telemetry = address.telemetry
        resolved.restrict(to: grant.rights)
        return resolved
    }

    private func partition(of members: [Member], _ address: Address) -> PartitionLabel {
        // Static labels are those of series.
        if address.telemetry != nil { return PartitionLabel(configuration.partitionLabel) }
        if let plainPartition { return plainPartition }
        let labels = members.map { ($0.name, projects[$0.name]?.labels ?? [:]) }
        return PartitionLabel(
            configuration.partitionLabel, labels: Dictionary(labels) { first, _ in first })
    }

    /// All members, or the one that the client names.
    private func chosen(
        of members: [Member], _ address: Address, _ project: Project
    ) throws(APIError) -> [Member] {
        guard let name = address.dataSource else { return members }
        guard let member = members.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            throw .badData(
                "X-Datasource: \(GoQuoting.quote(name)) is not a member of project "
                    + GoQuoting.quote(project.name))
        }
        return [member]
    }

    private func project(_ address: Address, _ grant: Grant) throws(APIError) -> Project {
        if address.project == nil, case .project(let own) = grant, let project = projects[own] {
            return project
        }
        guard let name = address.project ?? configuration.implicitProject?.name else {
            throw APIError(
                .notFound,
                "no project is named: ask /p/<project>/api/v1/…, or set defaultProject")
        }
        guard grant.opens(name) else {
            throw APIError(
                .unauthorized,
                "the API key or token does not open project \(GoQuoting.quote(name))")
        }
        guard let project = projects[name] else {
            throw APIError(.notFound, "project \(GoQuoting.quote(name)) not found")
        }
        return project
    }

    private enum PoolRefusal: Error {
        /// What the request asks for cannot be.
        case request(APIError)
        /// Nothing says which pool.
        case noPool(String)
    }

    /// Whether a project may have the kind of data that is asked for.
    private func has(_ project: Project, _ address: Address) -> Bool {
        guard let kind = address.telemetry else { return project.kind != .telemetryOnly }
        if clients.telemetry(of: project.name, kind) != nil { return true }
        guard case .clusterPool(let choice) = project.kind else { return false }
        let pool = try? pools.pool(for: choice, request(for: project, address))
        // What is wrong with the choice is told where it is made.
        guard let pool else { return true }
        return pools.clusters(of: pool.pool, seed: "") { _ in true }.contains {
            clients.cluster($0, kind) != nil
        }
    }

    private func request(for project: Project, _ address: Address) -> PoolResolution.Request {
        PoolResolution.Request(
            project: project.name, domain: address.domain, workflow: address.workflow,
            pool: address.pool)
    }

    private func outOfService(_ name: String, _ reason: String) -> Member {
        Member(name: name, source: .unavailable(reason: reason))
    }

    private func member(
        _ project: Project, _ address: Address
    ) throws(PoolRefusal) -> Member {
        if let kind = address.telemetry, let own = clients.telemetry(of: project.name, kind) {
            return Member(name: project.name, source: .server(own))
        }
        switch project.kind {
        case .misconfigured(let reason): return outOfService(project.name, reason)
        case .prometheus, .remoteCoroot:
            guard let client = clients.projects[project.name] else {
                return outOfService(project.name, "member project not found: \(project.name)")
            }
            return Member(
                name: project.name, source: .server(try passing(client, address)),
                timeRange: project.timeRange)
        case .replicas:
            guard let set = clients.replicas[project.name] else {
                return outOfService(project.name, "member project not found: \(project.name)")
            }
            return Member(
                name: project.name, source: try passing(set, address).source,
                timeRange: project.timeRange)
        case .clusterPool(let choice): return try pooled(project, choice, address)
        case .telemetryOnly: return outOfService(project.name, "it has no metrics")
        case .multiCluster:
            return outOfService(
                project.name, "member \(project.name) is itself a multi-cluster project")
        }
    }

    private func passing(
        _ client: UpstreamClient, _ address: Address
    ) throws(PoolRefusal) -> UpstreamClient {
        do throws(APIError) {
            return try client.forwarding(address.headers.values)
        } catch {
            throw .request(error)
        }
    }

    private func passing(
        _ set: ReplicaSet, _ address: Address
    ) throws(PoolRefusal) -> ReplicaSet {
        do throws(APIError) {
            return try set.forwarding(address.headers.values)
        } catch {
            throw .request(error)
        }
    }

    private func pooled(
        _ project: Project, _ configured: Project.PoolChoice, _ address: Address
    ) throws(PoolRefusal) -> Member {
        let choice: PoolResolution.Choice?
        do throws(PoolResolution.Refusal) {
            choice = try pools.pool(for: configured, request(for: project, address))
        } catch {
            throw .request(.parameter("clusterPool", error.text))
        }
        guard let choice else { throw .noPool("no cluster pool is set, and none is the default") }
        let ranked = pools.clusters(of: choice.pool, seed: address.seed) {
            !disabledClusters.contains($0)
        }
        var enabled: [PoolClient.Alternative] = []
        for name in ranked {
            let found = address.telemetry.map { clients.cluster(name, $0) }
            guard let client = found ?? clients.cluster(name) else { continue }
            enabled.append(.init(cluster: name, client: try passing(client, address)))
        }
        var healthy = enabled.filter { !$0.client.isResting }
        // If no cluster is healthy, the request waits for the probe of one.
        if healthy.isEmpty { healthy = enabled.filter { $0.client.isBeingProbed } }
        var reason: String?
        if healthy.isEmpty {
            let pool = "cluster pool \(GoQuoting.quote(choice.pool))"
            let causes = enabled.map {
                "\($0.cluster): \($0.client.lastFailure ?? "failing")"
            }
            reason =
                causes.isEmpty
                ? "\(pool) has no enabled cluster"
                : "\(pool) has no healthy cluster: \(causes.joined(separator: "; "))"
        }
        let pool = PoolClient(
            project: project.name, pool: choice.pool, level: choice.level.rawValue,
            alternatives: healthy, reason: reason,
            hedgeAfter: configuration.query.hedgeAfter)
        return Member(
            name: project.name, source: .pool(pool),
            timeRange: address.telemetry == nil ? project.timeRange : TimeRange())
    }
}
