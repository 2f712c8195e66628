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
                inFile.map {
                    Self.shown($0.name, $0.projects, $0.isAdministrator, $0.rights, created: nil)
                }
                + stored.sorted { $0.name < $1.name }.map {
                    Self.shown(
                        $0.name, $0.projects, $0.isAdministrator, $0.rights, created: $0.created)
                }
            return Self.success(.array(shown.map { .object($0) }))
        }
        administering("POST", "/api/tokens", &routes) { change in
            let document = try change.document()
            let wanted: TokenDocument
            do throws(StoreRefusal) {
                wanted = try TokenDocument(document)
            } catch {
                throw APIError(.badData, error.description)
            }
            let now = WallClock.now()
            let token = try await change.live.change { (contents, file) throws(StoreRefusal) in
                try contents.addToken(
                    wanted.name, projects: wanted.projects,
                    isAdministrator: wanted.isAdministrator, rights: wanted.rights, file: file,
                    now: now)
            }
            let opens = wanted.projects.map { $0.joined(separator: ", ") } ?? "every project"
            audit.record(
                change.administrator, "creates",
                "token \(wanted.name) for \(opens)\(wanted.isAdministrator ? ", as admin" : "")")
            return Self.success(
                status: 201,
                .object(
                    Self.shown(
                        wanted.name, wanted.projects, wanted.isAdministrator, wanted.rights,
                        created: now)
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

    private static func shown(
        _ name: String, _ projects: [String]?, _ isAdministrator: Bool, _ rights: TokenRights,
        created: Timestamp?
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
        ] + TokenDocument.shown(rights).map { ($0.key, JSONValue($0.value)) }
    }
}
