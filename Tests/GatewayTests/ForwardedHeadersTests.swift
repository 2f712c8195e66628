import PrometheusServer
import ScriptedServers
import Testing

@testable import Gateway

/// `forwardHeaders` of a member, seen from both ends of the gateway.
@Suite(.closesGateways) struct ForwardedHeadersTests {
    private static let targets = [
        "/query?query=up&time=1&stats=all", "/query?query=sum(up)&time=1",
        "/query_range?query=up&start=0&end=60&step=7",
        "/series?match[]=up", "/labels", "/label/job/values", "/metadata", "/rules", "/alerts",
        "/targets", "/targets/metadata", "/query_exemplars?query=up&start=0&end=1", "/status/tsdb",
        "/alertmanagers", "/scrape_pools", "/explain?query=up",
    ]

    private static func gateway(
        _ server: ScriptedServer, _ names: String = "X-Scope-OrgID",
        auth: String = "auth: {tokens: [{name: root, token: root-token, admin: true}]}"
    ) async throws -> TestGateway {
        try await TestGateway(
            """
            \(auth)
            projects:
              - name: m
                partialResponse: abort
                prometheus: {url: "\(server.url)", forwardHeaders: [\(names)]}
              - {name: all, memberProjects: [m], partialResponse: abort}
            """)
    }

    private static func headers(
        _ tenant: String?, _ fields: [String: String] = ["Authorization": "Bearer root-token"]
    ) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for (name, value) in fields { headers.add(name, value) }
        if let tenant { headers.add("x-scope-orgid", tenant) }
        return headers
    }

    /// A member whose tenants have other values and labels.
    private static let tenants: ScriptedServer.Script = { request, connection in
        let tenant = request.header("X-Scope-OrgID") ?? "none"
        let value = tenant.utf8.count
        switch request.path {
        case "/api/v1/query_range":
            return connection.answer(
                #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"tenant":"\#(tenant)"},"#
                    + #""values":[[1000,"\#(value)"],[1060,"\#(value)"]]}]}}"#)
        case "/api/v1/query":
            return connection.answer(
                #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"tenant":"\#(tenant)"},"#
                    + #""value":[1000,"\#(value)"]}]}}"#)
        default:
            return connection.answer(#"{"status":"success","data":["\#(tenant)"]}"#)
        }
    }

    @Test func `They reach the member with every endpoint, and the gateway's own token does not`()
        async throws
    {
        try await withTransport({ _, connection in
            connection.answer(#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#)
        }) { _, server in
            let gateway = try await Self.gateway(server)
            for target in Self.targets {
                _ = try await gateway.send(
                    "GET", "/p/all/api/v1" + target, headers: Self.headers("tenant-a"))
            }
            _ = try await gateway.send(
                "GET", "/p/all/federate?match[]=up", headers: Self.headers("tenant-a"))
            _ = try await gateway.send(
                "GET", "/api/projects", headers: Self.headers("tenant-a"))
            _ = try await gateway.send(
                "GET", "/api/projects/m", headers: Self.headers("tenant-a"))
            let seen = server.requests
            #expect(Set(seen.map(\.path)).count >= 14)
            for request in seen {
                #expect(request.header("X-Scope-OrgID") == "tenant-a", "\(request.target)")
                #expect(request.header("Authorization") == nil)
                #expect(!"\(request)".contains("root-token"))
            }
        }
    }

    @Test(arguments: [
        "/query_range?query=x&start=1000&end=1060&step=60", "/query?query=x&time=1000",
        "/query?query=sum(x)&time=1000", "/query_range?query=sum(x)&start=1000&end=1060&step=60",
        "/labels", "/label/tenant/values",
    ])
    func `No client is answered what another one's values were answered`(
        target: String
    )
        async throws
    {
        try await withTransport(Self.tenants) { _, server in
            let gateway = try await Self.gateway(server)
            let tenants: [String?] = [nil, "a", "bb", "", "ccc"]
            func answers() async throws -> [String] {
                try await withThrowingTaskGroup(of: (Int, String).self) { group in
                    for (index, tenant) in tenants.enumerated() {
                        group.addTask {
                            let answer = try await gateway.send(
                                "GET", "/p/all/api/v1" + target, headers: Self.headers(tenant))
                            return (index, answer.body)
                        }
                    }
                    var all = [String](repeating: "", count: tenants.count)
                    for try await (index, body) in group { all[index] = body }
                    return all
                }
            }
            let first = try await answers()
            #expect(Set(first).count == tenants.count, "\(first)")
            // Again, from what is kept.
            #expect(try await answers() == first)
        }
    }

    @Test func `Where tokens come in X-API-Key alone, Authorization is the member's`() async throws
    {
        try await withTransport(Self.tenants) { _, server in
            let gateway = try await Self.gateway(
                server, "Authorization",
                auth: "auth: {tokenHeader: X-API-Key, tokens: [{name: root, token: root-token}]}")
            let path = "/p/all/api/v1/labels"
            let both = try await gateway.send(
                "GET", path,
                headers: ["X-API-Key": "root-token", "Authorization": "Bearer of-the-member"])
            #expect(both.status == 200)
            #expect(server.requests.last?.header("Authorization") == "Bearer of-the-member")
            #expect(server.requests.allSatisfy { $0.header("X-API-Key") == nil })
            let count = server.requests.count
            for fields: HTTPHeaders in [
                [:], ["Authorization": "Bearer root-token"],
                ["X-API-Key": "wrong", "Authorization": "Bearer root-token"],
            ] {
                #expect(try await gateway.send("GET", path, headers: fields).status == 401)
            }
            #expect(server.requests.count == count)
        }
    }

    @Test func `Without auth, Authorization that is passed on is no credential of the gateway`()
        async throws
    {
        try await withTransport(Self.tenants) { _, server in
            let gateway = try await Self.gateway(server, "Authorization", auth: "")
            let answer = try await gateway.send(
                "GET", "/p/all/api/v1/labels",
                headers: ["Host": "localhost", "Authorization": "Bearer of-the-member"])
            #expect(answer.status == 200)
            #expect(server.requests.last?.header("Authorization") == "Bearer of-the-member")
        }
    }
}
