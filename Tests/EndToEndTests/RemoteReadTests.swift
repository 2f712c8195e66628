import GoText
import PrometheusWire
import RealServers
import TestSupport
import Testing

extension EndToEnd {
    struct RemoteReadTests {
        private typealias Matcher = RemoteReadRequest.Matcher

        private static func query(_ matchers: [Matcher]) -> RemoteReadRequest.Query {
            RemoteReadRequest.Query(
                start: FederationData.start + 60_000, end: FederationData.end - 60_000,
                matchers: matchers)
        }

        private static let selectors: [[Matcher]] = [
            [.init("__name__", .equal, "up")], [.init("project", .equal, "a")],
            [.init("project", .notEqual, "a"), .init("job", .equal, "api")],
            [.init("exported_project", .equal, "own")],
            [.init("exported_exported_project", .notEqual, "")],
            [.init("project", .regexMatch, "b.*|c.*"), .init("__name__", .equal, "trap")],
            [.init("__name__", .equal, "trap")], [.init("__name__", .regexMatch, ".+")],
            [.init("job", .regexNoMatch, "a.*|d.*")], [.init("project", .equal, "nobody")],
            [.init("__name__", .equal, "nope")], [.init("path", .notEqual, "")], [],
            [.init("project", .regexMatch, ".*")],
        ]

        private static func request(
            _ type: RemoteReadRequest.ResponseType, _ selectors: [[Matcher]]
        ) -> RemoteReadRequest {
            RemoteReadRequest(
                queries: selectors.map(query),
                accepted: type == .samples ? [.samples] : [.streamedChunks, .samples])
        }

        @Test(
            "Series, samples and chunks are those of the union, byte for byte",
            arguments: [RemoteReadRequest.ResponseType.samples, .streamedChunks])
        func union(type: RemoteReadRequest.ResponseType) async throws {
            let scene = try Scene.required()
            try await offPool {
                for selectors in Self.selectors.map({ [$0] }) + [Self.selectors, []] {
                    let request = Self.request(type, selectors)
                    let ours = try RemoteReadAnswer.of(scene.gateway.project("all"), request)
                    let theirs = try RemoteReadAnswer.of(scene.oracle.address, request)
                    for name in ["content-type", "content-encoding"] {
                        #expect(ours.header(name) == theirs.header(name))
                    }
                    let read = try RemoteReadAnswer(ours, queries: selectors.count)
                    var expected = try RemoteReadAnswer(theirs, queries: selectors.count)
                    if type == .samples { expected.results = expected.results.map { $0.sorted() } }
                    #expect(read == expected, "\(selectors)")
                }
            }
        }

        @Test("An answer that is not held is merged as it arrives, in order or not at all")
        func merged() async throws {
            let scene = try Scene.required()
            try await offPool {
                let gateway = try GatewayServer(
                    name: "read-unheld",
                    members: zip(FederationData.members, scene.members).map {
                        .init(name: $0, url: $1.address.url)
                    }, projects: [.init(name: "all", members: FederationData.members)],
                    settings: "limits: {heldAnswerBytes: 1KiB}\n", directory: scene.directory)
                defer { gateway.process.stop() }
                let sorted: [[Matcher]] = [
                    [.init("__name__", .equal, "trap")], [.init("job", .equal, "nope")],
                    [.init("__name__", .regexMatch, "[l-u].*"), .init("project", .equal, "c_us")],
                    [.init("__name__", .regexMatch, "requests_total|temperature")],
                ]
                // Two members have labels `project` of their own here.
                let unsorted: [[Matcher]] = [[.init("__name__", .equal, "memory")]]
                for (selectors, attempts) in [(sorted, 1), (unsorted, 3), (sorted + unsorted, 1)] {
                    let request = Self.request(.streamedChunks, selectors)
                    let expected = try RemoteReadAnswer(
                        RemoteReadAnswer.of(scene.oracle.address, request),
                        queries: selectors.count)
                    let answers = (0..<attempts).map { _ in
                        try? RemoteReadAnswer(
                            RemoteReadAnswer.of(gateway.project("all"), request),
                            queries: selectors.count)
                    }
                    #expect(answers.last == expected)
                    #expect(answers.allSatisfy { $0 == nil || $0 == expected })
                }
            }
        }

        @Test("A real Prometheus that reads through the gateway answers as the union does")
        func prometheusReads() async throws {
            let scene = try Scene.required()
            try await offPool {
                let reader = try PrometheusServer(
                    name: "reader", directory: scene.directory,
                    configuration: """
                        global: {}
                        remote_read:
                          - url: \(scene.gateway.project("all").url)/api/v1/read
                            read_recent: true
                        """)
                defer { reader.process.stop() }
                for query in [
                    "up", "trap", "{project=\"b-eu\"}", "{__name__=~\".+\"}",
                    "memory{exported_project=\"own\",project!=\"c_us\"}",
                    "sum by (project) (rate(requests_total[5m]))",
                    "topk(3, sum by (job) (rate(requests_total[5m])))",
                    "histogram_quantile(0.9, sum by (le) (rate(latency_bucket[10m])))",
                    "count by (exported_project) (memory)", "absent(nope)",
                    "max_over_time(temperature{project=~\"a|b.*\"}[10m:1m])",
                ] {
                    for (path, times) in [
                        ("/api/v1/query", [("time", "1700001500")]),
                        (
                            "/api/v1/query_range",
                            [("start", "1700000600"), ("end", "1700003000"), ("step", "60")]
                        ),
                    ] {
                        let answers = try [reader.address, scene.oracle.address].map {
                            let json = try $0.post(path, [("query", query)] + times).json()
                            #expect(json["status"]?.text == "success", "\(query): \(json)")
                            #expect(json["warnings"] == nil, "\(query)")
                            return (json["data"]?["result"]?.items ?? []).map { "\($0)" }.sorted()
                        }
                        #expect(answers[0] == answers[1], "\(query)")
                        #expect(!answers[1].isEmpty, "\(query)")
                    }
                }
            }
        }

