import GoText
import RealServers
import Testing

extension EndToEnd {
    /// The requests that Grafana's Prometheus data source makes, in its forms, and what its
    /// parsers need of the answers.
    struct GrafanaTests {
        /// How a data source is set up, for the kind of server it takes the gateway for.
        enum Flavour: String, CaseIterable, Sendable {
            case prometheus, mimir, thanos

            /// Custom query parameters, which go with every request.
            var parameters: [(String, String)] {
                switch self {
                case .prometheus, .mimir: []
                case .thanos:
                    [
                        ("dedup", "true"), ("partial_response", "true"),
                        ("max_source_resolution", "0s"),
                    ]
                }
            }

            /// What Grafana tells of the request, and what the data source adds.
            var headers: [(String, String)] {
                let own = [
                    ("User-Agent", "Grafana/11.6.0"), ("X-Grafana-Org-Id", "1"),
                    ("X-Dashboard-Uid", "tributary-federation"), ("X-Panel-Id", "2"),
                    ("X-Datasource-Uid", "tributary"), ("X-Grafana-Referer", "http://g/d/x"),
                    ("X-Query-Group-Id", "5f6"), ("X-Grafana-Cache", "skip"),
                    ("FromAlert", "true"), ("Accept", "application/json, text/plain, */*"),
                ]
                return self == .mimir ? own + [("X-Scope-OrgID", "tenant-1|tenant-2")] : own
            }
        }

        private static let start = FederationData.start.wholeSeconds
        private static let end = FederationData.end.wholeSeconds
        private static let window = [("start", "\(start)"), ("end", "\(end)")]

        /// Runs a test's requests in the way of a flavour.
        private struct DataSource: Sendable {
            var server: HTTPAddress
            var flavour: Flavour

            func get(_ path: String, _ parameters: [(String, String)] = []) throws -> HTTPAnswer {
                try server.get(
                    path, parameters + flavour.parameters, headers: flavour.headers)
            }

            func post(_ path: String, _ parameters: [(String, String)] = []) throws -> HTTPAnswer {
                // Custom parameters stand in the URL, the others in the form.
                let custom = HTTPAddress.form(flavour.parameters)
                return try server.post(
                    custom.isEmpty ? path : "\(path)?\(custom)", parameters,
                    headers: flavour.headers)
            }

            /// The `data` of a success, which has no notices.
            func data(_ answer: HTTPAnswer) throws -> JSONValue {
                #expect(answer.status == 200, "\(answer.text.prefix(300))")
                #expect(answer.header("content-type") == "application/json")
                let json = try answer.json()
                #expect(json["status"]?.text == "success")
                #expect(json["warnings"] == nil && json["infos"] == nil)
                return try #require(json["data"])
            }
        }

        private func with(
            _ flavour: Flavour, _ body: @Sendable (DataSource) throws -> Void
        ) async throws {
            let scene = try Scene.required()
            try await offPool {
                try body(DataSource(server: scene.gateway.project("all"), flavour: flavour))
            }
        }

        /// What the streaming parser of Grafana's back end accepts: the type before the result,
        /// labels that are texts, times that are numbers and rise, values that are texts.
        private func frames(_ data: JSONValue, type: String) throws -> Int {
            guard case .object(let members) = data else {
                Issue.record("data is no object")
                return 0
            }
            #expect(members.map(\.key) == ["resultType", "result"])
            #expect(data["resultType"]?.text == type)
            let series = try #require(data["result"]?.items)
            for one in series {
                guard case .object(let parts) = one, case .object(let labels)? = one["metric"]
                else {
                    Issue.record("no series: \(one)")
                    continue
                }
                #expect(parts.map(\.key) == ["metric", type == "matrix" ? "values" : "value"])
                for label in labels {
                    if case .string = label.value { continue }
                    Issue.record("no label: \(label)")
                }
                let points = type == "matrix" ? one["values"]?.items ?? [] : [one["value"] ?? .null]
                #expect(!points.isEmpty)
                var last = -Double.infinity
                for point in points {
                    guard let pair = point.items, pair.count == 2, case .number(let time) = pair[0],
                        case .string(let value) = pair[1], let seconds = Double(time),
                        Double(value) != nil
                    else {
                        Issue.record("no sample: \(point)")
                        continue
                    }
                    #expect(seconds > last)
                    last = seconds
                }
            }
            return series.count
        }

        @Test(
            "Save & test: the health check, and what kind of server this is",
            arguments: Flavour.allCases)
        func health(flavour: Flavour) async throws {
            try await with(flavour) { source in
                let one = try source.data(
                    source.post("/api/v1/query", [("query", "1+1"), ("time", "4")]))
                #expect(one["resultType"]?.text == "scalar")
                #expect(one["result"] == .array([.number("4"), .string("2")]))

                let build = try source.data(source.get("/api/v1/status/buildinfo"))
                guard case .object(let members) = build else {
                    Issue.record("no build information")
                    return
                }
                // `features` or `application` would make it a Mimir.
                let keys = ["version", "revision", "branch", "buildUser", "buildDate", "goVersion"]
                #expect(members.map(\.key).sorted() == keys.sorted())
                let version = build["version"]?.text?.split(separator: ".").map { Int($0) } ?? []
                #expect(version.count == 3 && !version.contains(nil))
                // From 2.24 on, names and values are asked with match[].
                #expect((version.first ?? 0) ?? 0 >= 3)

                let flags = try source.data(source.get("/api/v1/status/flags"))
                #expect(flags["query.lookback-delta"]?.text == "5m")
                _ = try source.data(
                    source.post("/api/v1/query", [("query", "prometheus_build_info")]))
            }
        }

