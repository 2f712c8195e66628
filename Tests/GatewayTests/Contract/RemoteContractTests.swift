import EmbeddedPrometheus
import Foundation
import GatewayConfiguration
import GoText
import Logging
import PrometheusServer
import Testing

@testable import Federation
@testable import Gateway

/// Section 9 of the contract of projects: how a remote Coroot is read. A test is named after its
/// row.
@Suite(.closesGateways) struct RemoteContractTests {
    /// A gateway whose project `remote` is the double.
    private func withRemote(
        _ double: RemoteCorootDouble, key: String? = nil, path: String? = nil, extra: String = "",
        scheme: String = "http",
        _ work: @escaping @Sendable (PrometheusResponder) async throws -> Void
    ) async throws {
        try await LoopbackServers.serve(["remote": double.responder]) { ports in
            let url = "\(scheme)://127.0.0.1:\(ports["remote"] ?? 0)\(path ?? double.basePath)"
            let yaml = """
                projects:
                  - name: remote
                    remoteCoroot: {url: "\(url)", apiKey: \(key ?? double.key)\(extra)}
                """
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            try await work(
                GatewayApplication(
                    configuration: Configuration.parse(yaml, path: "c.yaml"), logger: logger
                ).closedAtTheEnd().responder)
        }
    }

    private static let key = "0123456789abcdef"

    private static func double(_ backing: RemoteCorootDouble.Backing) -> RemoteCorootDouble {
        RemoteCorootDouble(key: key, backing: backing)
    }

    @Test func `Row 15: the key is sent with every request, and a rejected one is said to be`()
        async throws
    {
        let double = Self.double(.prometheus(SampleData.up(jobs: 2)))
        try await withRemote(double) { gateway in
            for path in ["query?query=up", "labels", "label/job/values", "metadata"] {
                let answer = try await gateway.ask("/api/v1/\(path)")
                #expect(answer.status == 200, "\(path)")
            }
            let keys = await double.visits.take().map { $0.headers["X-API-Key"] }
            #expect(keys.count == 4 && keys.allSatisfy { $0 == Self.key })
        }
        try await withRemote(double, key: "not-the-key-at-all") { gateway in
            let answer = try await gateway.ask("/api/v1/query?query=up")
            #expect(answer.status == 503)
            #expect(answer.body.contains(#"project \"remote\": HTTP status 404: API key rejected"#))
            #expect(!answer.body.contains("not-the-key"))
        }
    }

    @Test func `Row 15: the key follows no redirect`() async throws {
        let double = RemoteCorootDouble(
            key: Self.key, backing: .prometheus(SampleData.up(jobs: 1)), basePath: "/coroot")
        try await withRemote(double, path: "") { gateway in
            let answer = try await gateway.ask("/api/v1/query?query=up")
            #expect(answer.status == 503)
            #expect(answer.body.contains("HTTP status 301: a redirect, which is not followed"))
            #expect(await double.visits.take().count == 1)
        }
        try await withRemote(double) { gateway in
            let answer = try await gateway.ask("/api/v1/query?query=up")
            #expect(answer.status == 200)
        }
    }

