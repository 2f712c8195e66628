import EmbeddedPrometheus
import GatewayConfiguration
import GoText
import Logging
import PrometheusServer
import PrometheusWire
import Synchronization
import Testing
import TimeSeries

@testable import Federation
@testable import Gateway

/// A member that takes a request and never says a word.
@Suite(.closesGateways) struct HungMemberTests {
    private static func hung(_ visits: Visits = Visits()) -> PrometheusResponder {
        visits.responder { _ in
            try await Task.sleep(for: .seconds(3600))
            return .text("")
        }
    }

    private static func histogram(_ spans: FloatHistogram.Span) -> FloatHistogram {
        FloatHistogram(
            count: Double(spans.length), sum: 4, positiveSpans: [spans],
            positiveBuckets: [Double](repeating: 1, count: Int(spans.length)))
    }

    /// `up` and `x`, and histograms: of `h` the buckets tell the layout, of `doubtful` they do not.
    private static func member() throws -> EmbeddedAPI {
        let store = MemoryStore()
        let now = WallClock.now()
        for index in Int64(0)..<20 {
            let time = now + Milliseconds(15_000 * index - 300_000)
            for metric in ["up", "x"] {
                try store.append(
                    LabelSet(["__name__": metric, "job": "j"]), time: time, value: .float(2))
            }
            try store.append(
                LabelSet(["__name__": "h"]), time: time,
                value: .histogram(histogram(.init(offset: 1, length: 3))))
            try store.append(
                LabelSet(["__name__": "doubtful"]), time: time,
                value: .histogram(histogram(.init(offset: 1, length: 1))))
        }
        store.describe("up", MetricMetadata(type: "gauge", help: "Whether it is up."))
        return EmbeddedAPI(store: store)
    }

    private func withGateway(
        _ settings: String = "", hung: PrometheusResponder = Self.hung(),
        member: PrometheusResponder? = nil,
        _ work: @escaping @Sendable (PrometheusResponder) async throws -> Void
    ) async throws {
        let member = try member ?? Self.member().responder()
        try await LoopbackServers.serve(["ok": member, "hung": hung]) { ports in
            let configuration = try Configuration.parse(
                """
                projects:
                  - {name: ok, prometheus: {url: "http://127.0.0.1:\(ports["ok"] ?? 0)"}}
                  - name: hung
                    prometheus: {url: "http://127.0.0.1:\(ports["hung"] ?? 0)", timeout: 10m}
                  - name: hung2
                    prometheus: {url: "http://127.0.0.1:\(ports["hung"] ?? 0)", timeout: 10m}
                  - {name: all, memberProjects: [ok, hung], partialResponse: warn}
                  - {name: safe, memberProjects: [ok, hung]}
                  - {name: none, memberProjects: [hung, hung2], partialResponse: warn}
                \(settings)
                """, path: "c.yaml")
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            try await work(
                GatewayApplication(configuration: configuration, logger: logger).closedAtTheEnd()
                    .responder)
        }
    }

    // MARK: Time

