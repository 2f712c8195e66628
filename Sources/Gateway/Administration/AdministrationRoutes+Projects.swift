import GatewayConfiguration
import GatewayState
import GoText
import PrometheusServer
import PrometheusWire
import Upstream
import UpstreamSettings

extension AdministrationRoutes {
    /// Projects with their status, and their keys.
    func addProjects(to routes: inout RouteTable) {
        reading("/api/projects", &routes) { request, grant, live in
            let generation = live.current.value
            let projects = generation.configuration.projects.filter { grant.opens($0.name) }
            let status = ProjectStatus(
                generation: generation, probes: probes, headers: request.headers)
            let replies = await FanOut(width: projects.count).replies(to: projects) {
                await status.health(of: $0)
            }
            let isAdministrator = isAdministrator(request)
            return Self.success(
                .array(
                    zip(projects, replies).compactMap { project, reply in
                        (try? reply.outcome.get()).map {
                            Self.shown(project, $0, generation, inFull: isAdministrator)
                        }
                    }))
        }
        reading("/api/projects/:project", &routes) { request, grant, live in
            let name = try Self.name("project", request)
            guard grant.opens(name) else {
                throw APIError(
                    .unauthorized,
                    "the API key or token does not open project \(GoQuoting.quote(name))")
            }
            return try await answer(name, live.current.value, request)
        }
        asking("POST", "/api/projects/:project/probe", &routes) { request, grant, live in
            let name = try Self.name("project", request)
            let generation = live.current.value
            guard grant.opens(name), let project = generation.configuration.project(named: name)
            else { throw APIError(.notFound, "project \(GoQuoting.quote(name)) not found") }
            let health = await ProjectStatus(
                generation: generation, probes: probes, headers: request.headers, isFresh: true
            ).health(of: project)
            return Self.success(health.status.json)
        }
        administering("POST", "/api/projects", &routes) { change in
            let document = try change.document()
            guard let name = document["name"]?.text, !name.isEmpty else {
                if Self.isTrial(change.request) {
                    let field = APIError.Field(path: "name", message: "name is required")
                    return Self.trial(errors: [field])
                }
                throw APIError.badData("name is required")
            }
            return try await put(document, name, change, onlyNew: true)
        }
        administering("PUT", "/api/projects/:project", &routes) { change in
            let name = try Self.name("project", change.request)
            return try await put(try change.document(), name, change, onlyNew: false)
        }
        administering("DELETE", "/api/projects/:project", &routes) { change in
            let name = try Self.name("project", change.request)
            let outcome = try await change.live.change { (contents, file) throws(StoreRefusal) in
                try contents.removeProject(name, file: file)
            }
            if outcome == .removed {
                audit.record(change.administrator, "deletes", "project \(name)")
            }
            return Self.success()
        }
        addKeys(to: &routes)
    }

    private func put(
        _ document: DocumentValue, _ name: String, _ change: Change, onlyNew: Bool
    ) async throws -> PrometheusResponse {
        if Self.isTrial(change.request) {
            return await tried(document, name, change, onlyNew: onlyNew)
        }
        let (outcome, project) = try await change.live.change {
            (contents, file) throws(StoreRefusal) in
            try contents.putProject(document, name: name, file: file, onlyNew: onlyNew)
        }
        switch outcome {
        case .created: audit.record(change.administrator, "creates", "project \(name)")
        case .updated where project.name != name:
            audit.record(change.administrator, "renames", "project \(name) to \(project.name)")
        case .updated: audit.record(change.administrator, "updates", "project \(name)")
        case .removed, .unchanged: break
        }
        let answer = try await answer(project.name, change.live.current.value, change.request)
        return PrometheusResponse(
            status: outcome == .created ? 201 : 200, headers: answer.headers, body: answer.body)
    }

    private func answer(
        _ name: String, _ generation: RuntimeSnapshot, _ request: PrometheusRequest
    ) async throws -> PrometheusResponse {
        guard let project = generation.configuration.project(named: name) else {
            throw APIError(.notFound, "project \(GoQuoting.quote(name)) not found")
        }
        let health = await ProjectStatus(
            generation: generation, probes: probes, headers: request.headers
        ).health(of: project)
        return Self.success(
            Self.shown(project, health, generation, inFull: isAdministrator(request)))
    }

