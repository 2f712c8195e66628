import GatewayConfiguration
import PrometheusServer
import RealServers
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

    @Test(.timeLimit(.minutes(3)))
    func manyCallsToADatabaseThatHangsAllEndAndItIsUsedAgain() async throws {
        let server = try PostgresServer()
        let gateway = try await TestGateway(Self.yaml, store: try await server.store())
        #expect(try await gateway.put("/api/projects/before", Self.local).status == 201)
        server.freeze()
        // They wait for one connection, but not each for a time of its own: two minutes in all.
        let begun = ContinuousClock.now
        try await withThrowingTaskGroup(of: TestGateway.Answer.self) { group in
            for index in 0..<12 {
                group.addTask { try await gateway.put("/api/projects/p\(index)", Self.local) }
            }
            for try await answer in group {
                #expect(answer.status == 503)
                #expect(answer.body.contains(#""errorType":"unavailable""#), "\(answer.body)")
                #expect(answer.body.contains("the store is not available: PostgreSQL"))
            }
        }
        #expect(ContinuousClock.now - begun < .seconds(100))
        let reload = try await gateway.send("POST", "/-/reload")
        #expect(reload.status == 503)
        #expect(reload.body.hasPrefix("failed to reload config: the store is not available"))
        #expect(try await gateway.get("/p/before/api/v1/explain?query=up").status == 200)

        server.goOn()
        var status = 503
        for _ in 0..<200 where status == 503 {
            try await Task.sleep(for: .milliseconds(100))
            status = try await gateway.put("/api/projects/after", Self.local).status
        }
        #expect(status == 201)
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        // What was refused without an answer to its COMMIT was rolled back.
        let contents = gateway.application.live.current.value.contents
        #expect(contents.projects.keys.sorted() == ["a", "after", "before", "pooled"])
    }

    /// Another gateway that is stopped, or cut off, while it holds the lock of a change.
    @Test(.timeLimit(.minutes(3)))
    func aChangeThatWaitsForAnotherEndsWithTheServersWords() async throws {
        let server = try PostgresServer()
        let store = try await server.store()
        // A session of the database itself: a change of ours would end by its own deadline.
        let holder = try server.session()
        _ = try holder.ask("BEGIN; SELECT revision FROM tributary.store_state FOR UPDATE")
        // On a machine that stops for seconds, the deadline of the call can come before the words.
        var words = ""
        for _ in 0..<5 where words != "canceling statement due to lock timeout" {
            do {
                _ = try await store.change { (_) throws(StoreRefusal) in }
                Issue.record("a change went through while another session held the lock")
            } catch .unavailable(let reason) { words = reason }
        }
        #expect(words == "canceling statement due to lock timeout")
        // Reading waits for no one.
        _ = try await store.contents()
        _ = try holder.ask("ROLLBACK; SELECT 1")
        _ = try await store.change { (_) throws(StoreRefusal) in }
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

extension PostgresServer {
    /// A store in it, as soon as it answers.
    func store() async throws -> PostgresProjectStore {
        let secret = Secret(connectionString)
        for _ in 0..<300 {
            if let store = try? await PostgresProjectStore(connectionString: secret) {
                return store
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await PostgresProjectStore(connectionString: secret)
    }
}
