import Foundation
import GoText
import PrometheusWire
import RealServers
import TestSupport
import Testing

/// Projects that are parts of one real Prometheus: what each endpoint shows of the others.
@Suite(.enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct SharedServerTests {
    private static let key = "0123456789abcdef0123456789abcdef"
    private static let base = 1_700_000_000
    private static let clusters = ["alpha", "bravo", "charlie"]

    /// Series of a cluster; all of their values say whose they are.
    private static func data(of clusters: [String]) -> String {
        var text = ""
        for name in ["requests_total", "target_info", "up"] {
            for cluster in clusters {
                let more = name == "target_info" ? #",version="\#(cluster)-1""# : ""
                let own = #"only_\#(cluster)="\#(cluster)""#
                let labels = #"{cluster="\#(cluster)",instance="i",job="j",\#(own)\#(more)}"#
                for step in 0...120 {
                    let value = name == "requests_total" ? 10 * step : 1
                    text += "\(name)\(labels) \(value) \(base + 15 * step)\n"
                }
            }
        }
        return text + "# EOF\n"
    }

    private static func configuration(rules: String) -> String {
        var text = "global: {evaluation_interval: 1s}\nrule_files: [\(rules)]\nscrape_configs:\n"
        text += "  - job_name: shared\n    scrape_interval: 1h\n    scrape_timeout: 1s\n"
        text += "    static_configs:\n"
        for cluster in clusters {
            text += "      - {targets: [\"127.0.0.1:1\"], labels: {cluster: \(cluster)}}\n"
        }
        text += "  - job_name: pool-of-bravo\n    relabel_configs: [{action: drop}]\n"
        text += "    static_configs: [{targets: [\"127.0.0.1:2\"], labels: {cluster: bravo}}]\n"
        return text
    }

    private static var rules: String {
        var text = "groups:\n"
        for cluster in clusters {
            text += "  - name: rules-of-\(cluster)\n    rules:\n"
            text += "      - {record: \"r:\(cluster)\", expr: vector(1), "
            text += "labels: {cluster: \(cluster)}}\n"
            text += "      - {alert: \"A\(cluster)\", expr: vector(1), "
            text += "labels: {cluster: \(cluster)}}\n"
            text += "      - {record: \"bare:\(cluster)\", expr: vector(1)}\n"
        }
        return text
    }

    struct Shared: Sendable {
        var server: PrometheusServer
        /// Holds the series of the first cluster alone.
        var alone: PrometheusServer
        var gateway: HTTPAddress
    }

    func withShared(
        hidesLabel: Bool = false, _ work: @Sendable (Shared) throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let rules = "\(folder)/rules.yml"
                try Self.rules.write(toFile: rules, atomically: true, encoding: .utf8)
                let features = ["--enable-feature=promql-experimental-functions"]
                let server = try PrometheusServer(
                    name: "shared", openMetrics: Self.data(of: Self.clusters), directory: folder,
                    options: features, configuration: Self.configuration(rules: rules))
                let alone = try PrometheusServer(
                    name: "alone", openMetrics: Self.data(of: ["alpha"]), directory: folder,
                    options: features)
                var text = "auth: {tokens: [{name: people, token: token-of-people}]}\n"
                text += "query: {features: [promql-experimental-functions]}\nprojects:\n"
                for cluster in Self.clusters {
                    text += "  - name: of-\(cluster)\n    selector: '{cluster=\"\(cluster)\"}'\n"
                    if hidesLabel { text += "    keepLabel: false\n" }
                    text += "    prometheus: {url: \"\(server.address.url)\"}\n"
                    if cluster == "alpha" { text += "    apiKeys: [{key: \(Self.key)}]\n" }
                }
                let path = "\(folder)/gateway.yaml"
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                let (process, address) = try ChildProcess.gateway("gateway", over: path, in: folder)
                defer { process.stop() }
                try Self.waitUntilComplete(server.address)
                try work(Shared(server: server, alone: alone, gateway: address))
            }
        }
    }

    /// Rules have to be evaluated once, and targets are found some seconds after the start.
    private static func waitUntilComplete(_ server: HTTPAddress) throws {
        for _ in 0..<600 {
            let alerts = try server.get("/api/v1/alerts").text
            let targets = try server.get("/api/v1/targets").text
            let isDropped = targets.contains("\"pool-of-bravo\":1")
            if isDropped, clusters.allSatisfy({ alerts.contains("A\($0)") }),
                clusters.allSatisfy({ targets.contains("\"cluster\":\"\($0)\",\"instance\"") })
            {
                return
            }
            usleep(100_000)
        }
    }

    static let token = [("Authorization", "Bearer token-of-people")]

    /// Every endpoint that tells of a member, and how many of its answers name the project's cluster.
    static let paths: [(path: String, parameters: [(String, String)], hasOwn: Bool)] = [
        ("query", [("query", "{__name__=~\".+\"}"), ("time", "\(base + 900)")], true),
        ("query", [("query", "info(requests_total)"), ("time", "\(base + 900)")], true),
        (
            "query_range",
            [
                ("query", "up"), ("start", "\(base)"), ("end", "\(base + 900)"), ("step", "60"),
            ], true
        ),
        ("labels", [], true), ("labels", [("match[]", "up")], true),
        ("label/cluster/values", [], true), ("label/__name__/values", [], true),
        ("label/version/values", [], true), ("label/instance/values", [], false),
        ("series", [("match[]", "{__name__=~\".+\"}")], true),
        ("series", [("match[]", "{cluster=\"bravo\"}"), ("match[]", "up")], true),
        ("query_exemplars", [("query", "requests_total")], false), ("metadata", [], false),
        ("targets", [], true), ("targets", [("state", "dropped")], false),
        ("targets/metadata", [], false), ("targets/metadata", [("limit", "1")], false),
        ("scrape_pools", [], false), ("rules", [], true), ("rules", [("type", "alert")], true),
        ("rules", [("group_limit", "1")], true), ("alerts", [], true),
        ("alertmanagers", [], false), ("status/tsdb", [], false), ("status/tsdb/blocks", [], false),
        ("explain", [("query", "sum(up)")], false),
        ("scrape_pools/config", [("scrapePool", "of-alpha/pool-of-bravo")], false),
        (
            "targets/relabel_steps",
            [("scrapePool", "of-alpha/pool-of-bravo"), ("labels", "{}")], false
        ),
    ]

    @Test("No endpoint of a project shows anything of another one of its server")
    func foreign() async throws {
        try await withShared { shared in
            for (path, parameters, hasOwn) in Self.paths {
                let answer = try shared.gateway.get(
                    "/p/of-alpha/api/v1/\(path)", parameters, headers: Self.token)
                // The pool's name is the question's.
                let text = answer.text.replacing("of-alpha/pool-of-bravo", with: "")
                    .replacing("of-alpha", with: "")
                let subject = "\(path) \(parameters): \(text.prefix(600))"
                #expect(!text.contains("bravo") && !text.contains("charlie"), "\(subject)")
                #expect(text.contains("alpha") == hasOwn, "\(subject)")
            }
            let federated = try shared.gateway.get(
                "/p/of-alpha/federate",
                [("match[]", "{__name__=~\".+\"}")], headers: Self.token)
            #expect(federated.status == 200 && federated.text.contains("alpha"))
            #expect(!federated.text.contains("bravo") && !federated.text.contains("charlie"))
        }
    }

    @Test("Remote read gives the project's series, as samples and as chunks")
    func remoteRead() async throws {
        try await withShared { shared in
            for accepted in [
                [RemoteReadRequest.ResponseType.samples], [.streamedChunks, .samples],
            ] {
                let request = RemoteReadRequest(
                    queries: [
                        RemoteReadRequest.Query(
                            start: 1_700_000_000_000, end: 1_700_000_900_000,
                            matchers: [.init("job", .equal, "j")])
                    ], accepted: accepted)
                let answer = try shared.gateway.post(
                    "/api/v1/read", body: request.body,
                    headers: [
                        ("Content-Encoding", "snappy"), ("Content-Type", "application/x-protobuf"),
                        ("X-Prometheus-Remote-Read-Version", "0.1.0"), ("X-API-Key", Self.key),
                    ])
                let read = try RemoteReadAnswer(answer, queries: 1)
                let theirs = try RemoteReadAnswer(
                    RemoteReadAnswer.of(shared.alone.address, request), queries: 1)
                #expect(read.results[0].sorted() == theirs.results[0].sorted())
                #expect(read.results[0].count == 3)
            }
        }
    }

    @Test("What cannot be restricted is left out, with a warning that names project and endpoint")
    func warnings() async throws {
        try await withShared { shared in
            for path in [
                "metadata", "scrape_pools", "alertmanagers", "status/tsdb", "status/tsdb/blocks",
                "rules", "targets",
            ] {
                let answer = try shared.gateway.get(
                    "/p/of-alpha/api/v1/\(path)", headers: Self.token)
                let warnings = try answer.json()["warnings"]?.items?.compactMap(\.text) ?? []
                #expect(
                    answer.status == 200 && warnings.count == 1
                        && warnings.first?.hasPrefix("project \"of-alpha\": ") == true
                        && warnings.first?.contains("/api/v1/\(path) left out") == true,
                    "\(path): \(warnings)")
            }
        }
    }

    @Test("Read by its own key, the project is a server that holds its series alone")
    func alone() async throws {
        try await withShared { shared in
            for query in [
                "up", "sum(up)", #"absent(up{cluster="alpha"})"#, #"absent(up{cluster="bravo"})"#,
                #"absent(nope{cluster="alpha",job="x"})"#, #"absent(nope{cluster=~"alpha"})"#,
                "absent(nope)", #"absent_over_time(nope{cluster="bravo"}[5m])"#,
                "rate(requests_total[5m])", "sum by (cluster) (increase(requests_total[10m]))",
                "info(requests_total)", "sum by (version) (info(rate(requests_total[5m])))",
                #"info(up, {version=~".+"})"#, "info(up) + on (instance) group_left () up",
                #"up{cluster=""}"#, #"{__name__=~".+",cluster!="bravo"}"#, "topk(1, up)",
                "max_over_time(up[10m:1m])", "scalar(up)", "up[1m]", "up(", "1 + 1",
            ] {
                let parameters = [("query", query), ("time", "\(Self.base + 1207).5")]
                let ours = try shared.gateway.get(
                    "/api/v1/query", parameters, headers: [("X-API-Key", Self.key)])
                let own = try shared.alone.address.get("/api/v1/query", parameters)
                #expect(ours.status == own.status && ours.text == own.text, "\(query)")
            }
        }
    }
}
