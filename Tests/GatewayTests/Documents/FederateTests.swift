import EmbeddedPrometheus
import GatewayConfiguration
import GoText
import Logging
import PrometheusServer
import PrometheusWire
import Testing
import TimeSeries

@testable import Federation
@testable import Gateway

/// `/federate` and what the gateway says about itself.
@Suite(.closesGateways) struct FederateTests {
    private func withGateway(
        _ work: @escaping @Sendable (PrometheusResponder, _ time: Timestamp) async throws -> Void
    ) async throws {
        let time = WallClock.now() - Milliseconds(1000)
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
                GatewayApplication(configuration: configuration, logger: logger).closedAtTheEnd()
                    .responder, time)
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
        // The escaping of a format that is not known holds for the next one.
        (
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
                + "application/openmetrics-text;version=1.0.0;q=0.1,*/*;q=0.2",
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

    @Test func namesOfTheOldKindAreNotEscaped() async throws {
        for escaping in NameEscaping.allCases {
            #expect(escaping.escaped("up_to:date") == "up_to:date")
        }
    }

    /// What a Prometheus of 3.x asks, and with it one that reads no native histograms.
    @Test func openMetricsIsAnsweredWhereItIsPreferred() async throws {
        try await withGateway { gateway, time in
            let answer = try await gateway.ask(
                "/p/all/federate?match[]=%7B__name__=~%22a.b.%2B%7Cup%7Cbig%22%7D",
                headers: [
                    "Accept": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;"
                        + "q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                        + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
                ])
            #expect(
                answer.headers["Content-Type"]
                    == "application/openmetrics-text; version=1.0.0; charset=utf-8; "
                    + "escaping=allow-utf-8")
            var seconds: [UInt8] = []
            GoFloat.appendGeneral(time.seconds, to: &seconds)
            let stamp = String(decoding: seconds, as: UTF8.self)
            #expect(
                answer.body == """
                    # TYPE "a.b_c:ü" unknown
                    {"a.b_c:ü",project="b","x.y"="1",instance=""} 2.0 \(stamp)
                    # TYPE big unknown
                    big{exported_project="own",project="a",instance=""} 1e+06 \(stamp)
                    # TYPE up unknown
                    up{instance="i",project="a",q="x\\"\\\\\\n"} 1.0 \(stamp)
                    up{project="b",instance=""} +Inf \(stamp)
                    # EOF

                    """)
        }
    }

    @Test(arguments: [
        ("", FederateFormat.Kind.text), ("*/*", .text), ("application/json", .text),
        ("application/openmetrics-text", .openMetrics(version: "0.0.1")),
        ("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", .text),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.9", .text),
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                + "encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5",
            .protobuf
        ),
        (
            "text/plain;q=0.5, application/vnd.google.protobuf; q=0.5; "
                + "proto=io.prometheus.client.MetricFamily; encoding=delimited", .text
        ),
        ("application/vnd.google.protobuf", .text),
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                + "encoding=text,application/openmetrics-text;version=1.0.0;q=0.5",
            .openMetrics(version: "1.0.0")
        ),
    ])
    func theFormatIsTheBestThatIsKnown(accept: String, kind: FederateFormat.Kind) {
        #expect(FederateFormat(accept: accept).kind == kind)
    }

    private static let protobuf =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

    @Test func aHistogramThatCannotBeSaidTakesNothingElseAway() async throws {
        let store = MemoryStore()
        let time = WallClock.now() - Milliseconds(1000)
        let histogram = FloatHistogram(
            count: 1, sum: 1, positiveSpans: [.init(offset: 1, length: 1)], positiveBuckets: [1])
        store.append(
            contentsOf: [
                (LabelSet(["__name__": "h"]), time, .histogram(histogram)),
                (LabelSet(["__name__": "up"]), time, .float(1)),
            ])
        try await LoopbackServers.serve(["a": EmbeddedAPI(store: store).responder()]) { ports in
            let configuration = try Configuration.parse(
                """
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"}}
                  - {name: all, memberProjects: [a]}
                """, path: "c.yaml")
            let gateway = try GatewayApplication(
                configuration: configuration, logger: Logger(label: "test")
            ).closedAtTheEnd().responder
            let target = "/p/all/federate?match[]=%7B__name__=~%22.%2B%22%7D"
            let text = try await gateway.ask(target)
            #expect(
                text.body == """
                    # project "a": 1 native histogram left out: the format has no native histograms
                    # TYPE up untyped
                    up{project="a",instance=""} 1 \(time)

                    """)
            // This member has no remote read to tell what the histogram is.
            let messages = try await gateway.ask(target, headers: ["Accept": Self.protobuf])
            #expect(messages.status == 200)
            #expect(
                messages.headers["Content-Type"]
                    == "application/vnd.google.protobuf; "
                    + "proto=io.prometheus.client.MetricFamily; encoding=delimited; "
                    + "escaping=underscores")
            #expect(
                messages.headers[FederateAnswer.leftOutHeader]?.hasPrefix(
                    #"project "a": 1 native histogram left out: remote read: "#) == true)
            var expected = MetricFamilyMessages()
            expected.append(
                name: "up", labels: [("project", "a"), ("instance", "")], value: .float(1),
                time: time)
            #expect(messages.body == String(decoding: expected.bytes, as: UTF8.self))
        }
    }

    @Test(arguments: [
        (400, #"{"status":"error","errorType":"bad_data","error":"no"}"#, 400),
        (422, #"{"status":"error","errorType":"execution","error":"too much"}"#, 422),
        (503, #"{"status":"error","errorType":"timeout","error":"too slow"}"#, 503),
        (404, "not found", 503),
    ])
    func failuresKeepTheirNature(status: Int, body: String, expected: Int) async throws {
        let member = Visits().responder { _ in .json(status: status, Array(body.utf8)) }
        try await LoopbackServers.serve(["a": member]) { ports in
            let configuration = try Configuration.parse(
                """
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"}}
                  - {name: all, memberProjects: [a]}
                """, path: "c.yaml")
            let gateway = try GatewayApplication(
                configuration: configuration, logger: Logger(label: "test")
            ).closedAtTheEnd().responder
            let federated = try await gateway.ask("/p/all/federate?match[]=up")
            let queried = try await gateway.query("up", of: "all")
            #expect(federated.status == expected, "\(federated.body)")
            #expect(federated.status == queried.status)
        }
    }

    @Test func theScrapersPatienceBoundsTheAnswer() async throws {
        let silent = Visits().responder { _ in
            try await Task.sleep(for: .seconds(3600))
            return .text("")
        }
        try await LoopbackServers.serve(["a": SampleData.up(jobs: 1).responder(), "h": silent]) {
            ports in
            let configuration = try Configuration.parse(
                """
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"}}
                  - name: h
                    prometheus: {url: "http://127.0.0.1:\(ports["h"] ?? 0)", timeout: 1h}
                  - {name: all, memberProjects: [a, h]}
                query: {timeout: 1h}
                """, path: "c.yaml")
            let gateway = try GatewayApplication(
                configuration: configuration, logger: Logger(label: "test")
            ).closedAtTheEnd().responder
            for (accept, isText) in [("", true), (Self.protobuf, false)] {
                let answer = try await gateway.ask(
                    "/p/all/federate?match[]=up",
                    headers: ["Accept": accept, "X-Prometheus-Scrape-Timeout-Seconds": "4"])
                #expect(answer.status == 200)
                #expect(answer.headers[FederateAnswer.missingHeader] == "h")
                #expect(answer.body.contains("# project \"h\": timed out") == isText)
            }
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
            let root = try await gateway.ask("/")
            #expect(root.status == 302)
            #expect(root.headers["Location"] == "/query")
        }
    }
}
