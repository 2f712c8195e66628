import GatewayConfiguration
import GatewayState
import GoText
import PrometheusServer
import PrometheusWire

extension AdministrationRoutes {
    /// Cluster pools, with how their clusters are.
    func addPools(to routes: inout RouteTable) {
        administering("GET", "/api/cluster-pools", &routes) { change in
            let generation = change.live.current.value
            var shown: [JSONValue] = []
            for pool in generation.configuration.clusterPools {
                shown.append(await self.shown(pool, generation, change.request))
            }
            return Self.success(.array(shown))
        }
        let path = "/api/cluster-pools/:pool"
        administering("GET", path, &routes) { change in
            try await answer(
                try Self.name("pool", change.request), change.live.current.value, change.request)
        }
        administering("PUT", path, &routes) { change in
            let name = try Self.name("pool", change.request)
            let document = try change.document()
            let pool: ClusterPool
            do throws(StoreRefusal) {
                pool = try PoolDocument.read(document, name: name)
            } catch {
                throw APIError(.badData, error.description)
            }
            let outcome = try await change.live.change { (contents, file) throws(StoreRefusal) in
                try contents.put(pool, file: file)
            }
            if outcome != .unchanged {
                audit.record(
                    change.administrator, outcome == .created ? "creates" : "updates",
                    "cluster pool \(name) with "
                        + (pool.clusters + (pool.discovery?.names ?? [])).joined(separator: ", "))
            }
            let answer = try await answer(name, change.live.current.value, change.request)
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
        _ name: String, _ generation: RuntimeSnapshot, _ request: PrometheusRequest
    ) async throws -> PrometheusResponse {
        guard
            let pool = generation.configuration.clusterPools.first(where: { $0.name == name })
        else { throw APIError(.notFound, "cluster pool \(GoQuoting.quote(name)) not found") }
        return Self.success(await shown(pool, generation, request))
    }

    private func shown(
        _ pool: ClusterPool, _ generation: RuntimeSnapshot, _ request: PrometheusRequest
    ) async -> JSONValue {
        let statuses = await ProjectStatus(
            generation: generation, probes: probes, headers: request.headers
        ).statuses(ofClustersIn: pool.name)
        let isInFile = generation.file.clusterPools.contains { $0.name == pool.name }
        var pairs: [(key: String, value: JSONValue)] = [
            ("name", .string(pool.name)), ("readOnly", .bool(isInFile)),
            ("clusters", .strings(pool.clusters)),
            // Disabled clusters have none.
            ("status", .object(statuses.map { (key: $0.name, value: $0.status.json) })),
        ]
        if let source = generation.configuration.serverSource(of: pool) {
            pairs.append(("discovery", JSONValue(source)))
            if let names = pool.discovery.map(PoolDocument.shown) {
                pairs.append(("dns", JSONValue(names)))
            }
        }
        return .object(pairs)
    }
}

extension AdministrationRoutes {
    /// Which pool answers for a project and domain, or for one workflow in them.
    func addAttributes(to routes: inout RouteTable) {
        let path = "/api/cluster-pool-attributes"
        reading(path, &routes) { request, grant, live in
            let generation = live.current.value
            let wanted = ["project", "domain", "workflow"].map { request.query.first($0) }
            let found = generation.configuration.clusterPoolAttributes.filter { attribute in
                grant.opens(attribute.project)
                    && zip(wanted, [attribute.project, attribute.domain, attribute.workflow ?? ""])
                        .allSatisfy { $0.isEmpty || $0.utf8.elementsEqual($1.utf8) }
            }
            let fromFile = Set(generation.file.clusterPoolAttributes.map(\.key))
            return Self.success(
                .array(
                    found.map {
                        Self.shown($0, isReadOnly: fromFile.contains($0.key))
                    }))
        }
        administering("PUT", path, &routes) { change in
            let attribute = try Self.attribute(change)
            let outcome = try await change.live.change { (contents, file) throws(StoreRefusal) in
                try contents.put(attribute, file: file)
            }
            if outcome != .unchanged {
                audit.record(
                    change.administrator, "sets",
                    "\(Self.named(attribute.key)) to pool \(attribute.clusterPoolName)")
            }
            return Self.success(
                status: outcome == .created ? 201 : 200, Self.shown(attribute, isReadOnly: false))
        }
        administering("DELETE", path, &routes) { change in
            let key = StoreContents.AttributeKey(
                project: change.request.query.first("project"),
                domain: change.request.query.first("domain"),
                workflow: change.request.query.first("workflow").nonEmpty)
            for (name, value) in [("project", key.project), ("domain", key.domain)]
            where value.isEmpty {
                throw APIError.badData("\(name) is required")
            }
            let outcome = try await change.live.change { (contents, file) throws(StoreRefusal) in
                try contents.removeAttribute(key, file: file)
            }
            if outcome == .removed {
                audit.record(change.administrator, "deletes", Self.named(key))
            }
            return Self.success()
        }
    }

    /// From the body; what it leaves out is taken from the query.
    private static func attribute(_ change: Change) throws -> ClusterPoolAttribute {
        let document = try change.document()
        guard case .mapping(let pairs) = document else {
            throw APIError.badData("the body is not an object")
        }
        let known = ["project", "domain", "workflow", "clusterPoolName"]
        var values: [String: String] = [:]
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
            guard known.contains(key) else {
                throw APIError.badData(
                    "unknown key \(key); known here are \(known.joined(separator: ", "))")
            }
            switch value {
            case .text(let text): values[key] = text
            case .null: break
            case .bool, .number, .list, .mapping:
                throw APIError.badData("\(key) must be a text")
            }
        }
        func value(_ key: String) -> String {
            values[key] ?? change.request.query.first(key)
        }
        return ClusterPoolAttribute(
            project: value("project"), domain: value("domain"),
            workflow: value("workflow").nonEmpty, clusterPoolName: value("clusterPoolName"))
    }

    private static func named(_ key: StoreContents.AttributeKey) -> String {
        "the cluster pool attribute of project \(key.project), domain \(key.domain)"
            + (key.workflow.map { ", workflow \($0)" } ?? "")
    }

    private static func shown(_ attribute: ClusterPoolAttribute, isReadOnly: Bool) -> JSONValue {
        var pairs: [(key: String, value: JSONValue)] = [
            ("project", .string(attribute.project)), ("domain", .string(attribute.domain)),
        ]
        if let workflow = attribute.workflow { pairs.append(("workflow", .string(workflow))) }
        pairs.append(("clusterPoolName", .string(attribute.clusterPoolName)))
        // Only where it matters: most programs want the record alone.
        if isReadOnly { pairs.append(("readOnly", .bool(true))) }
        return .object(pairs)
    }
}

extension String {
    /// nil for "": queries and forms write an absent value so.
    var nonEmpty: String? { isEmpty ? nil : self }
}