        @Test("What a member adds for others does not leak, and what is its own stays")
        func externalLabels() async throws {
            let scene = try Scene.required()
            try await offPool {
                // `job="db"` is a label of many series; of the others it is the member's addition.
                let added = try PrometheusServer(
                    name: "external", openMetrics: scene.data.openMetrics(member: 0),
                    directory: scene.directory,
                    configuration: """
                        global:
                          external_labels: {region: eu, job: db, "a": "1"}
                        """)
                defer { added.process.stop() }
                let gateway = try GatewayServer(
                    name: "external-gateway",
                    members: [
                        .init(name: "a", url: added.address.url),
                        .init(name: "b-eu", url: scene.members[1].address.url),
                        .init(name: "c_us", url: scene.members[2].address.url),
                    ], projects: [.init(name: "all", members: FederationData.members)],
                    directory: scene.directory)
                defer { gateway.process.stop() }
                for type in [RemoteReadRequest.ResponseType.samples, .streamedChunks] {
                    let selectors: [[Matcher]] = [
                        [.init("__name__", .regexMatch, ".+")], [.init("job", .equal, "db")],
                        [.init("region", .equal, "eu")], [.init("a", .equal, "1")],
                        [.init("job", .notEqual, "db"), .init("project", .equal, "a")],
                    ]
                    let request = Self.request(type, selectors)
                    let ours = try RemoteReadAnswer(
                        RemoteReadAnswer.of(gateway.project("all"), request),
                        queries: selectors.count)
                    var theirs = try RemoteReadAnswer(
                        RemoteReadAnswer.of(scene.oracle.address, request),
                        queries: selectors.count)
                    if type == .samples { theirs.results = theirs.results.map { $0.sorted() } }
                    for (index, selector) in selectors.enumerated() {
                        #expect(ours.results[index] == theirs.results[index], "\(selector)")
                    }
                }
            }
        }

        @Test("A missing member is an error in plain text, unless warnings were asked for")
        func missing() async throws {
            let scene = try Scene.required()
            try await offPool {
                let html = try LoopbackServer.answering("<html></html>", type: "text/html")
                defer { html.stop() }
                let gateway = try GatewayServer(
                    name: "read-missing",
                    members: [
                        .init(name: "a", url: scene.members[0].address.url),
                        .init(
                            name: "gone", url: "http://127.0.0.1:\(try LoopbackPort.free())"),
                        .init(name: "page", url: html.address.url),
                    ],
                    projects: [
                        .init(name: "all", members: ["a", "gone"]),
                        .init(name: "pages", members: ["a", "page"]),
                    ], directory: scene.directory)
                defer { gateway.process.stop() }
                let request = Self.request(.streamedChunks, [[.init("__name__", .equal, "up")]])
                let refused = try RemoteReadAnswer.of(gateway.project("all"), request)
                #expect(refused.status == 503)
                #expect(refused.header("content-type") == "text/plain; charset=utf-8")
                #expect(refused.text.hasPrefix("project \"gone\": "))
                let page = try RemoteReadAnswer.of(gateway.project("pages"), request)
                #expect(page.text.hasPrefix("project \"page\": not a Prometheus API"))
                let partial = try RemoteReadAnswer.of(
                    gateway.project("all"), request, parameters: "?partial_response=warn")
                #expect(partial.header("x-tributary-missing-members") == "gone")
                let read = try RemoteReadAnswer(partial, queries: 1)
                #expect(!read.results[0].isEmpty)
                #expect(read.results[0].allSatisfy { $0.labels.contains("project=a") })
            }
        }

        @Test("Bad requests are refused as the oracle refuses them")
        func refused() async throws {
            let scene = try Scene.required()
            try await offPool {
                let expression = RemoteReadRequest(
                    queries: [Self.query([.init("job", .regexMatch, "a(")])], accepted: [])
                let type = RemoteReadRequest(queries: [], accepted: [.init(rawValue: 7)])
                for body in [[], Array("query=up".utf8), try expression.body, try type.body] {
                    let ours = try scene.gateway.project("all").post("/api/v1/read", body: body)
                    let theirs = try scene.oracle.address.post("/api/v1/read", body: body)
                    #expect(ours.status == theirs.status)
                    // 2.42 shows the expression as it anchors it; from 3.0 on it is shown as written.
                    let text = theirs.text.replacing("^(?:a()$", with: "a(")
                    #expect(ours.text == text)
                    #expect(ours.header("content-type") == theirs.header("content-type"))
                }
                let got = try scene.gateway.project("all").get("/api/v1/read")
                #expect(got.status == 405)
            }
        }
    }
}