        @Test("No ruler is found, in the words that Grafana looks for", arguments: Flavour.allCases)
        func ruler(flavour: Flavour) async throws {
            try await with(flavour) { source in
                for path in [
                    "/rules/test/test", "/config/v1/rules/test/test", "/api/v1/rules/test/test",
                    "/api/prom/rules", "/api/v1/alerts/test",
                ] {
                    let answer = try source.get(path)
                    #expect(answer.status == 404)
                    #expect(answer.text.contains("page not found"))
                }
            }
        }

        @Test(
            "Variables: label_values, label_names, metrics, query_result, series",
            arguments: Flavour.allCases)
        func variables(flavour: Flavour) async throws {
            try await with(flavour) { source in
                let limit = [("limit", "40000")]
                let projects = try source.data(
                    source.get("/api/v1/label/project/values", Self.window + limit))
                #expect(projects.strings == FederationData.members)
                let jobs = try source.data(
                    source.get(
                        "/api/v1/label/job/values",
                        Self.window + limit + [("match[]", "up{project=~\"(a|c_us)\"}")]))
                #expect(jobs.strings == ["api", "db", "web"])
                let names = try source.data(source.post("/api/v1/labels", Self.window + limit))
                #expect(names.strings.contains("project") && names.strings.contains("job"))
                #expect(
                    names.strings
                        == names.strings.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
                let metrics = try source.data(
                    source.get("/api/v1/label/__name__/values", Self.window))
                #expect(metrics.strings.contains("temperature"))
                // A name that is not of the old kind comes escaped.
                let dotted = try source.data(
                    source.get("/api/v1/label/U__a_2e_b/values", Self.window))
                #expect(dotted == .array([]))
                let best = try source.data(
                    source.post(
                        "/api/v1/query",
                        [("query", "topk(3, temperature)"), ("time", "\(Self.start + 900)")]))
                #expect(try frames(best, type: "vector") == 3)
                let series = try source.data(
                    source.post("/api/v1/series", Self.window + limit + [("match[]", "up")]))
                #expect(series.items?.allSatisfy { $0["project"]?.text != nil } == true)
            }
        }

        @Test(
            "Explore: the metrics browser, help texts, and both kinds of query",
            arguments: Flavour.allCases)
        func explore(flavour: Flavour) async throws {
            try await with(flavour) { source in
                guard case .object = try source.data(source.get("/api/v1/metadata")) else {
                    Issue.record("metadata is no object")
                    return
                }
                let names = try source.data(
                    source.get(
                        "/api/v1/label/__name__/values",
                        Self.window + [("match[]", "{__name__!=\"\"}"), ("limit", "40000")]))
                #expect(names.strings.count > 5)
                let labels = try source.data(
                    source.post(
                        "/api/v1/labels",
                        Self.window + [("match[]", "{__name__=\"up\",job=~\"a.*\"}")]))
                #expect(labels.strings == ["__name__", "instance", "job", "project"])
                let instant = try source.data(
                    source.post("/api/v1/query", [("query", "up"), ("time", "\(Self.end).123")]))
                #expect(try frames(instant, type: "vector") > 3)
                let raw = try source.data(
                    source.post(
                        "/api/v1/query",
                        [("query", "requests_total{code=\"200\"}[2m]"), ("time", "\(Self.end)")]))
                #expect(try frames(raw, type: "matrix") > 3)
            }
        }

        @Test(
            "Dashboards: POST forms with steps and times as Grafana writes them",
            arguments: Flavour.allCases)
        func dashboards(flavour: Flavour) async throws {
            try await with(flavour) { source in
                for (query, step) in [
                    ("up", "15"), ("rate(requests_total{project=~\"(a|b-eu)\"}[1m0s])", "15"),
                    ("sum by (project) (rate(requests_total[1m]))", "30"),
                    ("histogram_quantile(0.95, sum by (le) (rate(latency_bucket[5m])))", "60"),
                    ("temperature", "0.5"), ("avg(temperature)", "7.25"),
                ] {
                    let isFine = (Double(step) ?? 0) < 1
                    let data = try source.data(
                        source.post(
                            "/api/v1/query_range",
                            [
                                ("query", query), ("start", "\(Self.start + 600).003"),
                                ("end", isFine ? "\(Self.start + 660)" : "\(Self.end).9999999"),
                                ("step", step),
                            ]))
                    #expect(try frames(data, type: "matrix") > 0, "\(query)")
                }
                // Annotations are range queries too; often there is nothing to show.
                let none = try source.data(
                    source.post(
                        "/api/v1/query_range",
                        Self.window + [("query", "ALERTS{alertstate=\"firing\"}"), ("step", "60")]))
                #expect(try frames(none, type: "matrix") == 0)
            }
        }

        @Test("Errors carry their status, type and text", arguments: Flavour.allCases)
        func errors(flavour: Flavour) async throws {
            try await with(flavour) { source in
                let answer = try source.post(
                    "/api/v1/query_range", Self.window + [("query", "sum(up"), ("step", "15")])
                #expect(answer.status == 400)
                let json = try answer.json()
                #expect(json["status"]?.text == "error")
                #expect(json["errorType"]?.text == "bad_data")
                #expect(
                    json["error"]?.text?.contains("parse error: unclosed left parenthesis") == true)
                // What is refused by POST is asked again by GET.
                let refused = try source.post("/api/v1/label/job/values", Self.window)
                #expect(refused.status == 405)
            }
        }
    }
}
