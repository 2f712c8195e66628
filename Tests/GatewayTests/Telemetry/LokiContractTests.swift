import Foundation
import GatewayConfiguration
import PrometheusServer
import PrometheusWire
import TelemetryDoubles
import Testing

@testable import Gateway

/// Loki's API over two members, judged by a Loki that holds the lines of both.
@Suite(.closesGateways) struct LokiContractTests {
    /// The recorded lines are in these twenty minutes.
    private static let window = "start=1795734000000000000&end=1795735200000000000"
    private static let base = "/p/all/loki/api/v1"

    private static func store(
        _ lines: [(labels: [String: String], time: Int64, line: String)]
    ) -> LogStore {
        var store = LogStore()
        for one in lines {
            store.push(
                labels: one.labels, entries: [LogEntry(time: one.time, line: one.line)])
        }
        return store
    }

    private static func scene(
        _ a: [(labels: [String: String], time: Int64, line: String)],
        _ b: [(labels: [String: String], time: Int64, line: String)], settings: String = ""
    ) throws -> TelemetryScene {
        try TelemetryScene(
            "loki", a: LokiDouble(store(a)), b: LokiDouble(store(b)),
            union: LokiDouble(LogStore()), settings: settings)
    }

    private static func encoded(_ text: String) -> String { text.percentEncoded }

    // MARK: What no member is asked

