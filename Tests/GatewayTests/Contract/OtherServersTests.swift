import EmbeddedPrometheus
import Foundation
import GatewayConfiguration
import GoText
import Logging
import PrometheusServer
import PrometheusWire
import Testing
import Upstream
import UpstreamSettings

@testable import Federation
@testable import Gateway

/// Members that are no plain Prometheus, each behind the real gateway and the real client.
@Suite(.closesGateways) struct OtherServersTests {
    private static func gateway(_ yaml: String) throws -> PrometheusResponder {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try GatewayApplication(
            configuration: Configuration.parse(yaml, path: "c.yaml"), logger: logger
        ).closedAtTheEnd().responder
    }

    /// Every way to ask, with what a plain Prometheus would have to say to it.
    private static func asksEverything(
        _ gateway: PrometheusResponder, project: String, members: [String], jobs: Int
    ) async throws {
        let now = WallClock.now().wholeSeconds
        let series = members.count * jobs
        func count(_ text: String, _ answer: TestAnswer) -> Int {
            answer.body.components(separatedBy: text).count - 1
        }
        let root = "/p/\(project)/api/v1/"
        let union = try await gateway.ask(root + "query?query=up&time=\(now)")
        #expect(union.status == 200, "\(union.body)")
        #expect(count(#"{"metric":{"__name__":"up""#, union) == series)
        for name in members { #expect(count("\"project\":\"\(name)\"", union) == jobs) }
        let sum = try await gateway.ask(root + "query?query=sum(up)&time=\(now)")
        #expect(sum.body.contains(#""value":[\#(now),"\#(series)"]"#), "\(sum.body)")
        let range = try await gateway.ask(
            root + "query_range?query=up&start=\(now)&end=\(now + 15)&step=15")
        #expect(count(#""values":[["#, range) == series, "\(range.body)")
        let labels = try await gateway.ask(root + "labels")
        #expect(labels.body == #"{"status":"success","data":["__name__","job","project"]}"#)
        let values = try await gateway.ask(root + "label/job/values")
        let jobNames = (1...jobs).map { "\"j\($0)\"" }.joined(separator: ",")
        #expect(values.body == #"{"status":"success","data":[\#(jobNames)]}"#)
        let found = try await gateway.ask(root + "series?match[]=up")
        #expect(count(#""__name__":"up""#, found) == series, "\(found.body)")
        let metadata = try await gateway.ask(root + "metadata")
        #expect(
            metadata.body
                == #"{"status":"success","data":{"up":[{"type":"gauge","unit":"","#
                + #""help":"Whether it is up."}]}}"#)
    }

    // MARK: - Thanos Query

    @Test func `Thanos Query answers as a Prometheus does`() async throws {
        let a = ThanosQueryDouble(api: SampleData.up(jobs: 3))
        let b = ThanosQueryDouble(api: SampleData.up(jobs: 3))
        try await LoopbackServers.serve(["a": a.responder, "b": b.responder]) { ports in
            let gateway = try Self.gateway(
                """
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"}}
                  - {name: b, prometheus: {url: "http://127.0.0.1:\(ports["b"] ?? 0)"}}
                  - {name: all, memberProjects: [a, b]}
                """)
            try await Self.asksEverything(gateway, project: "all", members: ["a", "b"], jobs: 3)
            // Forms are understood, so that nothing was asked twice.
            let asked = await a.visits.take()
            #expect(asked.filter { $0.path == "/api/v1/query" }.map(\.method) == ["POST", "POST"])
            #expect(asked.allSatisfy { $0.parameter("partial_response").isEmpty })
            // There is no remote read; and whatever the type says, the body is the request.
            let block = try RemoteReadRequest(
                queries: [.init(start: 0, end: 1, matchers: [.init("job", .equal, "j1")])],
                accepted: [.samples]
            ).body
            for type in ["application/x-protobuf", "application/x-www-form-urlencoded"] {
                let request = try #require(
                    PrometheusRequest(
                        method: "POST", target: "/p/a/api/v1/read",
                        headers: ["Content-Type": type], body: block))
                let (status, _, bytes) = try await gateway.respond(to: request).collected()
                #expect(status == 503)
                #expect(
                    String(decoding: bytes, as: UTF8.self).contains(
                        "the member does not serve remote read"))
            }
        }
    }

    private static let unreachableStore =
        "receive series from Addr: eu-west:10901: rpc error: code = Unavailable desc = gone"

    @Test(arguments: [
        // Under `safe` only what could turn out wrong must be whole.
        ("safe", "up", 200), ("safe", "sum(up)", 200), ("safe", "absent(up)", 422),
        // All of it runs there, and could turn out wrong there.
        ("safe", "up unless on(job) up", 422), ("safe", "sum by (project) (up) > 0", 422),
        ("abort", "up", 422), ("warn", "absent(up)", 200),
    ])
    func `A store that Thanos cannot reach is a part that is missing`(
        policy: String, query: String, status: Int
    ) async throws {
        let double = ThanosQueryDouble(
            api: SampleData.up(jobs: 1), missingStore: Self.unreachableStore)
        try await LoopbackServers.serve(["t": double.responder]) { ports in
            let gateway = try Self.gateway(
                """
                projects:
                  - {name: t, prometheus: {url: "http://127.0.0.1:\(ports["t"] ?? 0)"},
                     partialResponse: \(policy)}
                """)
            let answer = try await gateway.query(query, of: "t")
            #expect(answer.status == status, "\(answer.body)")
            #expect(answer.body.contains(Self.unreachableStore))
            let isNamed = answer.body.contains(
                #""warnings":["project \"t\": \#(Self.unreachableStore) ("#)
            #expect(isNamed == (status == 200))
        }
    }

    @Test func `The version of Thanos is not one of Prometheus`() async throws {
        let double = ThanosQueryDouble(api: SampleData.up(jobs: 1))
        try await LoopbackServers.serve(["t": double.responder]) { ports in
            let configuration = try MemberVersions.configuration(port: ports["t"] ?? 0)
            let known = await MemberVersions.capabilities(configuration)
            #expect(known.version == "0.38.0" && known.rangeBoundary == .leftOpen)
        }
    }

    // MARK: - Mimir

    @Test func `Mimir answers each tenant below its prefix`() async throws {
        let double = MimirDouble(tenants: [
            "tenant-a": SampleData.up(jobs: 2), "tenant-b": SampleData.up(jobs: 2),
        ])
        try await LoopbackServers.serve(["m": double.responder]) { ports in
            let url = "http://127.0.0.1:\(ports["m"] ?? 0)/prometheus"
            let gateway = try Self.gateway(
                """
                projects:
                  - {name: a, prometheus: {url: "\(url)", headers: {X-Scope-OrgID: tenant-a}}}
                  - {name: b, prometheus: {url: "\(url)", headers: {X-Scope-OrgID: tenant-b}}}
                  - {name: nobody, prometheus: {url: "\(url)"}}
                  - {name: all, memberProjects: [a, b]}
                """)
            try await Self.asksEverything(gateway, project: "all", members: ["a", "b"], jobs: 2)
            let tenants = await double.visits.take().map { $0.headers["X-Scope-OrgID"] }
            #expect(Set(tenants) == ["tenant-a", "tenant-b"])
            for path in ["query?query=up", "labels", "status/config"] {
                let answer = try await gateway.ask("/p/nobody/api/v1/\(path)")
                #expect(!answer.body.contains("tenant-a"), "\(path)")
                guard path != "status/config" else { continue }
                #expect(answer.status == 503)
                #expect(
                    answer.body.contains(#"project \"nobody\": HTTP status 401: \"no org id\""#),
                    "\(answer.body)")
            }
        }
    }

    @Test(arguments: [
        (MimirDouble.Limit.requests, 503, "unavailable", "too_many_requests: too many outstanding"),
        (.chunks, 422, "execution", "the query exceeded the maximum number of chunks"),
    ])
    func `Limits of a Mimir tenant keep their words`(
        limit: MimirDouble.Limit, status: Int, type: String, text: String
    ) async throws {
        let double = MimirDouble(tenants: [:], limit: limit)
        try await LoopbackServers.serve(["m": double.responder]) { ports in
            let gateway = try Self.gateway(
                """
                projects:
                  - name: m
                    prometheus:
                      url: "http://127.0.0.1:\(ports["m"] ?? 0)/prometheus"
                      headers: {X-Scope-OrgID: secret-tenant}
                """)
            let answer = try await gateway.query("up", of: "m")
            #expect(answer.status == status)
            #expect(answer.body.contains(#""errorType":"\#(type)""#), "\(answer.body)")
            #expect(answer.body.contains(text), "\(answer.body)")
            let configuration = try await gateway.ask("/p/m/api/v1/status/config")
            #expect(!(answer.body + configuration.body).contains("secret-tenant"))
            #expect(configuration.body.contains("X-Scope-OrgID"))
        }
    }

    @Test(arguments: [("2.14.2", true), ("2.15.0", false), ("3.0.1", false)])
    func `The version of Mimir is its own`(version: String, isClosed: Bool) async throws {
        let double = MimirDouble(tenants: [:], version: version)
        try await LoopbackServers.serve(["m": double.responder]) { ports in
            let url = try ServerURL("http://127.0.0.1:\(ports["m"] ?? 0)/prometheus")
            let headers = [NamedSecret(name: "X-Scope-OrgID", value: Secret("a"))]
            let configuration = UpstreamConfiguration(
                name: "m", source: .prometheus(PrometheusSource(url: url, headers: headers)))
            let known = await MemberVersions.capabilities(configuration)
            #expect((known.rangeBoundary == .closed) == isClosed && known.hasCustomBuckets)
        }
    }

    // MARK: - Servers that lack endpoints

    private static let key = "0123456789abcdef"

    /// A Coroot, configured as if it were a Prometheus.
    private func withLacking(
        _ capabilities: String,
        _ work: @escaping @Sendable (PrometheusResponder, Visits) async throws -> Void
    ) async throws {
        let double = RemoteCorootDouble(
            key: Self.key, backing: .prometheus(SampleData.up(jobs: 2)))
        try await LoopbackServers.serve(["c": double.responder]) { ports in
            let gateway = try Self.gateway(
                """
                query: {rangeBoundary: leftOpen}
                projects:
                  - name: c
                    prometheus:
                      url: "http://127.0.0.1:\(ports["c"] ?? 0)"
                      headers: {X-API-Key: "\(Self.key)"}
                      \(capabilities)
                """)
            try await work(gateway, double.visits)
        }
    }

    /// The paths of what was asked, but for the version, which decides how computed queries are
    /// evaluated here.
    private static func asked(_ visits: Visits) async -> [String] {
        await visits.take().map(\.path).filter { !$0.hasSuffix("/status/buildinfo") }
    }

    @Test func `What a member lacks is found out once, and made up for`() async throws {
        try await withLacking("") { gateway, visits in
            try await Self.asksEverything(gateway, project: "c", members: ["c"], jobs: 2)
            #expect(
                await Self.asked(visits) == [
                    "/api/v1/query", "/api/v1/query_range", "/api/v1/query_range",
                    "/api/v1/query_range", "/api/v1/labels", "/api/v1/series",
                    "/api/v1/label/job/values", "/api/v1/series", "/api/v1/metadata",
                ])
            // Finding out was no failure of the member.
            let metrics = try await gateway.ask("/metrics")
            let failures = metrics.body.split(separator: "\n").filter {
                $0.hasPrefix("tributary_member_failures_total{") && !$0.hasSuffix(" 0")
            }
            #expect(failures == [])
        }
    }

    @Test func `What a member is said to lack is not tried`() async throws {
        let said =
            "capabilities: {instantQuery: emulated, labelNames: emulated, labelValues: emulated}"
        try await withLacking(said) { gateway, visits in
            try await Self.asksEverything(gateway, project: "c", members: ["c"], jobs: 2)
            #expect(
                Set(await Self.asked(visits)) == [
                    "/api/v1/query_range", "/api/v1/series", "/api/v1/metadata",
                ])
            // No step has a range of samples.
            let window = try await gateway.query("up[5m]", of: "c")
            #expect(window.status == 400)
            #expect(window.body.contains("it has no instant queries"), "\(window.body)")
        }
    }

    @Test func `What a member is said to have is asked, whatever comes of it`() async throws {
        try await withLacking("capabilities: {instantQuery: native}") { gateway, visits in
            let answer = try await gateway.query("up", of: "c")
            #expect(answer.status == 503)
            #expect(
                answer.body.contains(#"project \"c\": not a Prometheus API: the answer is HTML"#))
            #expect(await visits.take().map(\.path) == ["/api/v1/query"])
        }
    }

    @Test func `Where nothing stands in, the first answer is the error`() async throws {
        let visits = Visits()
        let page = visits.responder { _ in .text(status: 404, "404 page not found\n") }
        try await LoopbackServers.serve(["x": page]) { ports in
            let gateway = try Self.gateway(
                """
                query: {rangeBoundary: leftOpen}
                projects:
                  - {name: x, prometheus: {url: "http://127.0.0.1:\(ports["x"] ?? 0)"}}
                """)
            for _ in 0..<2 {
                let answer = try await gateway.query("up", of: "x")
                #expect(answer.status == 503)
                #expect(answer.body.contains("HTTP status 404"), "\(answer.body)")
                #expect(
                    await visits.take().map(\.path)
                        == ["/api/v1/query", "/api/v1/query_range"])
            }
        }
    }
}
