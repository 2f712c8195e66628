import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire
import UpstreamSettings

extension AdministrationRoutes {
    /// Gateway access tokens.
    func addTokens(to routes: inout RouteTable) {
        administering("GET", "/api/tokens", &routes) { change in
            let generation = change.live.current.value
            let inFile = generation.file.authentication?.tokens ?? []
            let own = Set(inFile.map(\.name))
            let stored = generation.contents.tokens.values.filter { !own.contains($0.name) }
            let shown =
                inFile.map { Self.shown($0.name, $0.projects, $0.isAdministrator, created: nil) }
                + stored.sorted { $0.name < $1.name }.map {
                    Self.shown($0.name, $0.projects, $0.isAdministrator, created: $0.created)
                }
            return Self.success(.array(shown.map { .object($0) }))
        }
        administering("POST", "/api/tokens", &routes) { change in
            let wanted = try Self.wanted(try change.document())
            let now = WallClock.now()
            let token = try await change.live.change { (contents, file) throws(StoreRefusal) in
                try contents.addToken(
                    wanted.name, projects: wanted.projects,
                    isAdministrator: wanted.isAdministrator, file: file, now: now)
            }
            let opens = wanted.projects.map { $0.joined(separator: ", ") } ?? "every project"
            audit.record(
                change.administrator, "creates",
                "token \(wanted.name) for \(opens)\(wanted.isAdministrator ? ", as admin" : "")")
            return Self.success(
                status: 201,
                .object(
                    Self.shown(
                        wanted.name, wanted.projects, wanted.isAdministrator, created: now)
                        // Here and nowhere else.
                        + [("token", .string(token.exposed))]))
        }
        administering("DELETE", "/api/tokens/:token", &routes) { change in
            let name = try Self.name("token", change.request)
            let outcome = try await change.live.change { (contents, file) throws(StoreRefusal) in
                try contents.removeToken(name, file: file)
            }
            if outcome == .removed {
                audit.record(change.administrator, "deletes", "token \(name)")
            }
            return Self.success()
        }
    }

    private static func wanted(
        _ document: DocumentValue
    ) throws(APIError) -> (name: String, projects: [String]?, isAdministrator: Bool) {
        guard case .mapping(let pairs) = document else {
            throw .badData("the body is not an object")
        }
        let known = ["name", "projects", "admin"]
        if let unknown = pairs.keys.filter({ !known.contains($0) }).min() {
            throw .badData(
                "unknown key \(unknown); known here are \(known.joined(separator: ", "))")
        }
        guard let name = pairs["name"]?.text else { throw .badData("name is required") }
        var projects: [String]?
        switch pairs["projects"] {
        case nil, .null: break
        case .list(let elements):
            let names = elements.compactMap(\.text)
            guard names.count == elements.count else {
                throw .badData("projects must be a list of names")
            }
            projects = names
        case .bool, .number, .text, .mapping:
            throw .badData("projects must be a list of names")
        }
        switch pairs["admin"] {
        case nil, .null: return (name, projects, false)
        case .bool(let value): return (name, projects, value)
        case .number, .text, .list, .mapping: throw .badData("admin must be true or false")
        }
    }

    private static func shown(
        _ name: String, _ projects: [String]?, _ isAdministrator: Bool, created: Timestamp?
    ) -> [(key: String, value: JSONValue)] {
        [
            ("name", .string(name)), ("projects", projects.map { .strings($0) } ?? .null),
            ("admin", .bool(isAdministrator)),
            // Those of the file were not made through the API.
            ("readOnly", .bool(created == nil)),
            (
                "created",
                created.map { .string(RFC3339.text($0)) } ?? .null
            ),
        ]
    }
}
