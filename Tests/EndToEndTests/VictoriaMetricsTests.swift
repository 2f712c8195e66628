import Foundation
import GoText
import PrometheusWire
import RealServers
import Testing

extension EndToEnd {
    /// A real VictoriaMetrics as a member, beside real Prometheus servers, with the data of the
    /// member whose place it takes. It evaluates by rules of its own (staleness, `rate`, edges of
    /// windows, which names functions keep), so the queries are those that mean the same in both
    /// languages.
    struct VictoriaMetricsTests {
        /// - Parameter name: of this server alone: what it stores stays in its directory.
        private static func withGateway(
            _ name: String,
            _ body: @escaping @Sendable (HTTPAddress, HTTPAddress) throws -> Void
        ) async throws {
            let scene = try Scene.required()
            try await offPool {
                let member = try VictoriaMetricsServer(
                    name: name, openMetrics: scene.data.openMetrics(member: 1),
                    directory: scene.directory)
                defer { member.process.stop() }
                let gateway = try GatewayServer(
                    name: "\(name)-gateway",
                    members: [
                        .init(name: "a", url: scene.members[0].address.url),
                        .init(name: "b-eu", url: member.address.url),
                        .init(name: "c_us", url: scene.members[2].address.url),
                    ], projects: [.init(name: "all", members: FederationData.members)],
                    directory: scene.directory)
                defer { gateway.process.stop() }
                try body(gateway.project("all"), scene.oracle.address)
            }
        }

        /// Both answers, each as a sorted list of texts.
        private static func expectEqual(
            _ path: String, _ parameters: [(String, String)], _ servers: [HTTPAddress]
        ) throws {
            let answers = try servers.map { server in
                let json = try server.get(path, parameters).json()
                #expect(json["status"]?.text == "success", "\(parameters): \(json)")
                let data = json["data"]
                return (data?["result"]?.items ?? data?.items ?? []).map { "\($0)" }.sorted()
            }
            #expect(answers[0] == answers[1], "\(path) \(parameters)")
            #expect(!answers[1].isEmpty, "\(path) \(parameters)")
        }

        @Test("Queries, labels and series over it are those of the union")
        func union() async throws {
            try await Self.withGateway("victoria-union") { gateway, oracle in
                let end = FederationData.end.wholeSeconds
                for query in [
                    "sum by (project) (count_over_time(temperature[2h]))",
                    "sum(sum_over_time(memory[2h]))", "count(last_over_time(requests_total[2h]))",
                    "max by (project, job) (max_over_time(temperature[2h]))",
                    "count by (project, exported_project) (last_over_time(memory[2h]))",
                    "sum by (project) (count_over_time(up{project=\"b-eu\"}[2h]))",
                    "avg(avg_over_time(memory{exported_project=\"\"}[2h])) > bool 0",
                    "sum_over_time(trap{project=~\"b.*\"}[2h])",
                    "count by (project) (count_over_time(escaped[2h]))",
                ] {
                    try Self.expectEqual(
                        "/api/v1/query", [("query", query), ("time", "\(end)")], [gateway, oracle])
                    try Self.expectEqual(
                        "/api/v1/query_range",
                        [
                            ("query", query), ("start", "\(end)"), ("end", "\(end + 120)"),
                            ("step", "60"),
                        ], [gateway, oracle])
                }
                let times = [("start", "\(FederationData.start.wholeSeconds)"), ("end", "\(end)")]
                for (path, selectors) in [
                    ("labels", []), ("labels", ["memory"]), ("label/job/values", []),
                    ("label/project/values", []), ("label/exported_project/values", ["memory"]),
                    ("series", ["memory{project=\"b-eu\"}", "up"]), ("series", ["trap"]),
                ] {
                    try Self.expectEqual(
                        "/api/v1/\(path)", selectors.map { ("match[]", $0) } + times,
                        [gateway, oracle])
                }
            }
        }

