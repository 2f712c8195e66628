import GoText
import Projects
import PrometheusAPI
import PrometheusHTTP

extension AdministrationRoutes {
    /// Cluster pools, with how their clusters are.
    func addPools(to routes: inout RouteTable) {
        administering("GET", "/api/cluster-pools", &routes) { change in
            let generation = change.live.current.value
            var shown: [JSONValue] = []
            for pool in generation.configuration.clusterPools {
                shown.append(await self.shown(pool, generation))
            }
            return Self.success(.array(shown))
        }
        let path = "/api/cluster-pools/:pool"
        administering("GET", path, &routes) { change in
            try await answer(try Self.name("pool", change.request), change.live.current.value)
        }
        administering("PUT", path, &routes) { change in
            let name = try Self.name("pool", change.request)
            let pool = ClusterPool(name: name, clusters: try Self.clusters(change, of: name))
            let outcome = try await change.live.change { (contents, file) throws(StoreRefusal) in
                try contents.put(pool, file: file)
            }
            if outcome != .unchanged {
                audit.record(
                    change.administrator, outcome == .created ? "creates" : "updates",
                    "cluster pool \(name) with \(pool.clusters.joined(separator: ", "))")
            }
            let answer = try await answer(name, change.live.current.value)
            return PrometheusResponse(
                status: outcome == .created ? 201 : 200, headers: answer.headers,
                body: answer.body)
        }
        administering("DELETE", path, &routes) { change in
            let name = try Self.name("pool", change.request)
            let outcome = try await change.live.change { (contents, file) throws(StoreRefusal) in
                try contents.removePool(name, file: file)
            }
            if outcome == .removed {
                audit.record(change.administrator, "deletes", "cluster pool \(name)")
            }
            return Self.success()
        }
    }

    private func answer(
        _ name: String, _ generation: Generation
    ) async throws -> PrometheusResponse {
        guard
            let pool = generation.configuration.clusterPools.first(where: { $0.name == name })
        else { throw APIError(.notFound, "cluster pool \(GoQuoting.quote(name)) not found") }
        return Self.success(await shown(pool, generation))
    }

    private static func clusters(
        _ change: Change, of name: String
    ) throws(APIError) -> [String] {
        guard case .mapping(let pairs) = try change.document() else {
            throw .badData("the body is not an object")
        }
        if let unknown = pairs.keys.filter({ !["name", "clusters"].contains($0) }).min() {
            throw .badData("unknown key \(unknown); known here are name, clusters")
        }
        if let written = pairs["name"], written != .text(name) {
            throw .badData("name is not that of the path; a pool cannot be renamed")
        }
        guard case .list(let elements)? = pairs["clusters"] else {
            throw .badData("clusters must be a list of names")
        }
        var names: [String] = []
        for element in elements {
            guard let name = element.text else {
                throw .badData("clusters must be a list of names")
            }
            names.append(name)
        }
        return names
    }

    private func shown(_ pool: ClusterPool, _ generation: Generation) async -> JSONValue {
        let statuses = await ProjectStatus(generation: generation, probes: probes)
            .statuses(ofClustersIn: pool.name)
        let isInFile = generation.file.clusterPools.contains { $0.name == pool.name }
        return .object([
            ("name", .string(pool.name)), ("readOnly", .bool(isInFile)),
            ("clusters", .strings(pool.clusters)),
            // Disabled clusters have none.
            ("status", .object(statuses.map { (key: $0.name, value: $0.status.json) })),
        ])
    }
}
