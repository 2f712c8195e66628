import EmbeddedPrometheus
import GatewayConfiguration
import GoText
import Logging
import PrometheusServer
import PrometheusWire
import RequestTelemetry
import Testing

@testable import Gateway

/// Queries whose answer tells its plan, and who is missing.
@Suite(.closesGateways) struct TracedQueryTests {
    private static func withGateway(
        _ work: @escaping @Sendable (PrometheusResponder, Visits) async throws -> Void
    ) async throws {
        let (one, two) = (SampleData.up(jobs: 3), SampleData.up(jobs: 2))
        let visits = Visits()
        let first = visits.responder { await one.respond(to: $0) }
        let second = Visits().responder { await two.respond(to: $0) }
        try await LoopbackServers.serve(["a": first, "b": second]) { ports in
            let yaml = """
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"}}
                  - {name: b, prometheus: {url: "http://127.0.0.1:\(ports["b"] ?? 0)"}}
                  - {name: away, prometheus: {url: "http://127.0.0.1:1"}}
                  - {name: all, memberProjects: [a, b]}
                  - {name: most, memberProjects: [a, b, away], partialResponse: warn}
                """
            try await work(
                GatewayApplication(
                    configuration: Configuration.parse(yaml, path: "c.yaml"),
                    logger: Logger(label: "test")
                ).closedAtTheEnd().responder, visits)
        }
    }

    private static func json(_ answer: TestAnswer) throws -> JSONValue {
        try JSONValue(parsing: Array(answer.body.utf8))
    }

    private static let queries = [
        "up", "sum(up)", "up{job=\"j1\"}", "sum by (job) (up)", "quantile(0.5, up)", "1 + 1",
        "sort_desc(up)", "topk(1, up)", "up == 2", "rate(up[1m])", "up[5m]", "absent(nothing)",
        "\"text\"", "label_replace(up, \"x\", \"$1\", \"job\", \"(.*)\")", "up{project=\"b\"}",
    ]

    @Test func `The answer is the one without the trace, and the plan of it`() async throws {
        try await Self.withGateway { gateway, _ in
            // The samples are of a second ago.
            let now = WallClock.now().wholeSeconds
            for query in Self.queries {
                let text = query.percentEncoded
                for rest in [
                    "query?time=now&query=\(text)",
                    "query_range?start=now-60&end=now&step=15&query=\(text)",
                    "query?time=now&limit=1&query=\(text)",
                ] {
                    let target =
                        "/p/all/api/v1/"
                        + rest.replacing("now-60", with: "\(now - 60)")
                        .replacing("now", with: "\(now)")
                    let plain = try await gateway.ask(target)
                    let traced = try await gateway.ask(target + "&trace=1")
                    #expect(plain.status == traced.status, "\(target)")
                    guard plain.status == 200 else {
                        #expect(plain.body == traced.body)
                        continue
                    }
                    let (before, after) = (try Self.json(plain), try Self.json(traced))
                    for key in ["data", "warnings", "infos"] {
                        #expect(before[key] == after[key], "\(key) of \(target)")
                    }
                    #expect(before["trace"] == nil && before["missing"] == nil)
                    #expect(after["missing"] == .array([]))
                    #expect(after["trace"]?["plan"]?["place"] != nil, "\(target)")
                }
            }
        }
    }

    @Test func `Samples and costs are those of the one execution`() async throws {
        try await Self.withGateway { gateway, visits in
            _ = try await gateway.query("up", of: "all")
            _ = await visits.take()
            // As the server has one for each request.
            let scope = RequestScope(record: QueryRecord())
            let answer = try await RequestScope.$current.withValue(scope) {
                try Self.json(
                    try await gateway.ask("/p/all/api/v1/query?trace=1&query=sum(up)"))
            }
            let asked = await visits.take().filter { $0.path.hasSuffix("/query") }
            #expect(asked.count == 1)
            let trace = try #require(answer["trace"])
            #expect(trace["query"] == .string("sum(up)"))
            #expect(trace["membersAsked"] == .strings(["a", "b"]))
            let merge = try #require(trace["plan"]?["children"]?.items.first)
            let members = try #require(merge["children"]).items
            #expect(members.map { $0["member"]?.text } == ["a", "b"])
            for member in members {
                #expect(member["series"] == .integer(1) && member["milliseconds"] != nil)
            }
            let requests = try #require(trace["requests"]).items
            #expect(Set(requests.map { $0["member"]?.text }) == ["a", "b"])
            for request in requests {
                #expect(request["protocol"] == .string("HTTP/1.1"))
                #expect(request["attempts"] == .integer(1) && request["failure"] == nil)
                #expect((request["bytes"]?.integer ?? 0) > 0 && request["milliseconds"] != nil)
            }
            #expect(trace["mergeMilliseconds"] != nil && trace["planMilliseconds"] != nil)
            #expect(
                answer["data"]?["result"]?.items.first?["value"]?.items.last == .string("5"))
        }
    }

    @Test func `Members that are missing are told one by one`() async throws {
        try await Self.withGateway { gateway, _ in
            for (query, effect) in [
                ("up", "its part of the answer is missing"),
                ("sum(up)", "the answer is computed without it"),
            ] {
                let answer = try Self.json(
                    try await gateway.ask("/p/most/api/v1/query?trace=true&query=\(query)"))
                let missing = try #require(answer["missing"]).items
                #expect(missing.count == 1)
                #expect(missing[0]["project"] == .string("away"))
                #expect(missing[0]["effect"] == .string(effect))
                #expect(missing[0]["error"]?.text?.isEmpty == false)
                #expect(answer["warnings"]?.items.count == 1)
            }
            let refused = try await gateway.ask(
                "/p/most/api/v1/query?trace=1&partial_response=false&query=up")
            #expect(refused.status == 503 && !refused.body.contains("\"trace\""))
        }
    }
}
