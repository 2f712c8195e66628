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

    /// The members of `cache` in the statistics of an answer; nil where there is none.
    private static func coverage(_ answer: TestGateway.Answer) -> String? {
        guard let start = answer.body.firstRange(of: #""cache":{"#) else { return nil }
        return String(answer.body[start.upperBound...].prefix { $0 != "}" })
    }

    @Test func `Statistics say what the cache has, and the members are asked nevertheless`()
        async throws
    {
        try await Self.withGateway { gateway, visits, _ in
            func expect(
                _ range: String, _ coverage: String?, asked: Int = 1,
                at location: SourceLocation = #_sourceLocation
            ) async throws {
                let answer = try await gateway.get(range)
                #expect(answer.status == 200, sourceLocation: location)
                #expect(Self.coverage(answer) == coverage, sourceLocation: location)
                #expect(await Self.asked(visits) == asked, sourceLocation: location)
            }
            let nothing = #""fragments":2,"totalSteps":42,"cachedSteps":0"#
            try await expect(Self.range + "&stats=all", nothing)
            // What is asked with statistics is not kept.
            try await expect(Self.range + "&stats=true", nothing)
            try await expect(Self.range, nil)
            try await expect(
                Self.range + "&stats=1", #""fragments":2,"totalSteps":42,"cachedSteps":42"#)
            // Five minutes later, of twenty.
            let later = Self.range.replacing("1700000300", with: "1700000600")
                .replacing("1700001500", with: "1700001800")
            try await expect(
                later + "&stats=all", #""fragments":2,"totalSteps":42,"cachedSteps":32"#)
            // A quarter is not worth joining.
            let muchLater = Self.range.replacing("1700000300", with: "1700001320")
                .replacing("1700001500", with: "1700002520")
            try await expect(
                muchLater + "&stats=all", #""fragments":2,"totalSteps":42,"cachedSteps":0"#)
            // What is evaluated here tells it too.
            let quotient = Self.range.replacing("query=m", with: "query=sum(m)/count(m)")
            try await expect(
                quotient + "&stats=all", #""fragments":4,"totalSteps":84,"cachedSteps":0"#, asked: 2
            )
            try await expect(quotient, nil, asked: 2)
            try await expect(
                quotient + "&stats=all", #""fragments":4,"totalSteps":84,"cachedSteps":84"#,
                asked: 2)
            try await expect(Self.range + "&stats=all&nocache=1", nil)
            // A constant asks for nothing.
            try await expect(
                "/p/all/api/v1/query?query=1&stats=all",
                #""fragments":0,"totalSteps":0,"cachedSteps":0"#, asked: 0)
        }
    }

    @Test func `Steps that may still change are none of those that the cache has`() async throws {
        try await Self.withGateway("cache: {tail: 10y}") { gateway, _, _ in
            #expect(try await gateway.get(Self.range).status == 200)
            let answer = try await gateway.get(Self.range + "&stats=all")
            #expect(Self.coverage(answer) == #""fragments":2,"totalSteps":42,"cachedSteps":0"#)
        }
    }

    @Test func theCacheCanBeSwitchedOff() async throws {
        try await Self.withGateway("cache: {enabled: false}") { gateway, visits, _ in
            for _ in 0..<2 {
                let answer = try await gateway.get(Self.range)
                #expect(answer.status == 200)
                #expect(await Self.asked(visits) == 1)
            }
            let statistics = try await gateway.get(Self.range + "&stats=all")
            #expect(statistics.body.contains(#""samples":"#))
            #expect(Self.coverage(statistics) == nil)
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
