import GatewayConfiguration
import PrometheusServer
import Testing
import UpstreamSettings

@testable import Federation
@testable import Gateway

/// The store in a real PostgreSQL, shared by gateways.
@Suite(.closesGateways) struct PostgresStoreTests {
    private static let yaml = """
        projects:
          - {name: a, prometheus: {url: http://127.0.0.1:1}, apiKeys: [{key: key-of-a}]}
          - {name: pooled, clusterPool: attributes}
        clusters: [{name: one, prometheus: {url: http://127.0.0.1:1}}]
        clusterPools: {default: [one]}
        auth: {tokens: [{name: root, token: root-token, admin: true}]}
        """
    private static let local = #"{"prometheus":{"url":"http://127.0.0.1:2"}}"#

    @Test(.timeLimit(.minutes(3)))
    func severalGatewaysShareOneTruth() async throws {
        let server = try PostgresServer()
        let first = try await TestGateway(Self.yaml, store: try await server.store())
        let second = try await TestGateway(Self.yaml, store: try await server.store())

        // What one changes, the other sees without a restart.
        #expect(try await first.put("/api/projects/made", Self.local).status == 201)
        let all = #"{"memberProjects":["a","made"]}"#
        #expect(try await first.put("/api/projects/all", all).status == 201)
        let key = try await first.send("POST", "/api/projects/made/keys", body: "{}")
        let attribute = #"{"project":"pooled","domain":"d","clusterPoolName":"default"}"#
        #expect(try await first.put("/api/cluster-pool-attributes", attribute).status == 201)
        let watch = Task { try await StoreWatch(live: second.application.live).run() }
        var status = 404
        for _ in 0..<100 where status != 200 {
            try await Task.sleep(for: .milliseconds(50))
            status = try await second.get("/p/all/api/v1/explain?query=up").status
        }
        #expect(status == 200)
        watch.cancel()
        await second.application.live.refresh()
        let text = try ProjectAPITests.text("key", key)
        let own = try await second.send(
            "GET", "/api/v1/explain?query=up", headers: ["X-API-Key": text])
        #expect(own.status == 200)
        #expect(
            try await second.get("/api/cluster-pool-attributes").body.contains(#""domain":"d""#))
        let contents = { (gateway: TestGateway) in gateway.application.live.current.value.contents }
        #expect(contents(first) == contents(second))

        // At once, none of many changes is lost.
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<8 {
                let gateway = index.isMultiple(of: 2) ? first : second
                group.addTask {
                    try await gateway.put("/api/projects/p\(index)", Self.local).status
                }
            }
            for try await status in group { #expect(status == 201) }
        }
        await first.application.live.refresh()
        await second.application.live.refresh()
        for index in 0..<8 { #expect(contents(first).projects["p\(index)"] != nil) }
        #expect(contents(first) == contents(second))

        // A database that is away: changes fail in words, what is in force stays so.
        try server.stop()
        let refused = try await first.put("/api/projects/late", Self.local)
        #expect(refused.status == 503)
        #expect(refused.body.contains("the store is not available"))
        #expect(try await first.get("/p/all/api/v1/explain?query=up").status == 200)
        try server.start()
        _ = try await server.store()
        #expect(try await first.put("/api/projects/late", Self.local).status == 201)
    }

    @Test(arguments: [
        "postgres://user:hidden-word@127.0.0.1:1/db",
        "postgres://user:pass@hidden-word@127.0.0.1:1/db",
        "host=127.0.0.1 port=1 password=hidden-word",
        "host=127.0.0.1 port=1 hidden-word", "postgres://u:hidden-word@[",
    ])
    func errorsOfTheConnectionTellNoPassword(text: String) async {
        do {
            _ = try await PostgresProjectStore(connectionString: Secret(text))
            Issue.record("nobody listens there")
        } catch {
            #expect(!"\(error)".contains("hidden-word"), "\(error)")
        }
    }
}