    @Test func `1: the health check of Grafana is one value, and asks no member`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let answer = try await scene.gateway.ask(
            "\(Self.base)/query?direction=backward&query=vector(1)%2Bvector(1)&time=4000000000")
        #expect(answer.status == 200)
        #expect(answer.headers["Content-Type"] == "application/json; charset=UTF-8")
        let result = try #require(
            try JSONValue(parsing: Array(answer.body.utf8))["data"]?["result"]
        ).items
        #expect(result.count == 1)
        #expect(
            result.first?["value"]?.items.map { String(decoding: $0.bytes, as: UTF8.self) }
                == ["4000000000", "\"2\""])
        #expect(scene.asked == (0, 0))
    }

    @Test(arguments: [
        (
            "query_range?query=%7Bapp%3D%22x%22%7D&limit=5001", 400,
            "max entries limit per query exceeded, limit > max_entries_limit_per_query (5001 > 5000)"
        ),
        ("query_range?query=%7Bapp%3D%22x%22%7D&limit=0", 400, "limit must be a positive value"),
        (
            "query?query=%7Bapp%3D%22x%22%7D", 400,
            "log queries are not supported as an instant query type, please change your query to a range query type"
        ),
        (
            "query_range?query=%7Bapp%3D%22x%22%7D&start=2&end=1", 400,
            "end timestamp must not be before or equal to start time"
        ),
        ("query_range?query=%7B", 400, "parse error at line 1, col 2: "),
        ("query_range?query=", 400, "parse error : syntax error: unexpected $end"),
        ("nothing", 404, "404 page not found\n"),
        ("push", 405, ""),
    ])
    func `11: what is wrong with a request is said in Loki's words`(
        target: String, status: Int, text: String
    ) async throws {
        let scene = try TelemetryScene.recordedLogs()
        let answer = try await scene.gateway.ask("\(Self.base)/\(target)")
        #expect(answer.status == status, "\(answer.body)")
        #expect(answer.body.hasPrefix(text), "\(answer.body)")
        if status == 400 {
            #expect(answer.headers["Content-Type"] == "text/plain; charset=utf-8")
        }
        #expect(scene.asked == (0, 0))
    }

    @Test func `Writing is refused in words`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let answer = try await scene.gateway.ask(
            "\(Self.base)/push", method: "POST", form: "a=b")
        #expect(answer.status == 404 && answer.body.contains("only reads"))
    }

    @Test func `The version is one that Grafana knows`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let answer = try await scene.gateway.ask("\(Self.base)/status/buildinfo")
        #expect(answer.status == 200 && answer.body.contains(#""version":"3."#))
    }

    // MARK: Lines

    @Test(arguments: ["backward", "forward"])
    func `2: lines of both members are in order, and as many as were asked for`(
        direction: String
    ) async throws {
        let start: Int64 = 1_000_000_000_000_000_000
        let lines = (0..<5).map { number in
            (labels: ["app": "x"], time: start + Int64(number) * 2, line: "a\(number)")
        }
        let others = (0..<5).map { number in
            (labels: ["app": "x"], time: start + Int64(number) * 2 + 1, line: "b\(number)")
        }
        let scene = try Self.scene(lines, others)
        let target =
            "\(Self.base)/query_range?query=%7Bapp%3D%22x%22%7D&limit=4&direction=\(direction)"
            + "&start=\(start)&end=\(start + 100)"
        let answer = try await scene.gateway.ask(target)
        let streams = try #require(
            try JSONValue(parsing: Array(answer.body.utf8))["data"]?["result"]
        ).items
        let found = streams.flatMap { stream in
            stream["values"]?.items.map { $0.items.map { $0.text ?? "" } } ?? []
        }.sorted { $0[0] < $1[0] }.map { $0[1] }
        #expect(
            found
                == (direction == "forward"
                    ? ["a0", "b0", "a1", "b1"] : ["a3", "b3", "a4", "b4"]))
        #expect(streams.map { $0["stream"]?["project"]?.text } == ["prod-a", "prod-b"])
        let again = try await scene.gateway.ask(target)
        #expect(
            try ComparableResult(again.body.utf8) == ComparableResult(answer.body.utf8))
    }

    @Test func `2: lines of one nanosecond are in the order of the members`() async throws {
        let time: Int64 = 1_000_000_000_000_000_000
        let scene = try Self.scene(
            [(["app": "x"], time, "a")], [(["app": "x"], time, "b")])
        let answer = try await scene.gateway.ask(
            "\(Self.base)/query_range?query=%7Bapp%3D%22x%22%7D&limit=1&start=\(time)"
                + "&end=\(time + 1)")
        #expect(answer.body.contains(#""a""#) && !answer.body.contains(#""b""#))
    }

    @Test func `3: a matcher on the label chooses who is asked`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let one = try await scene.gateway.ask(
            "\(Self.base)/query_range?query=\(Self.encoded(#"{app=~".+",project="prod-a"}"#))&\(Self.window)"
        )
        #expect(one.status == 200 && one.body.contains(#""project":"prod-a""#))
        #expect(scene.asked.a == 1 && scene.asked.b == 0)
        #expect(scene.a.requests.last?.parameter("query")?.contains("project") == false)
        let nobody = try await scene.gateway.ask(
            "\(Self.base)/query_range?query=\(Self.encoded(#"{project="nobody"}"#))&\(Self.window)")
        #expect(nobody.status == 200 && nobody.body.contains(#""result":[]"#))
        #expect(scene.asked.a == 1 && scene.asked.b == 0)
        let every = try await scene.gateway.ask(
            "\(Self.base)/query_range?query=\(Self.encoded(#"{project=~"prod-.*"}"#))&\(Self.window)"
        )
        #expect(every.status == 200 && every.body.contains("loki.everyStream"))
        #expect(scene.a.requests.last?.parameter("query") == "{service_name=~\".+\"}")
    }

    @Test func `Members are asked for as many lines as they give`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let server = try TelemetryServer(LokiDouble(RecordedData.logs(.memberA)))
        let gateway = try TelemetryScene.gateway(
            """
            projects:
              - {name: a, loki: {url: "\(server.url)", maxLines: 3}}
            """)
        let answer = try await gateway.ask(
            "/p/a/loki/api/v1/query_range?query=\(Self.encoded(#"{app=~".+"}"#))&\(Self.window)&limit=10"
        )
        #expect(answer.body.contains("asked for 3 lines and not 10 (loki.maxLines)"))
        #expect(server.requests.last?.parameter("limit") == "3")
        _ = scene
    }

    // MARK: Against the union

    /// Queries whose answers must be the union's.
    private static let queries = [
        #"{app=~".+"}"#, #"{app=~".+"} |= "error""#, #"{app=~".+"} | json"#,
        #"{app=~".+"} | logfmt | level="error""#, #"{app=~".+"} | project="prod-b""#,
        #"sum(count_over_time({app=~".+"}[1m]))"#,
        #"sum by (level, detected_level) (count_over_time({app=~".+"} | drop __error__ [1m]))"#,
        #"sum by (project) (rate({app=~".+"}[2m]))"#,
        #"topk(2, sum by (app) (rate({app=~".+"}[5m])))"#,
        #"avg by (app) (count_over_time({app=~".+"}[1m]))"#,
        #"max by (app) (bytes_over_time({app=~".+"}[1m]))"#,
        #"count(count_over_time({app=~".+"}[1m]))"#,
        #"sum by (app) (rate({app=~".+"}[5m])) / on (app) sum by (app) (count_over_time({app=~".+"}[5m]))"#,
        #"absent_over_time({app="nothing"}[1m])"#,
    ]

    @Test(arguments: queries)
    func `6: an answer over members is the answer of the union`(query: String) async throws {
        let scene = try TelemetryScene.recordedLogs()
        let union = try LokiDouble(RecordedData.logs(.union))
        let isMetric = !query.hasPrefix("{")
        let target =
            "/loki/api/v1/query_range?query=\(Self.encoded(query))&\(Self.window)&limit=1000"
            + (isMetric ? "&step=60" : "")
        let answer = try await scene.gateway.ask("/p/all" + target)
        #expect(answer.status == 200, "\(answer.body)")
        let judgement = scene.judgement(target, by: union)
        #expect(
            try ComparableResult(answer.body.utf8) == ComparableResult(judgement.body), "\(query)")
        guard isMetric else { return }
        let instant = "/loki/api/v1/query?query=\(Self.encoded(query))&time=1795735200"
        let vector = try await scene.gateway.ask("/p/all" + instant)
        #expect(
            try ComparableResult(vector.body.utf8)
                == ComparableResult(scene.judgement(instant, by: union).body), "\(query)")
    }

    @Test(arguments: ["labels", "label/app/values", "label/project/values", "series"])
    func `9: lists are those of the union`(path: String) async throws {
        let scene = try TelemetryScene.recordedLogs()
        let union = try LokiDouble(RecordedData.logs(.union))
        let target = "/loki/api/v1/\(path)?\(Self.window)"
        let answer = try await scene.gateway.ask("/p/all" + target)
        #expect(answer.status == 200, "\(answer.body)")
        #expect(
            try ComparableResult(answer.body.utf8)
                == ComparableResult(scene.judgement(target, by: union).body))
    }

    @Test(arguments: [
        "index/stats", "index/volume", "index/volume_range", "patterns", "detected_labels",
        "detected_fields",
    ])
    func `9: what the index and the lines tell is put together`(path: String) async throws {
        let scene = try TelemetryScene.recordedLogs()
        let answer = try await scene.gateway.ask(
            "\(Self.base)/\(path)?query=\(Self.encoded(#"{app=~".+"}"#))&\(Self.window)")
        #expect(answer.status == 200, "\(answer.body)")
        #expect(scene.asked == (1, 1))
        _ = try JSONValue(parsing: Array(answer.body.utf8))
    }

    @Test func `7: what needs all lines in one place is refused with advice`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let query = #"quantile_over_time(0.9, {app=~".+"} | logfmt | unwrap d [5m]) by (app)"#
        let refused = try await scene.gateway.ask(
            "\(Self.base)/query?query=\(Self.encoded(query))&time=1795735200")
        #expect(refused.status == 422 && refused.body.contains("project"), "\(refused.body)")
        #expect(scene.asked == (0, 0))
        let grouped = query.replacingOccurrences(of: "by (app)", with: "by (app, project)")
        let answer = try await scene.gateway.ask(
            "\(Self.base)/query?query=\(Self.encoded(grouped))&time=1795735200")
        #expect(answer.status == 200, "\(answer.body)")
    }

    @Test func `5: categories are told to who asks for them`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let target =
            "\(Self.base)/query_range?query=\(Self.encoded(#"{app=~".+"}"#))&\(Self.window)&limit=1000"
        let flat = try await scene.gateway.ask(target)
        #expect(!flat.body.contains("structuredMetadata"))
        let told = try await scene.gateway.ask(
            target, headers: ["X-Loki-Response-Encoding-Flags": "categorize-labels"])
        #expect(told.body.contains(#""encodingFlags":["categorize-labels"]"#))
        #expect(told.body.contains("structuredMetadata"))
    }

    @Test func `13: what is set for the server is sent, and shown nowhere`() async throws {
        let server = try TelemetryServer(RecordedData.loki())
        let gateway = try TelemetryScene.gateway(
            """
            projects:
              - {name: a, loki: {url: "\(server.url)", headers: {X-Scope-OrgID: prod-a}}}
              - {name: b, loki: {url: "\(server.url)", headers: {X-Scope-OrgID: s3cret-tenant}}}
            """)
        let answer = try await gateway.ask("/p/a/loki/api/v1/labels?\(Self.window)")
        #expect(answer.status == 200 && answer.body.contains(#""app""#))
        let other = try await gateway.ask("/p/b/loki/api/v1/labels?\(Self.window)")
        #expect(!other.body.contains("s3cret-tenant"))
    }
}
