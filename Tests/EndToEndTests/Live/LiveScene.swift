import Foundation
import RealServers
import TestSupport
import Testing

/// Members that work: they scrape, evaluate rules, fire alerts and keep exemplars. Beside them the
/// gateway, and a Prometheus that scrapes the gateway's `/federate`.
final class LiveScene: Sendable {
    /// Has no `project` of its own anywhere.
    let a: PrometheusServer
    /// Has one in a target, a rule and an alert.
    let b: PrometheusServer
    let gateway: GatewayServer
    let reader: PrometheusServer
    private let pages: [LoopbackServer]
    private let directory: String

    @TaskLocal static var current: LiveScene?

    static func required() throws -> LiveScene {
        guard let scene = current else { throw TestFailure("this test needs live members") }
        return scene
    }

    /// What targets show: exemplars have fixed times, so that each stays the only one.
    private static func page(_ first: String, _ second: String) -> String {
        """
        # HELP orders Orders <taken> & "kept".
        # TYPE orders counter
        orders_total{code="200"} 5 # {trace_id="\(first)"} 1.5 1700000000.5
        orders_total{code="500"} 6 # {trace_id="\(second)",kind="<&>"} 0.1 1700000001
        # EOF

        """
    }

    private static let rules = """
        groups:
          - name: second
            rules:
              - {record: "orders:sum", expr: "sum by (job) (orders_total < 100)"}
              - {record: "orders:kept", expr: orders_total, labels: {kind: "<&>"OWN}}
          - name: first
            rules:
              - alert: Gone
                expr: up == 0
                labels: {severity: page}
                annotations: {summary: "<{{ $labels.job }}> & co"}
              - alert: Waiting
                expr: vector(1.5)
                for: 1h
                labels: {value: '{{ $value }}'OWN}
              - alert: Never
                expr: vector(1) > 2
              - alert: Broken
                # Many to many, however many targets there are yet.
                expr: >-
                  (vector(1) or label_replace(vector(1), "a", "b", "", ""))
                  * on (nope) (vector(1) or label_replace(vector(1), "a", "b", "", ""))

        """

    private static func configuration(page: UInt16, more: String, own: String) -> String {
        """
        global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}
        rule_files: [rules.yml]
        alerting:
          alertmanagers:
            - static_configs: [{targets: ["127.0.0.1:1", "127.0.0.1:2"]}]
        scrape_configs:
          - job_name: shop
            static_configs: [{targets: ["127.0.0.1:\(page)"]\(own)}]
          - job_name: gone
            static_configs: [{targets: ["127.0.0.1:1"]}]
          - job_name: unwanted
            static_configs: [{targets: ["127.0.0.1:1"]}]
            relabel_configs: [{action: drop, regex: ".*", source_labels: [__address__]}]
        \(more)
        """
    }

    init(_ version: PrometheusVersion) throws {
        directory =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("tributary-live-\(UUID().uuidString)").path
        let type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        pages = try [("a<1>", "a2"), ("b1", "b2")].map {
            try LoopbackServer.answering(Self.page($0.0, $0.1), type: type)
        }
        let features = ["--enable-feature=exemplar-storage"]
        for (name, own) in [("a", ""), ("b", ", project: own")] {
            try FileManager.default.createDirectory(
                atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
            try Self.rules.replacingOccurrences(of: "OWN", with: own)
                .write(toFile: "\(directory)/\(name)/rules.yml", atomically: false, encoding: .utf8)
        }
        a = try PrometheusServer(
            name: "a", version: version, directory: directory, options: features,
            configuration: Self.configuration(page: pages[0].port, more: "", own: ""))
        // One member looks after the other.
        b = try PrometheusServer(
            name: "b", version: version, directory: directory, options: features,
            configuration: Self.configuration(
                page: pages[1].port,
                more: """
                      - job_name: neighbour
                        static_configs: [{targets: ["127.0.0.1:\(a.address.port)"]}]
                    """, own: ", labels: {project: own}"))
        gateway = try GatewayServer(
            name: "gateway",
            members: [.init(name: "a", url: a.address.url), .init(name: "b", url: b.address.url)],
            projects: [.init(name: "all", members: ["a", "b"])], directory: directory)
        reader = try PrometheusServer(
            name: "reader", version: version, directory: directory,
            configuration: """
                global: {scrape_interval: 1s, scrape_timeout: 1s}
                scrape_configs:
                  - job_name: federate
                    honor_labels: true
                    metrics_path: /p/all/federate
                    params: {"match[]": ['{job="shop"}', '{__name__=~"ALERTS|orders:.*"}']}
                    static_configs: [{targets: ["127.0.0.1:\(gateway.port)"]}]

                """)
        for member in [a, b] {
            try Self.wait("\(member.process.name) has no alert that fires, or no exemplars") {
                try member.address.get("/api/v1/alerts").text.contains("\"firing\"")
                    && member.address.get(
                        "/api/v1/query_exemplars",
                        [("query", "orders_total"), ("start", "1"), ("end", "2e9")]
                    ).text.contains("trace_id")
                    && member.address.get("/api/v1/query", [("query", "orders:kept")])
                        .text.contains("orders:kept")
            }
        }
    }

    deinit { stop() }

    func stop() {
        reader.process.stop()
        gateway.process.stop()
        b.process.stop()
        a.process.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Waits as long as a loaded machine may need.
    static func wait(_ trouble: String, until isSo: () throws -> Bool) throws {
        let deadline = Date(timeIntervalSinceNow: 120)
        while try !isSo() {
            guard Date() < deadline else { throw TestFailure(trouble) }
            usleep(100_000)
        }
    }

    /// What the gateway says while what the members say does not change.
    ///
    /// - Parameter members: asked before and after the gateway.
    static func settled<Answer: Equatable>(
        members: () throws -> Answer, gateway: () throws -> Answer
    ) throws -> (members: Answer, gateway: Answer) {
        for _ in 0..<200 {
            let before = try members()
            let ours = try gateway()
            if try members() == before { return (before, ours) }
        }
        throw TestFailure("the members never stood still")
    }
}

/// Starts live members before the suites, and stops them after.
struct LiveSceneTrait: SuiteTrait, TestScoping {
    let version: PrometheusVersion

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let scene = try await offPool { try LiveScene(version) }
        defer { scene.stop() }
        try await LiveScene.$current.withValue(scene) { try await function() }
    }
}

extension Trait where Self == LiveSceneTrait {
    /// Members that scrape, evaluate rules and fire alerts.
    static func liveScene(_ version: PrometheusVersion) -> Self {
        LiveSceneTrait(version: version)
    }
}

/// What members know beside their series: these suites share one set of servers.
@Suite("Live members", .liveScene(.three), .serialized)
struct LiveMembers {}
