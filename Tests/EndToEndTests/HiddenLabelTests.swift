import GoText
import PrometheusWire
import RealServers
import TestSupport
import Testing

extension EndToEndHidden {
    /// Queries that speak of the label that the union lacks, and what is no query.
    struct HiddenLabelTests {
        private static let queries = [
            #"up{cluster="a"}"#, #"up{cluster=""}"#, #"up{cluster!="a"}"#, #"up{cluster=~".*"}"#,
            #"up{cluster=~".+"}"#, #"up{cluster!="",cluster=""}"#, "sum by (cluster) (up)",
            "sum by (cluster, job) (up)", "sum without (cluster) (up)", "count by (cluster) (trap)",
            "up * on (cluster, job, instance) group_left () up",
            "up * ignoring (cluster) up", "up and on (cluster) up", "trap",
            #"label_replace(up, "cluster", "x", "", "")[2m:1m]"#,
            "memory * on (job, instance) group_left (cluster) up",
            #"absent(up{cluster="a"})"#, #"absent(up{cluster=""})"#, #"absent((up{cluster="a"}))"#,
            #"absent(nope{cluster!="a",job="x"})"#, #"absent(nope{cluster="",cluster="b"})"#,
            #"absent_over_time(nope{cluster="a"}[5m])"#, #"absent_over_time(up[5m])"#,
            #"absent_over_time(nope{cluster="a"}[5m:1m])"#, "absent(sum(nope))",
            "timestamp(up)", "timestamp((up))", "timestamp(rate(up[5m]))",
            "timestamp(up offset 1m)",
            #"label_replace(up, "cluster", "x$1", "job", "(.*)")"#,
            #"sum by (cluster) (label_replace(up, "cluster", "x", "", ""))"#,
            #"label_replace(up, "c", "$1", "cluster", "(.*)")"#,
            #"label_join(up, "j", "-", "cluster", "job")"#,
            #"count_values("cluster", up)"#, #"count_values by (job) ("cluster", up)"#,
            #"sort_by_label(up, "cluster", "instance")"#, "topk(2, temperature)",
            "last_over_time(memory[5m])", "rate(requests_total[5m])", "trap[1m]", "(trap[1m])",
            "memory[2m] offset 1m", "max_over_time(memory[5m:1m])", "trap[2m:30s]",
            "quantile_over_time(scalar(lonely), memory[5m])", "info(ticks_total)", "-trap",
            "trap @ end()",
            #"{__name__=~"trap|lonely"}"#, #"rate({__name__=~"up|memory"}[5m])"#,
            "histogram_quantile(0.9, latency_bucket)", "trap or up", "scalar(lonely)", "vector(1)",
            "sum(trap) + on () group_right () trap", "memory unless on (cluster) nope",
        ]

        @Test("Queries are answered as by a union whose series lack the label", arguments: queries)
        func query(text: String) async throws {
            let scene = try Scene.required()
            try await offPool {
                let end = FederationData.end
                let start = FederationData.end - (600_000 as Milliseconds)
                for (path, parameters) in [
                    ("query", [("time", TimestampText.parameter(end))]),
                    (
                        "query_range",
                        [
                            ("start", TimestampText.parameter(start)),
                            ("end", TimestampText.parameter(end)), ("step", "60"),
                        ]
                    ),
                ] {
                    let answers = try [scene.gateway.project("all"), scene.oracle.address].map {
                        try $0.get("/api/v1/\(path)", [("query", text)] + parameters)
                    }
                    #expect(answers[0].status == answers[1].status, "\(path)")
                    guard answers[1].status == 200 else { continue }
                    let results = try answers.map { try $0.json()["data"]?["result"]?.items ?? [] }
                    let texts = results.map { $0.map { "\($0)" }.sorted() }
                    #expect(texts[0] == texts[1], "\(path)")
                }
            }
        }