    private func isAdministrator(_ request: PrometheusRequest) -> Bool {
        (try? access.administrator(for: request.headers)) != nil
    }

    // MARK: Keys

    private func addKeys(to routes: inout RouteTable) {
        administering("POST", "/api/projects/:project/keys", &routes) { change in
            let name = try Self.name("project", change.request)
            let description = try Self.description(try change.document())
            let now = WallClock.now()
            let (id, key) = try await change.live.change { (contents, file) throws(StoreRefusal) in
                try contents.addKey(to: name, description: description, file: file, now: now)
            }
            audit.record(change.administrator, "creates", "key \(id) of project \(name)")
            return Self.success(
                status: 201,
                .object([
                    ("id", .string(id)), ("description", .string(description)),
                    ("created", .string(RFC3339.text(now))),
                    // Here and nowhere else.
                    ("key", .string(key.exposed)),
                ]))
        }
        administering("DELETE", "/api/projects/:project/keys/:id", &routes) { change in
            let name = try Self.name("project", change.request)
            let id = try Self.name("id", change.request)
            let outcome = try await change.live.change { (contents, file) throws(StoreRefusal) in
                try contents.removeKey(id, of: name, file: file)
            }
            if outcome == .removed {
                audit.record(change.administrator, "deletes", "key \(id) of project \(name)")
            }
            return Self.success()
        }
    }

    private static func description(_ document: DocumentValue) throws(APIError) -> String {
        guard case .mapping(let pairs) = document else {
            throw .badData("the body is not an object")
        }
        if let unknown = pairs.keys.filter({ $0 != "description" }).min() {
            throw .badData("unknown key \(unknown); known here is description")
        }
        switch pairs["description"] {
        case nil, .null: return ""
        case .text(let text): return text
        case .bool, .number, .list, .mapping: throw .badData("description must be a text")
        }
    }

    // MARK: Showing

    /// - Parameter inFull: Whether the definition and the keys' descriptions are shown, which are
    ///   for administrators.
    private static func shown(
        _ project: Project, _ health: ProjectHealth, _ generation: RuntimeSnapshot, inFull: Bool
    ) -> JSONValue {
        let stored = generation.contents.projects[project.name]
        let isInFile = generation.file.projects.contains { $0.name == project.name }
        var pairs: [(key: String, value: JSONValue)] = [
            ("name", .string(project.name)), ("kind", .string(project.kindName)),
            ("readOnly", .bool(isInFile || stored?.isFileDefined ?? true)),
        ]
        if let url = project.externalURL {
            pairs.append(("externalUrl", .string(url.description)))
        }
        if project.isMultiCluster { pairs.append(("memberProjects", .strings(project.members))) }
        pairs.append(("status", health.status.json))
        if !health.telemetry.isEmpty { pairs.append(("telemetry", health.telemetryJSON)) }
        guard inFull else { return .object(pairs) }
        if let origin = generation.configuration.origin(ofProject: project.name) {
            pairs.append(("source", JSONValue(origin)))
        }
        let sources = generation.configuration.memberSources(of: project)
        if !sources.isEmpty { pairs.append(("discovery", .array(sources.map { JSONValue($0) }))) }
        pairs.append(("definition", JSONValue(ProjectDocument.shown(project))))
        var keys: [JSONValue] = []
        if isInFile {
            keys = project.apiKeys.map { .object([("description", .string($0.description))]) }
        } else {
            keys = (stored?.keys ?? []).map { key in
                .object([
                    ("id", .string(key.id)), ("description", .string(key.description)),
                    ("created", .string(RFC3339.text(key.created))),
                ])
            }
        }
        pairs.append(("keys", .array(keys)))
        return .object(pairs)
    }
}

extension JSONValue {
    init(_ source: ProjectOrigin) {
        self = .object([
            ("name", .string(source.name)), ("error", source.problem.map { .string($0) } ?? .null),
            ("found", .integer(Int64(source.count))),
        ])
    }

    /// Keys in alphabetical order.
    init(_ document: DocumentValue) {
        switch document {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .number(let text): self = .number(text)
        case .text(let text): self = .string(text)
        case .list(let elements): self = .array(elements.map { JSONValue($0) })
        case .mapping(let pairs):
            self = .sortedObject(pairs.map { (key: $0.key, value: JSONValue($0.value)) })
        }
    }
}