        @Test(
            "Ranges of any number of steps, from any start, are answered at the steps asked for")
        func steps() async throws {
            try await Self.withGateway("victoria-steps") { gateway, oracle in
                // Within the data, and no multiple of the step.
                let start = FederationData.end.wholeSeconds / 15 * 15 - 3600 + 7
                let queries = [
                    // Unions, and what is computed here.
                    "count_over_time(temperature[2h])", "last_over_time(memory[2h]) + 0",
                    "sum(count_over_time(temperature[2h]))",
                    "quantile(0.5, sum_over_time(memory[2h]))",
                    "max by (job) (max_over_time(temperature[2h]))",
                ]
                for (count, query) in [49, 50, 51, 200].flatMap({ count in
                    queries.map { (count, $0) }
                }) {
                    try Self.expectEqual(
                        "/api/v1/query_range",
                        [
                            ("query", query), ("start", "\(start)"),
                            ("end", "\(start + Int64(15 * (count - 1)))"), ("step", "15"),
                        ], [gateway, oracle])
                }
            }
        }

        @Test("Its newest values are its own, and no repetitions of older ones")
        func newest() async throws {
            let scene = try Scene.required()
            try await offPool {
                let now = Int(Date().timeIntervalSince1970)
                let lines = (0...60).map { "newest \($0) \(now - 60 + $0)" }
                let member = try VictoriaMetricsServer(
                    name: "victoria-newest", openMetrics: lines.joined(separator: "\n"),
                    directory: scene.directory)
                defer { member.process.stop() }
                let gateway = try GatewayServer(
                    name: "victoria-newest-gateway",
                    members: [.init(name: "v", url: member.address.url)], projects: [],
                    directory: scene.directory)
                defer { gateway.process.stop() }
                // Asked with other offsets, it repeats the value of half a minute ago.
                let range = try gateway.project("v").get(
                    "/api/v1/query_range",
                    [
                        ("query", "newest"), ("start", "\(now - 20)"), ("end", "\(now)"),
                        ("step", "10"),
                    ])
                let values =
                    #"[[\#(now - 20),"40"],[\#(now - 10),"50"],[\#(now),"60"]]"#
                #expect(range.text.contains(values), "\(range.text)")
                let instant = try gateway.project("v").get(
                    "/api/v1/query", [("query", "newest"), ("time", "\(now)")])
                #expect(instant.text.contains(#"[\#(now),"60"]"#), "\(instant.text)")
            }
        }

        @Test(
            "Its documents are part of the union, and those it does not have are said to be lacking"
        )
        func documents() async throws {
            try await Self.withGateway("victoria-documents") { gateway, _ in
                for path in ["rules", "alerts", "targets", "query_exemplars?query=up"] {
                    let json = try gateway.get("/api/v1/\(path)").json()
                    #expect(json["status"]?.text == "success", "\(path)")
                    #expect(json["warnings"] == nil, "\(path): \(json)")
                }
                for path in ["alertmanagers", "scrape_pools", "targets/metadata"] {
                    let json = try gateway.get("/api/v1/\(path)").json()
                    #expect(json["status"]?.text == "success", "\(path)")
                    #expect(
                        json["warnings"]?.strings
                            == ["project \"b-eu\": the member has no /api/v1/\(path)"])
                }
                let heads = try gateway.get("/api/v1/status/tsdb").json()
                #expect(heads["warnings"] == nil && heads["data"]?["headStats"] != nil)
            }
        }

        @Test("What it cannot is named as its limitation")
        func limitations() async throws {
            try await Self.withGateway("victoria-limitations") { gateway, _ in
                let request = RemoteReadRequest(
                    queries: [
                        .init(start: 0, end: 1, matchers: [.init("__name__", .equal, "up")])
                    ], accepted: [.samples])
                let read = try RemoteReadAnswer.of(gateway, request)
                #expect(
                    read.text.hasPrefix(
                        "project \"b-eu\": HTTP status 400: the member does not serve remote read"))
            }
        }
    }
}
