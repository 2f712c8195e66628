import Foundation
import GatewayConfiguration
import PrometheusServer
import PrometheusWire
import Testing
import Upstream

@testable import Federation
@testable import Gateway
@testable import GatewayState

/// What the gateway tells of itself on `/metrics`, `/version` and `/-/ready`.
@Suite(.closesGateways) struct GatewayMetricsTests {
    private static let yaml = """
        projects:
          - {name: a, prometheus: {url: http://127.0.0.1:1}}
          - {name: b, prometheus: {url: http://127.0.0.1:1}}
          - {name: world, memberProjects: [a, b], partialResponse: warn}
        auth: {tokens: [{name: root, token: root-token, admin: true}]}
        """

    private func metrics(of gateway: TestGateway, accept: String = "") async throws -> [String] {
        let answer = try await gateway.send(
            "GET", "/metrics",
            headers: ["Authorization": "Bearer root-token", "Accept": accept])
        return answer.body.split(separator: "\n").map(String.init)
    }

    @Test func `The reference page is what the program says of itself`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appendingPathComponent("docs/metrics.md"), encoding: .utf8)
        #expect(
            MetricsReference.page == page,
            "write it anew: .build/debug/tributary metrics > docs/metrics.md")
    }

    @Test func `Every family that is shown is in the reference, with its labels`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        _ = try await gateway.get("/p/world/api/v1/query?query=up")
        let declared = Dictionary(
            GatewayExposition.families.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first })
        #expect(declared.count == GatewayExposition.families.count)
        let routes = gateway.application.live.current.value
        let shown = try #require(routes.ownExposition(gateway.application))
        #expect(shown.families.count >= 35)
        for family in shown.families {
            #expect(declared[family.declared.name] == family.declared)
            for sample in family.samples {
                let names = sample.labels.map(\.name).filter { $0 != "le" }
                #expect(names == family.declared.labels, "\(family.declared.name)")
            }
        }
    }

    @Test func `Names are those of the field`() {
        for family in GatewayExposition.families {
            let isCounter = family.kind == .counter
            #expect(family.name.hasSuffix("_total") == isCounter, "\(family.name)")
            #expect(
                family.name.hasPrefix("tributary_") || family.name.hasPrefix("process_"),
                "\(family.name)")
            #expect(family.help.hasSuffix("."), "\(family.name)")
            if family.kind == .histogram { #expect(family.unit == "seconds") }
        }
    }

    @Test func `Queries are counted by who computes them, and what answers say by its kind`()
        async throws
    {
        let gateway = try await TestGateway(Self.yaml)
        for query in ["up", "sum(up)", "quantile(0.5,up)", "1%2B1", "quantile(2,vector(1))"] {
            _ = try await gateway.get("/p/world/api/v1/query?query=\(query)")
        }
        let lines = try await metrics(of: gateway)
        for (computed, count) in [("members", 1), ("merged", 1), ("gateway", 1), ("none", 2)] {
            #expect(
                lines.contains("tributary_query_plans_total{computed=\"\(computed)\"} \(count)"))
        }
        let ratio = lines.first { $0.hasPrefix("tributary_plan_pushdown_ratio ") }
        #expect(ratio?.hasPrefix("tributary_plan_pushdown_ratio 0.666666") == true)
        // The quantile is out of range. The members do not answer, which is an error and no warning.
        for (kind, count) in [("missing", 0), ("warning", 1), ("info", 0)] {
            #expect(lines.contains("tributary_warnings_total{kind=\"\(kind)\"} \(count)"))
        }
    }

    @Test func `Limits that all queries share are shown from the start`() async throws {
        let lines = try await metrics(of: try await TestGateway(Self.yaml))
        for key in ["limits.maxMemory", "limits.maxQueueMemory"] {
            #expect(lines.contains("tributary_limits_exceeded_total{limit=\"\(key)\"} 0"))
        }
        let shown = GatewayMetrics().exposition(["limits.maxMemory": 2]).families
        let family = shown.first { $0.declared.name == "tributary_limits_exceeded_total" }
        #expect(family?.samples.map(\.value) == [2])
    }

    @Test func `A reader that prefers OpenMetrics gets it`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        _ = try await gateway.get("/p/world/api/v1/query?query=up")
        let accept =
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        let answer = try await gateway.send(
            "GET", "/metrics", headers: ["Authorization": "Bearer root-token", "Accept": accept])
        #expect(
            answer.headers["Content-Type"]
                == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(answer.body.hasSuffix("\n# EOF\n"))
        let lines = answer.body.split(separator: "\n").map(String.init)
        #expect(lines.contains("# TYPE tributary_member_requests counter"))
        #expect(lines.contains("# TYPE process_cpu_seconds counter"))
        #expect(lines.contains("# UNIT process_cpu_seconds seconds"))
        #expect(lines.contains { $0.hasPrefix("process_cpu_seconds_total ") })
        let plain = try await gateway.get("/metrics")
        #expect(plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(!plain.body.contains("# EOF") && !plain.body.contains("# UNIT"))
    }

    @Test(arguments: [
        ("", false), ("*/*", false), ("text/plain", false), ("application/openmetrics-text", true),
        ("text/plain;q=0.9,application/openmetrics-text;q=0.8", false),
        ("application/openmetrics-text;version=0.0.1", false),
        (
            "application/vnd.google.protobuf;q=1,application/openmetrics-text;version=1.0.0;q=0.5",
            true
        ),
    ])
    func `The format is the one that the reader likes best`(accept: String, isOpen: Bool) throws {
        let request = try #require(
            PrometheusRequest(
                method: "GET", target: "/metrics", headers: ["Accept": accept], body: []))
        let response = GatewayExposition.response(ExpositionText(), to: request)
        #expect(
            response.headers["Content-Type"]?.hasPrefix("application/openmetrics-text") == isOpen)
    }

    @Test func `Versions, the configuration and its store are there`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        let first = try await metrics(of: gateway)
        #expect(
            first.contains(
                "tributary_build_info{version=\"\(ProductVersion.text)\",prometheus=\"3.14.0\"} 1"))
        #expect(first.contains("tributary_store_up 1"))
        let hashes = first.filter { $0.hasPrefix("tributary_config_info{") }
        #expect(hashes.count == 1 && hashes[0].wholeMatch(of: /.*hash="[0-9a-f]{12}".*/) != nil)
        gateway.write(Self.yaml + "\nquery: {lookback: 1m}")
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        let second = try await metrics(of: gateway)
        #expect(second.filter { $0.hasPrefix("tributary_config_info{") } != hashes)
        for name in [
            "process_open_fds", "process_max_fds", "process_resident_memory_bytes",
            "process_virtual_memory_bytes", "process_cpu_seconds_total",
            "process_start_time_seconds",
        ] {
            #expect(second.contains { $0.hasPrefix(name + " ") && !$0.hasSuffix(" 0") }, "\(name)")
        }
    }

    @Test func `A member is neither up nor down until it was asked`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        #expect(
            try await !metrics(of: gateway).contains { $0.hasPrefix("tributary_member_up{") })
        for (_, client) in gateway.application.live.current.value.enabledMembers {
            await client.probe()
        }
        let lines = try await metrics(of: gateway)
        #expect(lines.contains(#"tributary_member_up{member="a"} 0"#))
        #expect(lines.contains(#"tributary_member_probes_total{member="b",result="failed"} 1"#))
        #expect(lines.contains(#"tributary_member_requests_total{member="b"} 0"#))
        #expect(lines.contains(#"tributary_member_circuit{member="b",state="closed"} 1"#))
    }

    @Test func `Members are probed as the configuration in force says`() async throws {
        let clusters = """

            clusters:
              - {name: here, prometheus: {url: http://127.0.0.1:1}}
              - {name: off, prometheus: {url: http://127.0.0.1:1}, enabled: false}
            """
        let gateway = try await TestGateway(Self.yaml + clusters + "\nprobes: {interval: 0s}")
        let probing = MemberProbing(live: gateway.application.live)
        let task = Task { try await probing.run() }
        gateway.write(Self.yaml + clusters + "\nprobes: {interval: 100ms}")
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        var shown: [String] = []
        while shown.count < 3 {
            shown = try await metrics(of: gateway).filter { $0.hasPrefix("tributary_member_up{") }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(shown == ["a", "b", "here"].map { "tributary_member_up{member=\"\($0)\"} 0" })
        task.cancel()
        try await task.value
    }

    @Test func `Requests that are turned away are counted by reason`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        for headers in [
            [:], ["Authorization": "Bearer wrong"], ["Authorization": "Bearer wrong"],
        ] as [HTTPHeaders] {
            #expect(
                try await gateway.send("GET", "/api/v1/labels", headers: headers).status == 401)
        }
        let lines = try await metrics(of: gateway)
        #expect(lines.contains(#"tributary_auth_failures_total{reason="missing"} 1"#))
        #expect(lines.contains(#"tributary_auth_failures_total{reason="unknown"} 2"#))
        #expect(lines.contains(#"tributary_auth_failures_total{reason="forbidden"} 0"#))
    }

    @Test func `Failures of members are counted by reason`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        _ = try await gateway.get("/p/a/api/v1/query?query=up")
        let lines = try await metrics(of: gateway)
        #expect(
            lines.contains(#"tributary_member_failures_total{member="a",reason="connect"} 1"#))
        #expect(
            lines.contains(#"tributary_member_failures_total{member="b",reason="connect"} 0"#))
    }

    // MARK: Version and readiness

    @Test func `The version is the gateway's own beside the one whose behaviour is claimed`()
        async throws
    {
        let gateway = try await TestGateway(Self.yaml)
        let body = try await gateway.get("/version").body
        #expect(body.hasPrefix(#"{"version":"3.14.0","#))
        #expect(body.hasSuffix("\"tributary\":\"\(ProductVersion.text)\"}\n"))
        let build = try await gateway.get("/api/v1/status/buildinfo").body
        #expect(!build.contains(#""tributary":""#))
    }

    @Test func `Members count for readiness where that is asked for`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        #expect(try await gateway.get("/-/ready").status == 200)
        for members in ["all", "any"] {
            for method in ["GET", "HEAD"] {
                let answer = try await gateway.send(method, "/-/ready?members=\(members)")
                #expect(answer.status == 503)
            }
        }
        let wrong = try await gateway.get("/-/ready?members=some")
        #expect(wrong.status == 400)
        #expect(wrong.body.contains("must be all or any"))
    }
}

extension RuntimeSnapshot {
    /// What `/metrics` shows, as values.
    fileprivate func ownExposition(_ application: GatewayApplication) -> ExpositionText? {
        GatewayExposition(
            configuration: configuration, compatibility: "3.14.0", process: ProcessMetrics(),
            requests: application.metrics, members: MemberMetrics(clients.named),
            secrets: SecretMetrics(files: secretFiles), reloads: application.live.reloads.value
        ).text(resources.load, resources)
    }
}
