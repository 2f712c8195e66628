import EmbeddedPrometheus
import GatewayConfiguration
import Logging
import PrometheusServer
import PrometheusWire
import Testing

@testable import Federation
@testable import Gateway

/// The search over the names of several members, and what they say about their metrics.
@Suite(.closesGateways) struct NameSearchTests {
    private static func withGateway(
        _ work: @escaping @Sendable (PrometheusResponder) async throws -> Void
    ) async throws {
        func api(_ names: [String], _ type: String) -> PrometheusResponder {
            let api = SampleData.api(
                names.map { (labels: ["__name__": $0, "job": "j-\($0)"], value: 1) })
            for name in names {
                api.store.describe(name, .init(type: type, help: "about \(name)"))
            }
            return Visits().responder { await api.respond(to: $0) }
        }
        let one = api(["up", "http_requests_total", "go_goroutines"], "gauge")
        let two = api(["up", "http_errors_total", "Up_time"], "counter")
        try await LoopbackServers.serve(["a": one, "b": two]) { ports in
            let yaml = """
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"}}
                  - {name: b, prometheus: {url: "http://127.0.0.1:\(ports["b"] ?? 0)"}}
                  - {name: away, prometheus: {url: "http://127.0.0.1:1"}}
                  - {name: all, memberProjects: [a, b]}
                  - {name: most, memberProjects: [a, away], partialResponse: warn}
                """
            try await work(
                GatewayApplication(
                    configuration: Configuration.parse(yaml, path: "c.yaml"),
                    logger: Logger(label: "test")
                ).closedAtTheEnd().responder)
        }
    }

    private static func lines(_ answer: TestAnswer) throws -> [JSONValue] {
        try answer.body.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
    }

    private static func names(_ answer: TestAnswer) throws -> [String] {
        try lines(answer).flatMap { $0["results"]?.items ?? [] }.compactMap { $0["name"]?.text }
    }

