import EmbeddedPrometheus
import Foundation
import GoText
import PrometheusServer
import Testing
import TimeSeries

@testable import Gateway

/// The cache in a gateway over members of the network.
@Suite(.closesGateways) struct CacheTests {
    private static func store(_ value: Double) -> MemoryStore {
        let store = MemoryStore()
        store.append(
            contentsOf: (0..<200).map { index in
                (
                    LabelSet(["__name__": "m"]),
                    Timestamp(milliseconds: 1_700_000_000_000 + Int64(index) * 15_000),
                    .float(value)
                )
            })
        return store
    }

    private static func yaml(_ port: Int?, _ other: Int?, _ cache: String = "") -> String {
        """
        \(cache)
        auth: {tokens: [{name: root, token: root-token, admin: true}]}
        projects:
          - {name: a, prometheus: {url: "http://127.0.0.1:\(port ?? 0)"}}
          - {name: b, prometheus: {url: "http://127.0.0.1:\(other ?? 0)"}}
          - {name: all, memberProjects: [a, b]}
        """
    }

    private static let range =
        "/p/all/api/v1/query_range?query=m&start=1700000300&end=1700001500&step=60"

    private static func withGateway(
        _ cache: String = "",
        _ work:
            @escaping @Sendable (
                _ gateway: TestGateway, _ visits: Visits, _ ports: [String: Int]
            ) async throws -> Void
    ) async throws {
        let visits = Visits()
        let (a, b) = (EmbeddedAPI(store: store(1)), EmbeddedAPI(store: store(2)))
        let counted = visits.responder { await a.respond(to: $0) }
        try await LoopbackServers.serve([
            "a": counted, "b": b.responder(), "c": EmbeddedAPI(store: store(3)).responder(),
        ]) { ports in
            try await work(
                try await TestGateway(yaml(ports["a"], ports["b"], cache)), visits, ports)
        }
    }

    private static func asked(_ visits: Visits) async -> Int {
        await visits.take().filter { $0.path.hasPrefix("/api/v1/query") }.count
    }

    @Test func membersAreNotAskedAgainForWhatDoesNotChange() async throws {
        try await Self.withGateway { gateway, visits, _ in
            let first = try await gateway.get(Self.range)
            #expect(first.status == 200)
            #expect(await Self.asked(visits) == 1)
            let second = try await gateway.get(Self.range)
            #expect(second.body == first.body)
            #expect(await Self.asked(visits) == 0)
            let uncached = try await gateway.get(Self.range + "&nocache=1")
            #expect(uncached.body == first.body)
            #expect(await Self.asked(visits) == 1)
            // What it costs, only the member knows.
            for _ in 0..<2 {
                #expect(try await gateway.get(Self.range + "&stats=all").status == 200)
                #expect(await Self.asked(visits) == 1)
            }
            let metrics = try await gateway.get("/metrics").body
            #expect(metrics.contains("tributary_cache_fragments_total{result=\"hit\"} 2\n"))
            #expect(metrics.contains("tributary_cache_fragments_total{result=\"miss\"} 2\n"))
            #expect(metrics.contains("tributary_cache_steps_saved_total 42\n"))
        }
    }

    @Test func theCacheCanBeSwitchedOff() async throws {
        try await Self.withGateway("cache: {enabled: false}") { gateway, visits, _ in
            for _ in 0..<2 {
                let answer = try await gateway.get(Self.range)
                #expect(answer.status == 200)
                #expect(await Self.asked(visits) == 1)
            }
            let metrics = try await gateway.get("/metrics").body
            #expect(!metrics.contains("tributary_cache"))
        }
    }

    @Test func aReloadDropsWhatAFormerMemberAnswered() async throws {
        try await Self.withGateway { gateway, visits, ports in
            let first = try await gateway.get(Self.range)
            #expect(await Self.asked(visits) == 1)
            // The other member stays, and with it what it answered.
            gateway.write(Self.yaml(ports["c"], ports["b"]))
            #expect(try await gateway.send("POST", "/-/reload").status == 200)
            #expect(
                try await gateway.get("/metrics").body.contains("tributary_cache_answers 1\n"))
            let other = try await gateway.get(Self.range)
            #expect(other.body == first.body.replacing(",\"1\"]", with: ",\"3\"]"))
            // Back again it is a new member.
            gateway.write(Self.yaml(ports["a"], ports["b"]))
            #expect(try await gateway.send("POST", "/-/reload").status == 200)
            #expect(try await gateway.get(Self.range).body == first.body)
            #expect(await Self.asked(visits) == 1)
            gateway.write(Self.yaml(ports["a"], ports["b"], "cache: {enabled: false}"))
            #expect(try await gateway.send("POST", "/-/reload").status == 200)
            #expect(try await gateway.get(Self.range).body == first.body)
            #expect(await Self.asked(visits) == 1)
        }
    }

    /// Nothing of the newest ten minutes is kept.
    @Test func valuesOfTheTailAreAskedEachTime() async throws {
        try await Self.withGateway("cache: {tail: 10y}") { gateway, visits, _ in
            for _ in 0..<2 {
                let answer = try await gateway.get(Self.range)
                #expect(answer.status == 200)
                #expect(await Self.asked(visits) == 1)
            }
        }
    }
}
