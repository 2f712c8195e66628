import GoText
import PrometheusWire
import RealServers
import TestSupport
import Testing

extension EndToEnd {
    /// A token with matchers, judged by a real Prometheus that holds the series alone that the token
    /// may see.
    struct RestrictedTokenTests {
        private static let token = "restricted-token"

        /// The gateway as the token sees it, and the judge.
        private struct Sides: Sendable {
            var gateway: HTTPAddress
            var oracle: HTTPAddress
        }

        private func withSides(
            _ work: @escaping @Sendable (Sides, Scene) throws -> Void
        ) async throws {
            let scene = try Scene.required()
            try await offPool {
                let oracle = try PrometheusServer(
                    name: "oracle-restricted", version: .three,
                    openMetrics: scene.data.openMetricsOfUnion { labels in
                        labels["project"] != "b-eu" && labels["instance"] != "h3:9"
                            && ["api", "db", "info", nil].contains(labels["job"])
                    }, directory: scene.directory,
                    options: [
                        "--enable-feature="
                            + "promql-experimental-functions,promql-duration-expr"
                    ])
                defer { oracle.process.stop() }
                let gateway = try GatewayServer(
                    name: "gateway-restricted",
                    members: zip(FederationData.members, scene.members).map {
                        .init(name: $0, url: $1.address.url)
                    },
                    projects: [.init(name: "all", members: FederationData.members)],
                    features: ["promql-experimental-functions", "promql-duration-expr"],
                    settings: """
                        cache: {enabled: true}
                        auth:
                          tokens:
                            - {name: all, token: other-token}
                            - name: some
                              token: \(Self.token)
                              matchers:
                                - '{project!="b-eu", instance!="h3:9", job=~"api|db"}'
                                - '{job=~"info|", project!="b-eu", instance!="h3:9"}'

                        """, directory: scene.directory)
                defer { gateway.process.stop() }
                var address = gateway.project("all")
                // What another token is answered is in the cache.
                address.bearerToken = "other-token"
                for query in ["up", "sum(up)", "memory", "rate(requests_total[5m])"] {
                    let times = QueryCase.Times.range(
                        start: FederationData.start, end: FederationData.end, step: 60_000)
                    _ = try QueryCase(query: query, times: times).answer(from: address)
                }
                address.bearerToken = Self.token
                try work(Sides(gateway: address, oracle: oracle.address), scene)
            }
        }

        @Test("Generated queries are answered as a union of the series that may be seen")
        func generated() async throws {
            try await withSides { sides, _ in
                let count = QueryCampaign.count(oneIn: 3)
                let outcome = QueryCampaign(
                    gateway: sides.gateway, oracles: [sides.oracle],
                    profile: .federation(
                        [.version3, .release35, .durationExpressions], hasInfo: true)
                ).run(count)
                print(
                    "restricted: \(count) generated queries with seed \(Scene.seed),",
                    "\(outcome.empty) empty, \(outcome.refused) refused by both,",
                    "\(outcome.differences.count) differences")
                for difference in outcome.differences { Issue.record("\(difference)") }
                #expect(outcome.refused * 5 < count)
                #expect(outcome.empty * 2 < count)
            }
        }

        @Test("What makes an answer of what is not there is judged by what may be seen")
        func absence() async throws {
            let queries = [
                "absent(up)", "absent(up{job=\"web\"})", "absent(up{project=\"b-eu\"})",
                "absent_over_time(up{job=\"web\",instance=\"h1:9\"}[5m])",
                "absent(up{instance=\"h3:9\"}) or up", "count(up) or vector(0)",
                "up unless on (job, instance) up{project=\"b-eu\"}", "count by (project) (up)",
                "sum(up) == bool count(up)", "scalar(up{job=\"web\"})", "group({job=\"web\"})",
                "{__name__=~\".+\",instance=\"h3:9\"}",
                "label_replace(up, \"x\", \"$1\", \"job\", \"(.*)\")",
                "info(ticks_total)", "topk(1, memory)", "quantile(0.5, memory)",
            ]
            try await withSides { sides, _ in
                for query in queries {
                    let question = QueryCase(
                        query: query, times: .instant(FederationData.start + 30 * 60_000))
                    let what = UnionComparison(query: query, annotations: true).difference(
                        gateway: try question.answer(from: sides.gateway),
                        oracle: try question.answer(from: sides.oracle))
                    #expect(what == nil, "\(query)")
                }
            }
        }

        @Test("Labels, values and series are those that may be seen")
        func lists() async throws {
            let selectors = [[], ["up"], ["{job=\"web\"}"], ["memory{project!=\"a\"}", "trap"]]
            try await withSides { sides, _ in
                func equal(_ path: String, _ selectors: [String]) throws {
                    let parameters = selectors.map { ("match[]", $0) }
                    let (ours, theirs) = (
                        try sides.gateway.get(path, parameters).json(),
                        try sides.oracle.get(path, parameters).json()
                    )
                    let (own, others) = (ours["data"]?.items, theirs["data"]?.items)
                    #expect(own != nil)
                    #expect(
                        own?.map { "\($0)" }.sorted() == others?.map { "\($0)" }.sorted(),
                        "\(path) \(selectors)")
                }
                for selectors in selectors {
                    try equal("/api/v1/labels", selectors)
                    for name in ["project", "job", "instance", "zone", "__name__", "path"] {
                        try equal("/api/v1/label/\(name)/values", selectors)
                    }
                    if !selectors.isEmpty { try equal("/api/v1/series", selectors) }
                }
            }
        }

        @Test("Remote read gives the series that may be seen")
        func remoteRead() async throws {
            try await withSides { sides, _ in
                let selectors: [[RemoteReadRequest.Matcher]] = [
                    [.init("__name__", .equal, "up")], [.init("job", .equal, "web")],
                    [.init("project", .equal, "b-eu")], [], [.init("project", .regexMatch, ".*")],
                ]
                for types: [RemoteReadRequest.ResponseType] in [[.samples], [.streamedChunks]] {
                    let request = RemoteReadRequest(
                        queries: selectors.map {
                            .init(
                                start: FederationData.start, end: FederationData.end, matchers: $0)
                        }, accepted: types)
                    var answers = try [sides.gateway, sides.oracle].map {
                        try RemoteReadAnswer(
                            RemoteReadAnswer.of($0, request), queries: selectors.count)
                    }
                    for index in answers.indices {
                        answers[index].results = answers[index].results.map { $0.sorted() }
                    }
                    #expect(answers[0] == answers[1])
                    #expect(!answers[0].results[0].isEmpty && answers[0].results[1].isEmpty)
                }
            }
        }
    }
}
