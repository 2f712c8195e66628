import GatewayConfiguration
import GatewayState
import PrometheusServer
import PrometheusWire

extension AdministrationRoutes {
    /// Log-in for people, and who asks.
    func addSessions(to routes: inout RouteTable) {
        routes.on("POST", path: base + "/api/session", traits: Self.traits) { request in
            let (grant, configuration) = (try grant(request), try live().configuration)
            guard let credential = access.credential(in: request.headers) else {
                return Self.success(
                    who(grant, configuration, hasSession: access.isBySession(request.headers)))
            }
            var response = Self.success(who(grant, configuration, hasSession: true))
            response.headers["Set-Cookie"] = access.sessions.field(
                access.sessions.open(for: credential), base: base, isSecure: isSecure(request))
            response.headers["Cache-Control"] = "no-store"
            return response
        }
        routes.on("DELETE", path: base + "/api/session", traits: Self.traits) { request in
            access.sessions.close(request.headers)
            var response = Self.success()
            response.headers["Set-Cookie"] = access.sessions.field(
                nil, base: base, isSecure: isSecure(request))
            return response
        }
        reading("/api/whoami", &routes) { request, grant, live in
            var response = Self.success(
                who(grant, live.configuration, hasSession: access.isBySession(request.headers)))
            response.headers["Cache-Control"] = "no-store"
            return response
        }
        administering("GET", "/api/configuration/file", &routes) { change in
            Self.success(.object([("yaml", .string(try await change.live.yamlAfterReload()))]))
        }
        administering("GET", "/api/audit", &routes) { change in
            let limit = try change.request.reader.number("limit") ?? RecentChanges.most
            guard limit > 0 else { throw APIError.parameter("limit", "must be positive") }
            return Self.success(audit.changes.json(limit: limit))
        }
    }

    /// A proxy before the gateway says that it speaks TLS with the client.
    private func isSecure(_ request: PrometheusRequest) -> Bool {
        speaksTLS || request.headers["X-Forwarded-Proto"]?.lowercased() == "https"
    }

    private func who(
        _ grant: Grant, _ configuration: Configuration, hasSession: Bool
    ) -> JSONValue {
        let (name, projects): (String?, [String]?) =
            switch grant {
            case .everything: (nil, nil)
            case .project(let project): (nil, [project])
            case .token(let token): (token.name, token.projects.map { $0.sorted() })
            }
        // The project of paths without /p/<project>.
        let named = configuration.implicitProject?.name
        let implicit = grant.isKey ? projects?.first : named.flatMap { grant.opens($0) ? $0 : nil }
        return .object([
            ("name", name.map { .string($0) } ?? .null),
            ("admin", .bool(access.isAdministrator(grant))),
            ("projects", projects.map { .strings($0) } ?? .null), ("session", .bool(hasSession)),
            ("defaultProject", implicit.map { .string($0) } ?? .null),
            ("partitionLabel", .string(configuration.partitionLabel)),
        ])
    }
}