    @Test(arguments: [
        ("up", #""2"]"#), ("sum(up)", #""2"]"#), ("avg(up)", #""2"]"#),
        ("quantile(0.5, up)", #""2"]"#), ("stddev(up)", #""0"]"#), ("topk(1, up)", #""2"]"#),
        ("count_values(\"v\", up)", #""1"]"#), ("sum by (project) (up)", #""2"]"#),
        ("max_over_time(sum(up)[1m:15s])", #""2"]"#),
        ("sum(up) * scalar(sum(x))", #""4"]"#), ("up * scalar(sum(x))", #""4"]"#),
        ("clamp_max(up, scalar(sum(x) - 1))", #""1"]"#),
        // A second round with another plan.
        ("histogram_count(avg(h))", #""3"]"#),
        // Further questions about the layout.
        ("histogram_sum(sum(doubtful))", #""4"]"#),
        ("histogram_count(sum(rate(h[1m])))", #""0"]"#),
    ])
    func queriesOfEveryPlanAreAnsweredInTimeWithoutTheHungMember(
        query: String, value: String
    ) async throws {
        try await withGateway { gateway in
            let escaped = query.replacing("+", with: "%2B").replacing(" ", with: "+")
                .replacing("\"", with: "%22")
            // What is asked in several rounds has less time for each.
            let timeout = query.hasPrefix("histogram") ? 20 : 6
            let answer = try await gateway.ask(
                "/p/all/api/v1/query?query=\(escaped)&timeout=\(timeout)s")
            #expect(answer.status == 200, "\(answer.body)")
            #expect(answer.body.contains(value), "\(answer.body)")
            #expect(answer.body.contains(#"project \"hung\": timed out"#), "\(answer.body)")
        }
    }

    @Test func rangesAreAnsweredInTimeWithoutTheHungMember() async throws {
        let end = WallClock.now().wholeSeconds
        try await withGateway { gateway in
            for query in ["up", "sum(up)"] {
                let answer = try await gateway.ask(
                    "/p/safe/api/v1/query_range?query=\(query)&start=\(end - 60)&end=\(end)"
                        + "&step=15&timeout=5s")
                #expect(answer.status == 200, "\(answer.body)")
                #expect(answer.body.contains(#""2"]"#), "\(answer.body)")
                #expect(answer.body.contains(#"project \"hung\": timed out"#), "\(answer.body)")
            }
        }
    }

    @Test func whenAllHangTheErrorIsTheReferencesTimeout() async throws {
        try await withGateway { gateway in
            for query in ["up", "sum(up)"] {
                let answer = try await gateway.ask(
                    "/p/none/api/v1/query?query=\(query)&timeout=300ms")
                #expect(answer.status == 503)
                #expect(
                    answer.body.contains(
                        #""errorType":"timeout","error":"query timed out in query execution"#))
            }
        }
    }

    @Test(arguments: [
        "labels", "label/job/values", "label/project/values", "series?match[]=up", "metadata",
        "query_exemplars?query=up", "rules", "alerts", "targets", "scrape_pools", "status/tsdb",
        "targets/metadata", "alertmanagers",
    ])
    func endpointsBesideQueriesAnswerInTimeWithoutTheHungMember(path: String) async throws {
        let scripted = ScriptedMember(data: [
            "/query_exemplars": "[]", "/rules": #"{"groups":[]}"#, "/alerts": #"{"alerts":[]}"#,
            "/targets": #"{"activeTargets":[],"droppedTargets":[]}"#, "/targets/metadata": "[]",
            "/scrape_pools": #"{"scrapePools":[]}"#,
            "/status/tsdb": #"{"headStats":{"numSeries":1}}"#,
            "/alertmanagers": #"{"activeAlertmanagers":[],"droppedAlertmanagers":[]}"#,
            "/labels": #"["a"]"#, "/label/job/values": #"["a"]"#, "/series": #"[{"a":"b"}]"#,
            "/metadata": "{}",
        ])
        try await withGateway(member: scripted.responder) { gateway in
            let separator = path.contains("?") ? "&" : "?"
            let answer = try await gateway.ask("/p/all/api/v1/\(path)\(separator)timeout=3s")
            #expect(answer.status == 200, "\(answer.body)")
            #expect(answer.body.contains(#"project \"hung\": timed out"#), "\(answer.body)")
        }
    }

    @Test func remoteReadOfTwoRoundsAnswersInTimeWithoutTheHungMember() async throws {
        // Knows samples only, so that the members are asked again.
        let member = Visits().responder { request in
            guard request.path == "/api/v1/read" else { return .text(status: 404, "") }
            return PrometheusResponse(
                headers: [
                    "Content-Type": RemoteReadSamples.contentType, "Content-Encoding": "snappy",
                ], body: .bytes(try SnappyBlock.compress([0x0A, 0x00])))
        }
        try await withGateway(member: member) { gateway in
            let body = try RemoteReadRequest(
                queries: [
                    .init(start: 0, end: 1, matchers: [.init("__name__", .equal, "up")])
                ], accepted: [.streamedChunks, .samples]
            ).body
            let request = try #require(
                PrometheusRequest(
                    method: "POST", target: "/p/all/api/v1/read?timeout=6s", body: body))
            let answer = await gateway.respond(to: request)
            #expect(answer.status == 200)
            #expect(answer.headers[RemoteReadEndpoint.missingHeader] == "hung")
        }
    }

    @Test func membersHaveAllTimeButATenthAndNeverMoreThanIsThere() {
        let start = ContinuousClock.now
        for (whole, members) in [
            (120_000, 108_000), (2000, 1800), (300, 250), (60, 30), (0, 0),
        ] {
            let time = AnswerTime(.milliseconds(whole), from: start)
            #expect(start.duration(to: time.deadline) == .milliseconds(whole))
            #expect(start.duration(to: time.members) == .milliseconds(members))
            #expect(time.versions <= time.members)
        }
    }

    // MARK: Places

    private final class Counter: Sendable {
        private let value = Mutex(0)
        var count: Int { value.withLock { $0 } }
        func add() { value.withLock { $0 += 1 } }
    }

    @Test func queriesToAHungMemberTakeNoPlaceFromOthers() async throws {
        let visits = Visits()
        // Each asks for itself.
        let settings = "query: {maxConcurrency: 1}\ncache: {enabled: false}"
        try await withGateway(settings, hung: Self.hung(visits)) { gateway in
            let ended = Counter()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let query = number.isMultiple(of: 2) ? "sum(up)" : "up"
                        _ = try await gateway.ask("/p/hung/api/v1/query?query=\(query)")
                        ended.add()
                    }
                }
                // A member is asked so many at once, and the others wait.
                for (state, count) in [("running", 20), ("waiting", 40)] {
                    let line =
                        "tributary_member_questions{member=\"hung\",state=\"\(state)\"} \(count)\n"
                    while try await !gateway.ask("/metrics").body.contains(line) {
                        try await Task.sleep(for: .milliseconds(5))
                    }
                }
                for query in ["up", "sum(up)"] {
                    let answer = try await gateway.ask("/p/ok/api/v1/query?query=\(query)")
                    #expect(answer.status == 200, "\(answer.body)")
                    #expect(answer.body.contains(#""2"]"#))
                }
                #expect(ended.count == 0)
                group.cancelAll()
            }
        }
    }

    @Test func aBurstOfCheapQueriesIsAnsweredWholly() async throws {
        try await withGateway { gateway in
            let refused = await withTaskGroup(of: String?.self) { group in
                for number in 0..<900 {
                    group.addTask {
                        let query = number.isMultiple(of: 2) ? "up" : "sum(up)"
                        do {
                            let answer = try await gateway.ask(
                                "/p/ok/api/v1/query?query=\(query)&timeout=10m")
                            return answer.status == 200 ? nil : answer.body
                        } catch {
                            return "\(error)"
                        }
                    }
                }
                return await group.reduce(into: [String]()) { $0 += $1.map { [$0] } ?? [] }
            }
            #expect(refused == [])
        }
    }

    @Test func queriesThatTogetherCostTooMuchAreRefused() async throws {
        let visits = Visits()
        try await withGateway("limits: {maxQueueMemory: 48KiB}", hung: Self.hung(visits)) {
            gateway in
            let first = Task { try await gateway.ask("/p/hung/api/v1/query?query=up") }
            while await visits.all.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            let small = try await gateway.ask("/p/ok/api/v1/query?query=sum(up)")
            #expect(small.status == 200)
            let long = String(repeating: "a", count: 20_000)
            let large = try await gateway.ask(
                "/p/ok/api/v1/query?query=sum(up%7Bjob=%22\(long)%22%7D)")
            #expect(large.status == 503)
            #expect(
                large.body
                    == #"{"status":"error","errorType":"unavailable","#
                    + #""error":"too many queries are under way (limits.maxQueueMemory)"}"#)
            first.cancel()
            _ = try await first.value
        }
    }
}