    @Test func `Row 16: no remote is asked for finer steps than it has`() async throws {
        let double = Self.double(.prometheus(SampleData.up(jobs: 1)))
        try await withRemote(double, extra: ", metricResolution: 30s") { gateway in
            for (step, sent) in [("1", "30"), ("30", "30"), ("60", "60")] {
                let answer = try await gateway.ask(
                    "/api/v1/query_range?query=up&start=0&end=600&step=\(step)")
                #expect(answer.status == 200)
                #expect(await double.visits.take().map { $0.parameter("step") } == [sent])
                let raised = answer.body.contains(
                    #"step raised from 1s to 30s, the metricResolution of project \"remote\""#)
                #expect(raised == (step == "1"))
            }
        }
    }

    @Test func `Row 17: a TLS handshake that fails is the member's failure`() async throws {
        let double = Self.double(.prometheus(SampleData.up(jobs: 1)))
        // A server without TLS behind an https URL.
        try await withRemote(double, scheme: "https") { gateway in
            let answer = try await gateway.ask("/api/v1/query?query=up")
            #expect(answer.status == 503)
            #expect(
                answer.body.contains(#""errorType":"unavailable","error":"project \"remote\": "#))
        }
    }

    @Test func `Row 18: a range is a form, and gzip is understood`() async throws {
        let double = Self.double(.prometheus(SampleData.up(jobs: 2)))
        try await withRemote(double, extra: ", acceptEncoding: gzip") { gateway in
            let now = WallClock.now().wholeSeconds
            let answer = try await gateway.ask(
                "/api/v1/query_range?query=up&start=\(now)&end=\(now + 15)&step=15")
            #expect(answer.body.components(separatedBy: #""project":"remote""#).count == 1 + 2)
            let asked = try #require(await double.visits.take().first)
            #expect(asked.method == "POST" && asked.path == "/api/v1/query_range")
            #expect(
                asked.headers["Content-Type"] == "application/x-www-form-urlencoded")
            #expect(asked.headers["Accept-Encoding"] == "gzip")
            #expect(asked.rawQuery.isEmpty)
        }
    }

    @Test func `Row 18: success takes more than status 200`() async throws {
        // An error with status 200.
        try await withRemote(Self.double(.clickHouse(SampleData.up(jobs: 1)))) { gateway in
            let answer = try await gateway.ask("/api/v1/query?query=up%20%2B%20on(job)%20nope(")
            #expect(answer.status == 400)
        }
        // A page of HTML with status 200.
        let double = RemoteCorootDouble(
            key: Self.key, backing: .prometheus(SampleData.up(jobs: 1)))
        try await withRemote(double, path: "/elsewhere") { gateway in
            let answer = try await gateway.ask("/api/v1/query?query=up")
            #expect(answer.status == 503)
            #expect(answer.body.contains("not a Prometheus API: the answer is HTML"))
        }
        // A remote whose own Prometheus is down.
        try await withRemote(Self.double(.down)) { gateway in
            let answer = try await gateway.ask("/api/v1/query?query=up")
            #expect(answer.status == 503)
            #expect(answer.body.contains("HTTP status 500"))
        }
    }

    @Test(arguments: [false, true])
    func `Row 19: instant queries and labels are asked as what a remote serves`(
        isClickHouse: Bool
    ) async throws {
        let api = SampleData.up(jobs: 2)
        let double = Self.double(isClickHouse ? .clickHouse(api) : .prometheus(api))
        try await withRemote(double) { gateway in
            let time = WallClock.now()
            let at = "\(time.wholeSeconds).500"
            let answer = try await gateway.ask("/api/v1/query?query=up&time=\(at)")
            #expect(answer.body.contains(#""resultType":"vector""#))
            #expect(answer.body.components(separatedBy: "[\(at),\"1\"]").count == 1 + 2)
            let asked = try #require(await double.visits.take().first)
            #expect(asked.path == "/api/v1/query_range")
            #expect(asked.parameter("start") == asked.parameter("end"))
            let labels = try await gateway.ask("/api/v1/labels")
            #expect(
                labels.body == #"{"status":"success","data":["__name__","job","project"]}"#)
            #expect(await double.visits.take().map(\.path) == ["/api/v1/series"])
            // What cannot be put as a range is refused, not answered wrongly.
            let window = try await gateway.ask("/api/v1/query?query=up%5B5m%5D")
            #expect(window.status != 200, "\(window.body)")
        }
    }

    // MARK: A Coroot that keeps its metrics in ClickHouse

    @Test func `Coroot row 6: points of whole seconds stand at the steps that were asked for`()
        async throws
    {
        let double = Self.double(.clickHouse(SampleData.up(jobs: 2)))
        try await withRemote(double) { gateway in
            let now = WallClock.now().wholeSeconds
            let times = "start=\(now).400&end=\(now + 30).900&step=15"
            for (query, count) in [("up", 2), ("sum(up)", 1), ("up%20*%20time()%20%3E%200", 2)] {
                let answer = try await gateway.ask("/api/v1/query_range?query=\(query)&\(times)")
                #expect(answer.status == 200, "\(answer.body)")
                for offset in [0, 15, 30] {
                    let stamp = "[\(now + Int64(offset)).400,"
                    #expect(
                        answer.body.components(separatedBy: stamp).count == 1 + count, "\(query)")
                }
                #expect(
                    answer.body.contains("asked at whole seconds: each value is of 400 ms before"))
                #expect(!answer.body.contains("warnings"))
            }
            let asked = try #require(await double.visits.take().first)
            #expect(asked.parameter("start") == "\(now)" && asked.parameter("end") == "\(now + 30)")
            // Whole seconds are asked and answered as they are.
            let whole = try await gateway.ask(
                "/api/v1/query_range?query=up&start=\(now)&end=\(now + 30)&step=15")
            #expect(whole.body.contains("[\(now + 30),") && !whole.body.contains("infos"))
        }
    }

    @Test func `Coroot row 6: a step is one of whole seconds`() async throws {
        let double = Self.double(.clickHouse(SampleData.up(jobs: 1)))
        try await withRemote(double) { gateway in
            let answer = try await gateway.ask(
                "/api/v1/query_range?query=up&start=0&end=600&step=20.5")
            #expect(answer.status == 200)
            #expect(
                answer.body.contains(
                    #"step raised from 20s500ms to 21s, as project \"remote\" is asked at whole"#))
            #expect(await double.visits.take().map { $0.parameter("step") } == ["21"])
            // The steps of a subquery that is evaluated here are what the query says.
            let inner = try await gateway.ask(
                "/api/v1/query?time=\(WallClock.now().wholeSeconds + 30)&query="
                    + "max_over_time(sum(up)[1m:1500ms])".percentEncoded)
            #expect(inner.status == 200 && inner.body.contains(#","1"]"#), "\(inner.body)")
        }
    }

    @Test func `Coroot row 7: regular expressions match whole values`() async throws {
        let double = Self.double(.clickHouse(SampleData.up(jobs: 2)))
        try await withRemote(double) { gateway in
            func count(_ target: String) async throws -> Int {
                let answer = try await gateway.ask(target)
                #expect(answer.status == 200, "\(answer.body)")
                return answer.body.components(separatedBy: #""job":"j"#).count - 1
            }
            for (matcher, wanted) in [
                (#"job=~"j""#, 0), (#"job=~"j1|x""#, 1), (#"job!~"j""#, 2), (#"job=~"j.""#, 2),
            ] {
                let selector = "up{\(matcher)}".percentEncoded
                for target in [
                    "query?query=\(selector)", "query?query=sum%20by%20(job)(\(selector))",
                    "series?match[]=\(selector)",
                ] {
                    let found = try await count("/api/v1/\(target)")
                    #expect(found == wanted, "\(matcher) \(target)")
                }
            }
        }
    }

    @Test func `Coroot row 9: no label has the value of none`() async throws {
        let double = Self.double(.clickHouse(SampleData.up(jobs: 2)))
        try await withRemote(double) { gateway in
            let answer = try await gateway.ask("/api/v1/label/job/values")
            #expect(answer.body == #"{"status":"success","data":["j1","j2"]}"#)
        }
    }

    @Test func `Coroot rows 4 and 11: no series are none, and one metric is described`()
        async throws
    {
        let double = Self.double(.clickHouse(SampleData.up(jobs: 2)))
        try await withRemote(double) { gateway in
            let none = try await gateway.ask("/api/v1/series?match[]=absent_metric")
            #expect(none.body == #"{"status":"success","data":[]}"#)
            for (metric, isThere) in [("up", true), ("other", false)] {
                let answer = try await gateway.ask("/api/v1/metadata?metric=\(metric)")
                #expect(answer.status == 200)
                #expect(answer.body.contains("Whether it is up.") == isThere, "\(answer.body)")
            }
            #expect(await double.visits.take().allSatisfy { $0.parameter("metric").isEmpty })
        }
    }
}