        private static let selectors: [[String]] = [
            [], ["up"], [#"up{cluster="a"}"#], [#"up{cluster=""}"#],
            [#"{cluster=~".*",job="api"}"#],
            [#"memory{exported_project="own"}"#], ["trap", #"lonely{cluster!=""}"#],
            [#"{project="a"}"#],
        ]

        private func answers(
            _ path: String, _ parameters: [(String, String)]
        ) async throws -> (gateway: JSONValue?, oracle: JSONValue?) {
            let scene = try Scene.required()
            return try await offPool {
                let both = try [scene.gateway.project("all"), scene.oracle.address].map {
                    try $0.get(path, parameters).json()
                }
                return (both[0]["data"], both[1]["data"])
            }
        }

        @Test("Label names and values are those of the union", arguments: selectors)
        func labels(selectors: [String]) async throws {
            let matches = selectors.map { ("match[]", $0) }
            for limit in [[], [("limit", "3")]] {
                let names = try await answers("/api/v1/labels", matches + limit)
                #expect(names.gateway == names.oracle)
            }
            for name in ["cluster", "project", "job", "__name__", "exported_project"] {
                let values = try await answers("/api/v1/label/\(name)/values", matches)
                #expect(values.gateway == values.oracle, "\(name)")
            }
        }

        @Test("Series are those of the union", arguments: selectors.filter { !$0.isEmpty })
        func series(selectors: [String]) async throws {
            let found = try await answers("/api/v1/series", selectors.map { ("match[]", $0) })
            let ours = found.gateway?.items?.map { "\($0)" }
            let theirs = found.oracle?.items?.map { "\($0)" }
            #expect(ours?.sorted() == theirs?.sorted())
        }

        private typealias Matcher = RemoteReadRequest.Matcher

        private static let matchers: [[Matcher]] = [
            [.init("__name__", .equal, "up")], [.init("cluster", .equal, "a")],
            [.init("cluster", .equal, ""), .init("__name__", .equal, "trap")],
            [.init("cluster", .notEqual, "a"), .init("job", .equal, "api")],
            [.init("__name__", .regexMatch, ".+")],
        ]

        @Test(
            "What is stored is that of the union, byte for byte",
            arguments: [RemoteReadRequest.ResponseType.samples, .streamedChunks])
        func stored(type: RemoteReadRequest.ResponseType) async throws {
            let scene = try Scene.required()
            let request = RemoteReadRequest(
                queries: Self.matchers.map {
                    RemoteReadRequest.Query(
                        start: FederationData.start + 60_000, end: FederationData.end - 60_000,
                        matchers: $0)
                }, accepted: type == .samples ? [.samples] : [.streamedChunks, .samples])
            try await offPool {
                let ours = try RemoteReadAnswer.of(scene.gateway.project("all"), request)
                let theirs = try RemoteReadAnswer.of(scene.oracle.address, request)
                let read = try RemoteReadAnswer(ours, queries: Self.matchers.count)
                var expected = try RemoteReadAnswer(theirs, queries: Self.matchers.count)
                if type == .samples { expected.results = expected.results.map { $0.sorted() } }
                #expect(read == expected)
            }
        }
    }
}

extension SharedServerTests {
    @Test("With keepLabel: false no endpoint shows the label, nor anything of another project")
    func hidden() async throws {
        try await withShared(hidesLabel: true) { shared in
            for (path, parameters, _) in Self.paths where path != "explain" {
                let answer = try shared.gateway.get(
                    "/p/of-alpha/api/v1/\(path)", parameters, headers: Self.token)
                let text = answer.text.replacing("of-alpha/pool-of-bravo", with: "")
                    .replacing("of-alpha", with: "").replacing("only_alpha", with: "")
                let subject = "\(path) \(parameters): \(text.prefix(600))"
                #expect(!text.contains("bravo") && !text.contains("charlie"), "\(subject)")
                #expect(!text.contains(#""cluster""#), "\(subject)")
            }
            let federated = try shared.gateway.get(
                "/p/of-alpha/federate", [("match[]", "{__name__=~\".+\"}")], headers: Self.token)
            #expect(federated.status == 200 && federated.text.contains("project=\"of-alpha\""))
            #expect(!federated.text.contains("bravo") && !federated.text.contains("cluster="))
            let targets = try shared.gateway.get(
                "/p/of-alpha/api/v1/targets", headers: Self.token)
            #expect(try targets.json()["data"]?["activeTargets"]?.items?.isEmpty == false)
            let rules = try shared.gateway.get("/p/of-alpha/api/v1/rules", headers: Self.token)
            #expect(try rules.json()["data"]?["groups"]?.items?.isEmpty == false)
        }
    }
}
