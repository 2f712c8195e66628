import EmbeddedPrometheus
import Logging
import Projects
import PrometheusHTTP
import Testing
import TimeSeries

@testable import Gateway

/// `/federate` and what the gateway says about itself.
@Suite struct FederateTests {
    private func withGateway(
        _ work: @escaping @Sendable (PrometheusResponder, _ time: Int64) async throws -> Void
    ) async throws {
        let time = WallClock.milliseconds() - 1000
        func member(_ series: [([String: String], Double)]) -> PrometheusResponder {
            let store = MemoryStore()
            store.append(contentsOf: series.map { (LabelSet($0.0), time, .float($0.1)) })
            return EmbeddedAPI(store: store).responder()
        }
        try await LoopbackServers.serve([
            "a": member([
                (["__name__": "up", "instance": "i", "q": "x\"\\\n"], 1),
                (["__name__": "big", "project": "own"], 1_000_000),
                (["__name__": "gone"], SampleValue.stale),
            ]),
            "b": member([
                (["__name__": "up"], .infinity), (["__name__": "a.b_c:ü", "x.y": "1"], 2),
            ]),
        ]) { ports in
            let configuration = try Configuration.parse(
                """
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"}}
                  - {name: b, prometheus: {url: "http://127.0.0.1:\(ports["b"] ?? 0)"}}
                  - {name: dead, prometheus: {url: "http://127.0.0.1:1"}}
                  - {name: all, memberProjects: [a, b]}
                  - {name: most, memberProjects: [b, dead], partialResponse: warn}
                  - {name: strict, memberProjects: [b, dead], partialResponse: abort}
                """, path: "c.yaml")
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            try await work(
                GatewayApplication(configuration: configuration, logger: logger).responder, time)
        }
    }

    @Test func theNewestSamplesOfAllMembersAreExposedWithTheirTimes() async throws {
        try await withGateway { gateway, time in
            let answer = try await gateway.ask(
                "/p/all/federate?match[]=%7B__name__=~%22%5Ba-z%5D%2B%22%7D&match[]=up")
            #expect(answer.status == 200)
            #expect(
                answer.headers["Content-Type"]
                    == "text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
            #expect(
                answer.body == """
                    # TYPE big untyped
                    big{exported_project="own",project="a",instance=""} 1e+06 \(time)
                    # TYPE up untyped
                    up{instance="i",project="a",q="x\\"\\\\\\n"} 1 \(time)
                    up{project="b",instance=""} +Inf \(time)

                    """)
        }
    }

    @Test(arguments: [
        ("", "underscores", #"a_b_c:_{project="b",x_y="1",instance=""}"#),
        (
            "text/plain;escaping=dots", "dots",
            #"a_dot_b__c:__{project="b",x_dot_y="1",instance=""}"#
        ),
        (
            "text/plain; version=0.0.4; escaping=values", "values",
            #"U__a_2e_b__c:_fc_{project="b",U__x_2e_y="1",instance=""}"#
        ),
        // What a Prometheus of 3.x asks.
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "allow-utf-8", #"{"a.b_c:ü",project="b","x.y"="1",instance=""}"#
        ),
        // The format is chosen before its second mention is read; unknown ways are passed over.
        (
            "text/plain;q=0.2;escaping=dots, text/plain;version=0.0.4;q=0.9;escaping=x",
            "underscores", #"a_b_c:_{project="b",x_y="1",instance=""}"#
        ),
    ])
    func namesAreEscapedAsTheReaderAsks(accept: String, escaping: String, text: String) async throws
    {
        try await withGateway { gateway, time in
            let answer = try await gateway.ask(
                "/p/all/federate?match[]=%7B%22a.b_c:%C3%BC%22%7D", headers: ["Accept": accept])
            #expect(
                answer.headers["Content-Type"]
                    == "text/plain; version=0.0.4; charset=utf-8; escaping=\(escaping)")
            let name =
                text.hasPrefix("{") ? "\"a.b_c:ü\"" : String(text.prefix { $0 != "{" })
            #expect(answer.body == "# TYPE \(name) untyped\n\(text) 2 \(time)\n")
        }
    }

    @Test func selectorsOnTheProjectChooseMembers() async throws {
        try await withGateway { gateway, time in
            let answer = try await gateway.ask("/p/all/federate?match[]=up%7Bproject=%22b%22%7D")
            #expect(
                answer.body
                    == "# TYPE up untyped\nup{project=\"b\",instance=\"\"} +Inf \(time)\n")
        }
    }

    @Test func missingMembersAreNamedInACommentOrRefused() async throws {
        try await withGateway { gateway, _ in
            let partial = try await gateway.ask("/p/most/federate?match[]=up")
            #expect(partial.status == 200)
            #expect(partial.body.hasPrefix("# project \"dead\": "))
            #expect(partial.body.contains("up{project=\"b\""))
            let refused = try await gateway.ask("/p/strict/federate?match[]=up")
            #expect(refused.status == 503)
            #expect(refused.headers["Content-Type"] == "text/plain; charset=utf-8")
            let wrong = try await gateway.ask("/p/all/federate?match[]=up%7B")
            #expect(wrong.status == 400)
            #expect(wrong.body.hasPrefix("1:4: parse error: "))
        }
    }

    @Test func everyDescribedPathAnswers() async throws {
        try await withGateway { gateway, _ in
            for endpoint in APIEndpoint.all where endpoint.path != "/notifications/live" {
                for method in endpoint.methods {
                    let path = endpoint.path.replacing("{name}", with: "job")
                    let answer = try await gateway.ask("/p/b/api/v1\(path)", method: method)
                    #expect(answer.status != 405, "\(method) \(path)")
                    #expect(answer.body != "404 page not found\n", "\(method) \(path)")
                }
            }
            let description = try await gateway.ask("/api/v1/openapi.yaml")
            #expect(description.body.contains("  /status/tsdb/blocks:\n    get:\n"))
        }
    }

    @Test func theGatewayDescribesItself() async throws {
        try await withGateway { gateway, _ in
            let features = try await gateway.ask("/api/v1/features").body
            #expect(features.contains(#""rate":true"#) && features.contains(#""<=":true"#))
            #expect(features.contains(#""limitk":false"#))
            #expect(
                try await gateway.ask("/api/v1/status/walreplay").body
                    == #"{"status":"success","data":{"min":0,"max":0,"current":0}}"#)
            let metrics = try await gateway.ask(
                "/api/v1/status/self_metrics?metric_name_pattern=process_start.*")
            #expect(
                metrics.body.hasPrefix(
                    #"{"status":"success","data":[{"name":"process_start_time_seconds","help":"#))
            let wrong = try await gateway.ask("/api/v1/status/self_metrics?metric_name_pattern=(")
            #expect(wrong.status == 400)
            #expect(wrong.body.contains("invalid metric_name_pattern: "))
            let search = try await gateway.ask("/api/v1/search/label_names", method: "POST")
            #expect(search.status == 500)
            #expect(search.body.contains("search API disabled"))
            let root = try await gateway.ask("/")
            #expect(root.status == 302)
            #expect(root.headers["Location"] == "/query")
        }
    }
}
