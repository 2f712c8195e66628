import Foundation
import GatewayConfiguration
import ScriptedServers
import Synchronization
import Testing

/// `queryParameters` of a member, seen from both ends of the gateway.
@Suite(.closesGateways) struct QueryParametersTests {
    private static let targets = [
        "/query?query=up&time=1&stats=all", "/query_range?query=up&start=0&end=60&step=7",
        "/series?match[]=up", "/labels?limit=1", "/label/job/values?start=1&end=2",
        "/metadata?metric=up",
        "/rules?type=alert&exclude_alerts=true", "/alerts", "/targets?state=active&scrapePool=m/x",
        "/targets/metadata?match_target={job=\"a\"}&metric=up&limit=1",
        "/query_exemplars?query=up&start=0&end=1", "/status/tsdb?limit=3", "/alertmanagers",
        "/scrape_pools",
    ]

    private func gateway(_ server: ScriptedServer) async throws -> TestGateway {
        try await TestGateway(
            """
            projects:
              - name: m
                partialResponse: abort
                prometheus: {url: "\(server.url)", queryParameters: {tenant: s3cret-tenant}}
              - {name: all, memberProjects: [m], partialResponse: abort}
            auth: {tokens: [{name: root, token: root-token, admin: true}]}
            """)
    }

    @Test func `They reach the member with every endpoint, and no client sees them`() async throws {
        try await withTransport({ _, connection in
            // A member that is as talkative as any: what it is told by its kind is seen too.
            connection.answer(
                #"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
                extra: "X-Server-Hostname: v\r\n")
        }) { _, server in
            let gateway = try await gateway(server)
            for target in Self.targets {
                let answer = try await gateway.get("/p/all/api/v1" + target)
                #expect(!answer.body.contains("s3cret-tenant"))
            }
            let seen = server.requests
            #expect(Set(seen.map(\.path)).count >= Self.targets.count)
            for request in seen {
                #expect(request.target.contains("tenant=s3cret-tenant"), "\(request.target)")
            }
            let shown = try await gateway.get("/api/projects/m")
            let configuration = try await gateway.get("/p/m/api/v1/status/config")
            #expect(shown.body.contains("tenant") && !shown.body.contains("s3cret-tenant"))
            #expect(!configuration.body.contains("s3cret-tenant"))
        }
    }

    @Test func `Every name that goes to a member is refused as one of the configuration`()
        async throws
    {
        try await withTransport({ _, connection in
            connection.answer(
                #"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
                extra: "X-Server-Hostname: v\r\n")
        }) { _, server in
            let gateway = try await gateway(server)
            for target in Self.targets { _ = try await gateway.get("/p/all/api/v1" + target) }
            var names: Set<String> = []
            for request in server.requests {
                let query = request.target.drop { $0 != "?" }.dropFirst()
                let form = request.method == "POST" ? "&" + request.body : ""
                for pair in (query + form).split(separator: "&") {
                    let name = pair.prefix { $0 != "=" }
                    names.insert(name.removingPercentEncoding ?? String(name))
                }
            }
            #expect(names.remove("tenant") != nil && names.count > 12, "\(names)")
            for name in names {
                #expect(throws: ConfigurationErrors.self, "\(name)") {
                    try Configuration.parse(
                        """
                        projects: [{name: a, prometheus: {url: http://a, queryParameters: {"\(name)": x}}}]
                        """, path: "c.yaml")
                }
            }
        }
    }
}
