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

/// Section 9 of the contract of projects, the rows that show in answers. A test is named after its
/// row.
@Suite(.closesGateways) struct GatewayContractTests {
    /// `a` (two jobs), `b` (three) and `all` of both, and who was asked.
    struct Pair: Sendable {
        var gateway: PrometheusResponder
        var visitsToA = Visits()
        var visitsToB = Visits()
    }

    private func gateway(_ yaml: String) throws -> PrometheusResponder {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try GatewayApplication(
            configuration: Configuration.parse(yaml, path: "c.yaml"), logger: logger
        ).closedAtTheEnd().responder
    }

    private func withPair(
        a: EmbeddedAPI = SampleData.up(jobs: 2), b: EmbeddedAPI = SampleData.up(jobs: 3),
        settings: String = "", _ work: @escaping @Sendable (Pair) async throws -> Void
    ) async throws {
        let (visitsToA, visitsToB) = (Visits(), Visits())
        let servers = [
            "a": visitsToA.responder { await a.respond(to: $0) },
            "b": visitsToB.responder { await b.respond(to: $0) },
        ]
        try await LoopbackServers.serve(servers) { ports in
            let yaml = """
                \(settings)
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"}, apiKeys: [{key: key-of-a}]}
                  - {name: b, prometheus: {url: "http://127.0.0.1:\(ports["b"] ?? 0)"}}
                  - {name: dead, prometheus: {url: "http://127.0.0.1:1"}}
                  - {name: all, memberProjects: [a, b]}
                  - {name: most, memberProjects: [a, b, dead]}
                  - {name: strict, memberProjects: [a, dead], partialResponse: abort}
                  - {name: lost, memberProjects: [dead]}
                """
            try await work(
                Pair(gateway: gateway(yaml), visitsToA: visitsToA, visitsToB: visitsToB))
        }
    }

    private static func count(_ part: String, in text: String) -> Int {
        text.components(separatedBy: part).count - 1
    }

    @Test
    func
        `Row 8: nothing can be written to a multi-cluster project, and no answer says so with 200`()
        async throws
    {
        try await withPair { pair in
            for path in ["/p/all/api/v1/write", "/p/all/api/v1/otlp/v1/metrics", "/api/v1/write"] {
                let answer = try await pair.gateway.ask(path, method: "POST")
                #expect((400..<500).contains(answer.status))
            }
        }
    }

    @Test func `Row 9: a member answers alone, with its name, and nobody else's data`() async throws
    {
        try await withPair { pair in
            let alone = try await pair.gateway.query("up", of: "b")
            #expect(Self.count(#""project":"b""#, in: alone.body) == 3)
            #expect(Self.count(#""metric""#, in: alone.body) == 3)
            #expect(await pair.visitsToA.take().isEmpty)
            let unknown = try await pair.gateway.query("up", of: "nope")
            #expect(unknown.status == 404)
            #expect(unknown.body.contains(#""errorType":"not_found""#))
        }
    }

    @Test func `Row 20: members are asked in parallel`() async throws {
        // Each answers only once both have been asked.
        let meeting = Meeting(of: 2)
        let api = SampleData.up(jobs: 1)
        let slow = Visits().responder { request in
            await meeting.join()
            return await api.respond(to: request)
        }
        try await LoopbackServers.serve(["a": slow, "b": slow]) { ports in
            let gateway = try gateway(
                """
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"}}
                  - {name: b, prometheus: {url: "http://127.0.0.1:\(ports["b"] ?? 0)"}}
                  - {name: all, memberProjects: [a, b]}
                """)
            let answer = try await gateway.query("up", of: "all")
            #expect(answer.status == 200)
            #expect(!answer.body.contains("warnings"), "\(answer.body)")
        }
    }

    @Test func `Row 21: every series carries its member's name`() async throws {
        try await withPair { pair in
            let now = WallClock.now().wholeSeconds
            for path in [
                "query?query=up", "query_range?query=up&start=\(now)&end=\(now + 1)&step=1",
                "series?match[]=up",
            ] {
                let answer = try await pair.gateway.ask("/p/all/api/v1/\(path)")
                #expect(Self.count(#""project":"a""#, in: answer.body) == 2, "\(path)")
                #expect(Self.count(#""project":"b""#, in: answer.body) == 3, "\(path)")
            }
            let names = try await pair.gateway.ask("/p/all/api/v1/labels")
            #expect(names.body.contains(#"["__name__","job","project"]"#))
            let values = try await pair.gateway.ask("/p/all/api/v1/label/project/values")
            #expect(values.body.contains(#"["a","b"]"#))
        }
    }