    @Test func `Names of all members are found, sorted, in batches`() async throws {
        try await Self.withGateway { gateway in
            let path = "/p/all/api/v1/search/"
            let all = try await gateway.ask(path + "metric_names?batch_size=2")
            #expect(all.headers["Content-Type"] == "application/x-ndjson; charset=utf-8")
            let lines = try Self.lines(all)
            #expect(lines.map { $0["results"]?.items.count } == [2, 2, 1, nil])
            #expect(
                lines.last
                    == .object([("status", .string("success")), ("has_more", .bool(false))]))
            let names = [
                "Up_time", "go_goroutines", "http_errors_total", "http_requests_total", "up",
            ]
            #expect(try Self.names(all) == names)
            let cut = try await gateway.ask(
                path + "metric_names?limit=2&sort_by=alpha&sort_dir=dsc")
            #expect(try Self.names(cut) == ["up", "http_requests_total"])
            #expect(try Self.lines(cut).last?["has_more"] == .bool(true))
            let none = try await gateway.ask(path + "metric_names?search[]=zzz")
            #expect(
                none.body == "{\"results\":[]}\n{\"status\":\"success\",\"has_more\":false}\n")
            let labels = try await gateway.ask(
                path + "label_names", method: "POST", form: "search[]=j")
            #expect(try Self.names(labels) == ["job", "project"])
            let values = try await gateway.ask(path + "label_values?label=project")
            #expect(try Self.names(values) == ["a", "b"])
            let chosen = try await gateway.ask(
                path + "label_values?label=job&match[]=%7Bproject=%22b%22%7D&search[]=up")
            #expect(try Self.names(chosen) == ["j-up"])
        }
    }

    @Test func `What fits best comes first, with its score`() async throws {
        try await Self.withGateway { gateway in
            let path = "/p/all/api/v1/search/metric_names?sort_by=score&include_score=true"
            let found = try await gateway.ask(path + "&search[]=htot")
            #expect(try Set(Self.names(found)) == ["http_errors_total", "http_requests_total"])
            let exact = try Self.lines(
                try await gateway.ask(path + "&search[]=up&case_sensitive=false"))
            let results = exact.flatMap { $0["results"]?.items ?? [] }
            #expect(results.first?["name"] == .string("up"))
            #expect(results.first?["score"] == .number("1"))
            #expect(results.count == 2)
            let either = try await gateway.ask(path + "&search[]=goro&search[]=errors")
            #expect(try Set(Self.names(either)) == ["go_goroutines", "http_errors_total"])
            let like = try await gateway.ask(
                path + "&fuzz_alg=jarowinkler&fuzz_threshold=80&search[]=http_request_total")
            #expect(try Self.names(like).first == "http_requests_total")
        }
    }

    @Test func `Metadata is told where it is wanted`() async throws {
        try await Self.withGateway { gateway in
            let answer = try await gateway.ask(
                "/p/all/api/v1/search/metric_names?include_metadata=true&search[]=errors")
            let result = try #require(Self.lines(answer).first?["results"]?.items.first)
            #expect(result["type"] == .string("counter"))
            #expect(result["help"] == .string("about http_errors_total"))
        }
    }

    @Test func `A member that is missing is a warning of the first line`() async throws {
        try await Self.withGateway { gateway in
            let lines = try Self.lines(
                try await gateway.ask("/p/most/api/v1/search/metric_names"))
            #expect(lines.count == 2)
            #expect(
                lines[0]["warnings"]?.items.first?.text?.hasPrefix("project \"away\": ") == true)
            let whole = try await gateway.ask(
                "/p/most/api/v1/search/metric_names?partial_response=false")
            #expect(whole.status == 503)
        }
    }

    @Test(arguments: [
        ("metric_names?fuzz_threshold=101", #"invalid fuzz_threshold \"101\": must be 0-100"#),
        ("metric_names?fuzz_alg=x", #"unsupported fuzz_alg \"x\": must be one of"#),
        ("metric_names?sort_dir=asc", "sort_dir is only valid when sort_by is set"),
        ("metric_names?sort_by=score", "sort_by=score requires search[] to be set"),
        ("label_names?sort_by=x", #"invalid sort_by \"x\" for label_names"#),
        ("metric_names?sort_by=alpha&sort_dir=x", #"invalid sort_dir \"x\""#),
        ("metric_names?limit=-1", #"invalid limit \"-1\": must be non-negative integer"#),
        ("metric_names?include_score=x", #"invalid include_score \"x\": must be boolean"#),
        ("label_values", #"missing required parameter \"label\""#),
        ("label_names?start=x", "invalid time value for 'start': cannot parse"),
        ("label_names?match[]=up{", "parse error"),
        (
            "label_names?" + String(repeating: "search[]=a&", count: 33),
            "too many search[] parameters"
        ),
    ])
    func `Wrong parameters are refused in the reference's words`(
        target: String, text: String
    ) async throws {
        try await Self.withGateway { gateway in
            let answer = try await gateway.ask("/p/all/api/v1/search/" + target)
            #expect(answer.status == 400)
            #expect(answer.body.contains(text), "\(answer.body)")
        }
    }

    @Test func `Descriptions are told with the projects that give them`() async throws {
        try await Self.withGateway { gateway in
            let answer = try await gateway.ask("/p/all/api/v1/metadata?by_project=true&metric=up")
            #expect(
                answer.body
                    == #"{"status":"success","data":{"up":["#
                    + #"{"type":"counter","unit":"","help":"about up","projects":["b"]},"#
                    + #"{"type":"gauge","unit":"","help":"about up","projects":["a"]}]}}"#)
            let all = try JSONValue(
                parsing: Array(
                    try await gateway.ask("/p/all/api/v1/metadata?by_project=1").body.utf8))
            let plain = try JSONValue(
                parsing: Array(try await gateway.ask("/p/all/api/v1/metadata").body.utf8))
            func families(_ value: JSONValue) -> [String] {
                guard case .object(let pairs)? = value["data"] else { return [] }
                return pairs.map { "\($0.key) \($0.value.items.count)" }
            }
            #expect(families(all) == families(plain) && families(all).count == 5)
            let two = try await gateway.ask("/p/all/api/v1/metadata?by_project=1&limit=2")
            let cut = try JSONValue(parsing: Array(two.body.utf8))
            #expect(families(cut) == Array(families(all).prefix(2)))
        }
    }

    @Test func `Scores follow how well a text fits`() {
        func score(_ text: String, _ name: String) -> Double {
            NameSearch.subsequence(Array(text.unicodeScalars), in: Array(name.unicodeScalars))
        }
        #expect(score("up", "up") == 1)
        #expect(score("up", "down") == 0 && score("upper", "up") == 0)
        // One run of two, and half of the three characters behind it.
        #expect(abs(score("up", "uptim") - (4 - 0.3) / 4) < 1e-12)
        // Two runs of one, a gap of one between.
        #expect(abs(score("ac", "abc") - (2 - 1.0 / 3) / 4) < 1e-12)
        #expect(score("http", "http_total") > score("http", "x_http_total"))
        #expect(score("http", "x_http_total") > score("http", "h_t_t_p"))
        func like(_ one: String, _ other: String) -> Double {
            NameSearch.similarity(Array(one.unicodeScalars), Array(other.unicodeScalars))
        }
        #expect(abs(like("MARTHA", "MARHTA") - 0.9611111111) < 1e-9)
        #expect(abs(like("DIXON", "DICKSONX") - 0.8133333333) < 1e-9)
        #expect(like("abc", "xyz") == 0)
    }
}
