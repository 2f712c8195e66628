import EmbeddedPrometheus
import GatewayConfiguration
import PrometheusServer
import Testing

@testable import Federation
@testable import Gateway
@testable import Upstream

/// What `auth.tokens[].limits` bounds.
@Suite(.closesGateways) struct TokenLimitsTests {
    /// Answers wait here until it opens.
    private actor Gate {
        private var isOpen = false
        private var waiting: [CheckedContinuation<Void, Never>] = []
        private(set) var arrived = 0

        func pass() async {
            arrived += 1
            guard !isOpen else { return }
            await withCheckedContinuation { waiting.append($0) }
        }

        func open() {
            isOpen = true
            for one in waiting { one.resume() }
            waiting = []
        }
    }

    private static func withGateway(
        _ work: @escaping @Sendable (TestGateway, Gate) async throws -> Void
    ) async throws {
        let gate = Gate()
        let api = SampleData.up(jobs: 3)
        let slow = Visits().responder { request in
            if request.path.hasPrefix("/api/v1/query") { await gate.pass() }
            return await api.respond(to: request)
        }
        try await LoopbackServers.serve(["slow": slow]) { ports in
            let gateway = try await TestGateway(
                """
                cache: {enabled: false}
                auth:
                  tokens:
                    - {name: root, token: root-token, admin: true}
                    - {name: one, token: one-token, limits: {maxConcurrency: 1}}
                    - {name: short, token: short-token, limits: {maxRange: 1h}}
                    - {name: small, token: small-token, limits: {maxSamples: 10}}
                projects:
                  - {name: slow, prometheus: {url: "http://127.0.0.1:\(ports["slow"] ?? 0)"}}
                """)
            defer { Task { await gate.open() } }
            try await work(gateway, gate)
        }
    }

    private static func ask(
        _ gateway: TestGateway, _ query: String, as token: String
    ) async throws -> TestGateway.Answer {
        try await gateway.send(
            "GET", "/p/slow/api/v1/query?query=\(query)",
            headers: ["Authorization": "Bearer \(token)"])
    }

    @Test func `A token whose places are taken waits, and keeps no other waiting`() async throws {
        try await Self.withGateway { gateway, gate in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for query in ["up", "up%2B1", "up%2B2"] {
                    group.addTask { try await Self.ask(gateway, query, as: "one-token").status }
                }
                while await gate.arrived < 1 { await Task.yield() }
                // Another token gets to the same member.
                for count in 2...4 {
                    group.addTask {
                        try await Self.ask(gateway, "up%2B\(10 * count)", as: "root-token").status
                    }
                    while await gate.arrived < count { await Task.yield() }
                }
                // One of the first token's and three of the other's are there.
                #expect(await gate.arrived == 4)
                await gate.open()
                for try await status in group { #expect(status == 200) }
                #expect(await gate.arrived == 6)
            }
        }
    }

    @Test func `Who waits in vain is told for what`() async throws {
        try await Self.withGateway { gateway, gate in
            async let first = Self.ask(gateway, "up", as: "one-token")
            while await gate.arrived < 1 { await Task.yield() }
            let refused = try await Self.ask(gateway, "up%2B1&timeout=50ms", as: "one-token")
            #expect(refused.status == 503)
            #expect(refused.body.contains("auth.tokens[].limits.maxConcurrency"))
            let list = try await gateway.send(
                "GET", "/p/slow/api/v1/labels?timeout=50ms",
                headers: ["Authorization": "Bearer one-token"])
            #expect(list.status == 503)
            await gate.open()
            #expect(try await first.status == 200)
            // The place is free again.
            #expect(try await Self.ask(gateway, "up%2B1", as: "one-token").status == 200)
            #expect(gateway.application.live.current.value.resources.places.clients == 0)
        }
    }

    @Test(arguments: [
        ("/query?query=up", true), ("/query?query=rate(up[59m])", true),
        ("/query?query=rate(up[61m])", false), ("/query?query=up%20offset%201y", true),
        ("/query?query=max_over_time(rate(up[31m])[30m:1m])", false),
        ("/query?query=count(up)%2Bcount(count_over_time(up[2h]%20@%20100))", false),
        ("/query_range?query=up&start=0&end=3600&step=60", true),
        ("/query_range?query=up&start=0&end=3601&step=60", false),
        ("/query_range?query=rate(up[5m])&start=0&end=3600&step=60", false),
        ("/query_range?query=rate(up[5m]%20@%20100)&start=0&end=3600&step=60", true),
        ("/explain?query=rate(up[61m])", false), ("/query_exemplars?query=up", false),
    ])
    func `A query looks at no longer time than its token may`(
        path: String, isTaken: Bool
    ) async throws {
        try await Self.withGateway { gateway, gate in
            await gate.open()
            let answer = try await gateway.send(
                "GET", "/p/slow/api/v1\(path)", headers: ["Authorization": "Bearer short-token"])
            #expect((answer.status != 422) == isTaken, "\(answer.body)")
            #expect(answer.body.contains("auth.tokens[].limits.maxRange") == !isTaken)
            let other = try await gateway.send("GET", "/p/slow/api/v1\(path)")
            #expect(other.status != 422, "\(other.body)")
        }
    }

    @Test func `A query has no more samples in memory than its token may`() async throws {
        try await Self.withGateway { gateway, gate in
            await gate.open()
            let range = "/p/slow/api/v1/query_range?query=scalar(sum(up))&start=0&end=1200&step=60"
            let answer = try await gateway.send(
                "GET", range, headers: ["Authorization": "Bearer small-token"])
            #expect(answer.status == 422)
            #expect(answer.body.contains("auth.tokens[].limits.maxSamples"), "\(answer.body)")
            #expect(try await gateway.get(range).status == 200)
            #expect(try await Self.ask(gateway, "scalar(sum(up))", as: "small-token").status == 200)
        }
    }

    @Test func `Limits are made and shown over HTTP, and survive in the store`() async throws {
        try await Self.withGateway { gateway, _ in
            let limits = #""limits":{"maxConcurrency":2,"maxRange":"1d","maxSamples":5}"#
            let made = try await gateway.send(
                "POST", "/api/tokens", body: #"{"name":"made",\#(limits)}"#)
            #expect(made.status == 201)
            #expect(made.body.contains(limits))
            #expect(try await gateway.send("POST", "/-/reload").status == 200)
            #expect(try await gateway.get("/api/tokens").body.contains(limits))
            let refused = try await gateway.send(
                "POST", "/api/tokens", body: #"{"name":"x","limits":{"maxRange":"long"}}"#)
            #expect(refused.status == 400)
            #expect(refused.body.contains("limits.maxRange: is not a duration"))
        }
    }
}