    @Test func `Row 22: a member's own project label is kept under another name`() async throws {
        let own = SampleData.api([(["__name__": "up", "project": "theirs"], 1)])
        try await withPair(a: own) { pair in
            let answer = try await pair.gateway.query(
                #"up{exported_project="theirs"}"#, of: "all")
            #expect(
                answer.body.contains(
                    #"{"__name__":"up","exported_project":"theirs","project":"a"}"#))
            let sent = await pair.visitsToA.take().map { $0.parameter("query") }
            #expect(sent == [#"up{project="theirs"}"#])
        }
    }

    @Test(arguments: [
        (#"up{project="a"}"#, 1, 0, 2), (#"up{project!="a"}"#, 0, 1, 3),
        (#"up{project=~"a|x"}"#, 1, 0, 2), (#"up{project=~"."}"#, 1, 1, 5),
        (#"up{project!~"a|b"}"#, 0, 0, 0), (#"up{project="nobody"}"#, 0, 0, 0),
        (#"up{project="a"} or up{project="b"}"#, 1, 1, 5),
    ])
    func `Row 23: matchers on the project choose members, selector by selector`(
        query: String, toA: Int, toB: Int, series: Int
    ) async throws {
        try await withPair { pair in
            let answer = try await pair.gateway.query(query, of: "all")
            #expect(answer.status == 200)
            #expect(Self.count(#""metric""#, in: answer.body) == series, "\(answer.body)")
            let asked = await (pair.visitsToA.take(), pair.visitsToB.take())
            #expect(asked.0.filter { $0.path == "/api/v1/query" }.count == toA)
            #expect(asked.1.filter { $0.path == "/api/v1/query" }.count == toB)
            for request in asked.0 + asked.1 {
                #expect(!request.parameter("query").contains("project"))
            }
        }
    }

    @Test(arguments: [
        ("sum(x)", "21"), ("count(x)", "5"), ("avg(x)", "4.2"), ("max(x)", "8"),
        ("quantile(0.5, x)", "4"), ("topk(1, x)", "8"), ("count(count by (project) (x))", "2"),
        ("sum(x) / count(x)", "4.2"), ("scalar(sum(x))", "21"),
        (#"sum(x{project="a"}) - sum(x{project="b"})"#, "-15"),
    ])
    func `Row 24: a query means what it means over the union`(
        query: String, value: String
    ) async throws {
        let series = { (values: [Double]) in
            SampleData.api(
                values.enumerated().map { (["__name__": "x", "n": "\($0.offset)"], $0.element) })
        }
        try await withPair(a: series([1, 2]), b: series([4, 6, 8])) { pair in
            let answer = try await pair.gateway.query(query, of: "all")
            #expect(answer.status == 200)
            #expect(answer.body.contains("\"\(value)\"]"), "\(answer.body)")
            #expect(Self.count(#""metric""#, in: answer.body) <= 1)
        }
    }

    @Test func `Row 24: absent looks at every member`() async throws {
        try await withPair { pair in
            let absent = try await pair.gateway.query("absent(nope)", of: "all")
            #expect(Self.count(#""metric""#, in: absent.body) == 1)
            let present = try await pair.gateway.query(#"absent(up{project="a"})"#, of: "all")
            #expect(Self.count(#""metric""#, in: present.body) == 0)
        }
    }

    @Test(arguments: [("1+1", "2"), ("vector(1)", "1"), ("time() - time()", "0")])
    func `Row 25: constants are computed here and ask nobody`(
        query: String, value: String
    ) async throws {
        try await withPair { pair in
            let answer = try await pair.gateway.query(query, of: "all")
            #expect(answer.body.contains("\"\(value)\"]"))
            #expect(!answer.body.contains("project"))
            #expect(await pair.visitsToA.take().isEmpty)
            #expect(await pair.visitsToB.take().isEmpty)
        }
    }

    @Test func `Row 26: a member that fails is a warning or an error, and is named`() async throws {
        try await withPair { pair in
            let partial = try await pair.gateway.query("up", of: "most")
            #expect(partial.status == 200)
            #expect(Self.count(#""metric""#, in: partial.body) == 5)
            #expect(
                partial.body.contains(#""warnings":["project \"dead\": connection refused"#))
            for (target, name) in [
                ("/p/strict/api/v1/query?query=up", "strict by configuration"),
                ("/p/most/api/v1/query?query=up&partial_response=false", "strict by request"),
                ("/p/lost/api/v1/query?query=up", "no member answered"),
                ("/p/most/api/v1/query?query=absent(up)", "less data could answer more"),
            ] {
                let refused = try await pair.gateway.ask(target)
                #expect(refused.status == 503, "\(name): \(refused.body)")
                #expect(refused.body.contains(#"project \"dead\": "#), "\(name)")
            }
        }
    }

    @Test func `Row 26: a slow member has failed after its time`() async throws {
        let silent = Visits().responder { _ in
            try await Task.sleep(for: .seconds(60))
            return .text("")
        }
        try await LoopbackServers.serve(["s": silent]) { ports in
            let gateway = try gateway(
                """
                projects:
                  - {name: s, prometheus: {url: "http://127.0.0.1:\(ports["s"] ?? 0)", timeout: 100ms}}
                """)
            let answer = try await gateway.query("up", of: "s")
            #expect(answer.status == 503)
            #expect(
                answer.body.contains(
                    #""errorType":"timeout","error":"query timed out in query execution: "#
                        + #"project \"s\": timed out"#))
        }
    }

    @Test func `Row 26: a client that goes away ends its query`() async throws {
        let visits = Visits()
        let silent = visits.responder { _ in
            try await Task.sleep(for: .seconds(600))
            return .text("")
        }
        try await LoopbackServers.serve(["s": silent]) { ports in
            let gateway = try gateway(
                """
                query: {maxConcurrency: 1, rangeBoundary: leftOpen}
                projects:
                  - {name: s, prometheus: {url: "http://127.0.0.1:\(ports["s"] ?? 0)", timeout: 10m}}
                """)
            let first = Task { try await gateway.ask("/api/v1/query?query=up") }
            while await visits.all.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            first.cancel()
            #expect(try await first.value.status == 499)
        }
    }

    @Test func `Row 27: a member that is no more is missing, not skipped`() async throws {
        // As after a deletion elsewhere: the file itself would be refused.
        var configuration = try Configuration.parse(
            """
            projects:
              - {name: a, prometheus: {url: "http://127.0.0.1:1"}}
              - {name: all, memberProjects: [a]}
            """, path: "c.yaml")
        configuration.projects[1].kind = .multiCluster(members: ["gone"])
        let gateway = try GatewayApplication(
            configuration: configuration, logger: Logger(label: "test")
        ).closedAtTheEnd().responder
        let answer = try await gateway.query("up", of: "all")
        #expect(answer.status == 503)
        #expect(answer.body.contains(#"project \"gone\": member project not found: gone"#))
    }

    @Test(arguments: [
        ("start=10&end=5&step=1", "end timestamp must not be before start time"),
        ("start=0&end=5&step=0", "zero or negative query resolution step"),
        ("start=0&end=5&step=-1", "zero or negative query resolution step"),
        ("start=0&end=11001&step=1", "exceeded maximum resolution of 11,000 points"),
    ])
    func `Row 28: impossible ranges are refused`(range: String, text: String) async throws {
        try await withPair { pair in
            let answer = try await pair.gateway.ask("/p/all/api/v1/query_range?query=up&\(range)")
            #expect(answer.status == 400)
            #expect(answer.body.contains(#""errorType":"bad_data""#))
            #expect(answer.body.contains(text))
        }
    }

    @Test func `Row 28: the range is not cut because one member lags`() async throws {
        let now = Timestamp(milliseconds: WallClock.now().wholeSeconds * 1000)
        let store = { (last: Timestamp) in
            let store = MemoryStore()
            for index in Int64(0)...40 {
                let time = now + Milliseconds(15_000 * index - 600_000)
                if time > last { break }
                try store.append(LabelSet(["__name__": "x"]), time: time, value: .float(1))
            }
            return EmbeddedAPI(store: store)
        }
        try await withPair(a: store(now), b: store(now - 400_000)) { pair in
            let answer = try await pair.gateway.ask(
                "/p/all/api/v1/query_range?query=x&start=\(now.wholeSeconds - 60)&end=\(now.wholeSeconds)"
                    + "&step=15&lookback_delta=30s")
            #expect(Self.count(#""project":"a""#, in: answer.body) == 1)
            #expect(Self.count(#""1"]"#, in: answer.body) == 5)
        }
    }

    @Test func `Row 29: equal samples of two members are two series`() async throws {
        let same = SampleData.api([(["__name__": "x", "n": "1"], 7)])
        try await withPair(a: same, b: same) { pair in
            let answer = try await pair.gateway.query("x", of: "all")
            #expect(Self.count(#""7"]"#, in: answer.body) == 2)
            #expect(try await pair.gateway.query("sum(x)", of: "all").body.contains(#""14"]"#))
        }
    }

    @Test func `Row 30: metadata is the union, each description once`() async throws {
        let described = { (help: [String]) in
            let api = SampleData.up(jobs: 1)
            for (index, text) in help.enumerated() {
                api.store.describe("m\(index)", MetricMetadata(type: "gauge", help: text))
            }
            return api
        }
        try await withPair(a: described(["same", "one"]), b: described(["same", "other"])) { pair in
            let answer = try await pair.gateway.ask("/p/all/api/v1/metadata")
            #expect(Self.count(#""help":"same""#, in: answer.body) == 1)
            #expect(Self.count(#""help":"one""#, in: answer.body) == 1)
            #expect(Self.count(#""help":"other""#, in: answer.body) == 1)
        }
    }

    @Test func `Row 31: series and values are sorted unions, and know the project`() async throws {
        try await withPair { pair in
            let values = try await pair.gateway.ask(
                "/p/all/api/v1/label/job/values?start=5&end=9&match[]=up%7Bproject=%22b%22%7D")
            #expect(values.status == 200)
            #expect(await pair.visitsToA.take().isEmpty)
            let asked = await pair.visitsToB.take()
            #expect(asked.map { $0.parameter("start") + "-" + $0.parameter("end") } == ["5-9"])
            #expect(asked.map { $0.parameter("match[]") } == [#"{__name__="up"}"#])
            let all = try await pair.gateway.ask("/p/all/api/v1/label/job/values")
            #expect(all.body == #"{"status":"success","data":["j1","j2","j3"]}"#)
            #expect(try await pair.gateway.ask("/p/all/api/v1/series").status == 400)
        }
    }

    @Test func `Row 32: what Grafana asks is there, by GET and POST, and no path is HTML`()
        async throws
    {
        try await withPair { pair in
            for method in ["GET", "POST"] {
                for path in [
                    "query?query=1%2B1", "labels?match[]=up", "series?match[]=up",
                    "query_range?query=up&start=1&end=2&step=1",
                ] {
                    let answer = try await pair.gateway.ask(
                        "/p/all/api/v1/\(path)", method: method)
                    #expect(answer.status == 200, "\(method) \(path)")
                }
            }
            #expect(try await pair.gateway.ask("/p/all/api/v1/status/buildinfo").status == 200)
            // The words "page not found" are what Grafana looks for.
            for path in ["/p/all/api/v1/rules-of-old", "/p/all/x", "/x"] {
                let answer = try await pair.gateway.ask(path)
                #expect(answer.status == 404)
                #expect(answer.body == "404 page not found\n")
                #expect(answer.headers["Content-Type"]?.contains("html") == false)
            }
        }
        try await withPair(settings: "auth: {tokens: [{name: t, token: t-t-t-t-t}]}") { pair in
            for path in ["query?query=1", "labels", "metadata", "status/buildinfo"] {
                let answer = try await pair.gateway.ask("/p/all/api/v1/\(path)")
                #expect(answer.status == 401)
            }
        }
    }

    @Test func `Row 33: X-Datasource limits a multi-cluster project to one member`() async throws {
        try await withPair { pair in
            let only: HTTPHeaders = ["X-Datasource": "b"]
            let limited = try await pair.gateway.query("up", of: "all", headers: only)
            #expect(Self.count(#""metric""#, in: limited.body) == 3)
            let values = try await pair.gateway.ask(
                "/p/all/api/v1/label/project/values", headers: only)
            #expect(values.body.contains(#"["b"]"#))
            #expect(await pair.visitsToA.take().isEmpty)
            // "dead" exists, but is no member of this one.
            for name in ["dead", "nope"] {
                let refused = try await pair.gateway.query(
                    "up", of: "all", headers: ["X-Datasource": name])
                #expect(refused.status == 400)
                #expect(refused.body.contains(#"\"\#(name)\" is not a member of project \"all\""#))
            }
        }
    }

    @Test func `Row 35: no telemetry stays in the gateway`() async throws {
        try await withPair { pair in
            for _ in 0..<2 { _ = try await pair.gateway.query("sum(up)", of: "all") }
            #expect(await pair.visitsToA.take().filter { $0.path == "/api/v1/query" }.count == 2)
        }
    }

    @Test func `Row 37: who looks for logs, traces and profiles is told where they are`()
        async throws
    {
        try await withPair { pair in
            for path in ["/p/all/api/v1/logs", "/api/v1/traces", "/p/a/api/v1/profiles"] {
                let answer = try await pair.gateway.ask(path)
                #expect(answer.status == 404)
                #expect(answer.headers["Content-Type"] == "text/plain; charset=utf-8")
                for address in ["/loki/api/v1/", "/tempo/api/", "/pyroscope/"] {
                    #expect(answer.body.contains("/p/<project>\(address)..."))
                }
            }
            // A hub of Coroot shows the text of a 404.
            let hub = try await pair.gateway.ask("/api/clickhouse-config")
            #expect(hub.status == 404)
            #expect(hub.headers["Content-Type"] == "text/plain; charset=utf-8")
            #expect(hub.body.contains("/p/<project>/loki/api/v1/..."))
        }
    }
}

/// Lets everybody go once all have come.
private actor Meeting {
    private var missing: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(of count: Int) { missing = count }

    func join() async {
        missing -= 1
        guard missing > 0 else {
            for one in waiting { one.resume() }
            waiting = []
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }
}
