import EmbeddedPrometheus
import Foundation
import GatewayConfiguration
import GoText
import Logging
import PrometheusServer
import Testing
import TimeSeries

@testable import Federation
@testable import Gateway

/// Members that answer ranges on a step grid of their own, beside one that does not; the judge is a
/// gateway over two that do not.
@Suite(.closesGateways) struct StepAlignmentTests {
    /// A second past a multiple of 15 s.
    private static let start = 1_700_000_101

    private static func api(_ factor: Double) -> EmbeddedAPI {
        let store = MemoryStore()
        store.append(
            contentsOf: (0..<4000).map { index in
                (
                    LabelSet(["__name__": "m", "n": "\(index % 2)"]),
                    Timestamp(milliseconds: Int64(start - 300 + index) * 1000),
                    .float(Double(index) * factor)
                )
            })
        return EmbeddedAPI(store: store)
    }

    private struct Gateways: Sendable {
        var subject: PrometheusResponder
        var judge: PrometheusResponder
        var visits: Visits
    }

    private static func gateway(
        _ a: Int?, _ b: Int?, _ capabilities: String, _ rest: String
    ) throws -> PrometheusResponder {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        // What members are asked is looked at, each time.
        let yaml = """
            cache: {enabled: false}
            projects:
              - {name: a, prometheus: {url: "http://127.0.0.1:\(a ?? 0)"\(capabilities)}}
              - {name: b, prometheus: {url: "http://127.0.0.1:\(b ?? 0)"}}
              - {name: all, memberProjects: [a, b]\(rest)}
            """
        return try GatewayApplication(
            configuration: Configuration.parse(yaml, path: "c.yaml"), logger: logger
        ).closedAtTheEnd().responder
    }

    private static func withGateways(
        _ manner: AligningDouble.Manner, capabilities: String = "", rest: String = "",
        _ work: @escaping @Sendable (Gateways) async throws -> Void
    ) async throws {
        let moving = AligningDouble(api: api(1), manner: manner)
        let still = AligningDouble(api: api(1), manner: .never)
        let other = AligningDouble(api: api(0.5), manner: .never)
        try await LoopbackServers.serve([
            "moving": moving.responder, "still": still.responder, "other": other.responder,
        ]) { ports in
            try await work(
                Gateways(
                    subject: gateway(ports["moving"], ports["other"], capabilities, rest),
                    judge: gateway(ports["still"], ports["other"], "", rest),
                    visits: moving.visits))
        }
    }

    private static func range(
        _ query: String, steps: Int, start: Int = start, step: Int = 15, more: String = ""
    ) -> String {
        let text = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? query
        return "/p/all/api/v1/query_range?query=\(text)&start=\(start)"
            + "&end=\(start + step * (steps - 1))&step=\(step)\(more)"
    }

    /// A union, and what is computed here.
    private static let queries = [
        "m", "rate(m[1m])", "sum(m)", "quantile(0.5, m)", "count by (n) (m) + on(n) sum by (n) (m)",
    ]

    @Test(arguments: [
        AligningDouble.Manner.always, .withCache(isMarked: true), .withCache(isMarked: false),
    ])
    func `A member that moves ranges has its part in every answer, at the steps asked for`(
        manner: AligningDouble.Manner
    ) async throws {
        try await Self.withGateways(manner) { gateways in
            for steps in [1, 2, 49, 50, 51, 64, 65, 200] {
                for query in Self.queries {
                    let path = Self.range(query, steps: steps)
                    let found = try await gateways.subject.ask(path)
                    let judged = try await gateways.judge.ask(path)
                    #expect(found.body == judged.body, "\(query), \(steps) steps")
                    #expect(judged.body.contains("\"values\""), "\(query), \(steps) steps")
                }
            }
        }
    }

    @Test func `A server with the mark of VictoriaMetrics is told once, and then from the start`()
        async throws
    {
        try await Self.withGateways(.withCache(isMarked: true)) { gateways in
            _ = try await gateways.subject.ask(Self.range("m", steps: 60))
            let first = await gateways.visits.take().filter { $0.path == "/api/v1/query_range" }
            #expect(first.map { $0.parameter("nocache") } == ["", "1"])
            #expect(first.map { $0.parameter("latency_offset") } == ["", "1ms"])
            _ = try await gateways.subject.ask(Self.range("m", steps: 60))
            // An aligned range may come from its cache.
            _ = try await gateways.subject.ask(Self.range("m", steps: 60, start: 1_700_000_100))
            let later = await gateways.visits.take().filter { $0.path == "/api/v1/query_range" }
            #expect(later.map { $0.parameter("nocache") } == ["1", ""])
            let policy = "&partial_response=false"
            _ = try await gateways.subject.ask(Self.range("m", steps: 60, more: policy))
            let strict = await gateways.visits.take().filter { $0.path == "/api/v1/query_range" }
            #expect(strict.map { $0.parameter("deny_partial_response") } == ["1"])
        }
    }

    @Test func `What was found out about a member is remembered`() async throws {
        try await Self.withGateways(.always) { gateways in
            _ = try await gateways.subject.ask(Self.range("m", steps: 10))
            let first = await gateways.visits.take().filter { $0.path == "/api/v1/query_range" }
            #expect(first.count == 2)
            _ = try await gateways.subject.ask(Self.range("m", steps: 10))
            let second = await gateways.visits.take()
            #expect(!second.contains { $0.path == "/api/v1/query_range" })
            #expect(second.filter { $0.path == "/api/v1/query" }.count == 10)
            // A range that nobody moves is one request.
            _ = try await gateways.subject.ask(Self.range("m", steps: 10, start: 1_700_000_100))
            #expect(await gateways.visits.take().count == 1)
        }
    }

    @Test func `What a member is said to do is not tried`() async throws {
        let capabilities = ", capabilities: {stepGrid: emulated}"
        try await Self.withGateways(.always, capabilities: capabilities) { gateways in
            _ = try await gateways.subject.ask(Self.range("m", steps: 10))
            let asked = await gateways.visits.take()
            #expect(!asked.contains { $0.path == "/api/v1/query_range" })
        }
        try await Self.withGateways(.always, capabilities: ", capabilities: {stepGrid: native}") {
            gateways in
            let answer = try await gateways.subject.ask(Self.range("m", steps: 10))
            #expect(answer.body.contains(Self.sentence), "\(answer.body)")
            #expect(await gateways.visits.take().count == 1)
        }
    }

    private static let sentence =
        "it answers on a step grid of its own (1700000100 instead of 1700000101): turn off step "
        + "alignment at that server (Mimir: -query-frontend.align-queries-with-step=false;"

    @Test(arguments: [
        ("warn", "m", 200, "its part of the answer is missing"),
        ("safe", "sum(m)", 200, "the answer is computed without it"),
        ("safe", "absent(m)", 503, ""), ("abort", "m", 503, ""),
    ])
    func `What cannot be had is a missing member, with the switch of the server in words`(
        policy: String, query: String, status: Int, effect: String
    ) async throws {
        try await Self.withGateways(.always, rest: ", partialResponse: \(policy)") { gateways in
            // Too many steps to be asked one by one, and too fine a difference.
            for _ in 0..<2 {
                let answer = try await gateways.subject.ask(Self.range(query, steps: 1000))
                #expect(answer.status == status, "\(answer.body)")
                #expect(answer.body.contains(Self.sentence), "\(answer.body)")
                #expect(answer.body.contains("project \\\"a\\\""))
                if status == 200 {
                    #expect(answer.body.contains("(\(effect))"))
                    #expect(answer.body.contains(#""project":"b""#) == (query == "m"))
                }
            }
        }
    }
}
