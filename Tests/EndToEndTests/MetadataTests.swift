import RealServers
import Testing

extension EndToEnd {
    struct MetadataTests {
        private static let selectors: [[String]] = [
            [], ["up"], ["memory{project=\"a\"}"], ["memory{project!=\"a\"}", "up"],
            ["{exported_project=\"own\"}"], ["{project=~\"b.*|c.*\",job=\"api\"}"], ["trap"],
            ["nope"], ["up{project=\"nobody\"}"], ["{__name__=~\"temp.*|trap\"}", "lonely"],
            ["{exported_exported_project!=\"\"}"], ["{exported_project=\"\",job=\"db\"}"],
        ]

        private static let names = [
            "project", "exported_project", "exported_exported_project", "job", "instance", "le",
            "__name__", "path", "zone", "projecs", "nolabel",
        ]

        private func answers(
            _ path: String, _ parameters: [(String, String)], post: Bool = false
        ) async throws -> (gateway: JSONValue, oracle: JSONValue) {
            let scene = try Scene.required()
            return try await offPool {
                let both = try [scene.gateway.project("all"), scene.oracle.address].map {
                    post ? try $0.post(path, parameters) : try $0.get(path, parameters)
                }
                #expect(both[0].status == both[1].status)
                return (try both[0].json(), try both[1].json())
            }
        }

        @Test("Label names are those of the union", arguments: selectors)
        func labelNames(selectors: [String]) async throws {
            for post in [false, true] {
                let answer = try await answers(
                    "/api/v1/labels", selectors.map { ("match[]", $0) }, post: post)
                #expect(answer.gateway["data"] == answer.oracle["data"])
            }
        }

        @Test("Label values are those of the union", arguments: names, selectors)
        func labelValues(name: String, selectors: [String]) async throws {
            let answer = try await answers(
                "/api/v1/label/\(name)/values", selectors.map { ("match[]", $0) })
            #expect(answer.gateway["data"] == answer.oracle["data"])
        }

        @Test("Series are those of the union", arguments: selectors.filter { !$0.isEmpty })
        func series(selectors: [String]) async throws {
            for post in [false, true] {
                let answer = try await answers(
                    "/api/v1/series", selectors.map { ("match[]", $0) }, post: post)
                let ours = answer.gateway["data"]?.items?.map { "\($0)" }
                let theirs = answer.oracle["data"]?.items?.map { "\($0)" }
                #expect(ours?.sorted() == theirs?.sorted())
            }
        }

        @Test("Lists that are sent while they arrive are those of the union")
        func arriving() async throws {
            let scene = try Scene.required()
            try await offPool {
                let gateway = try GatewayServer(
                    name: "lists-unheld",
                    members: zip(FederationData.members, scene.members).map {
                        .init(name: $0, url: $1.address.url)
                    }, projects: [.init(name: "all", members: FederationData.members)],
                    settings: "limits: {heldAnswerBytes: 1KiB}\n", directory: scene.directory)
                defer { gateway.process.stop() }
                // Twice: a list that turned out not to be in order is sorted the next time.
                for selectors in Self.selectors + Self.selectors where !selectors.isEmpty {
                    let parameters = selectors.map { ("match[]", $0) }
                    let paths =
                        ["/api/v1/series", "/api/v1/labels"]
                        + Self.names.map { "/api/v1/label/\($0)/values" }
                    for path in paths {
                        let both = try [gateway.project("all"), scene.oracle.address].map {
                            try $0.get(path, parameters).json()
                        }
                        #expect(both[0]["warnings"] == both[1]["warnings"])
                        let isSeries = path.hasSuffix("series")
                        let items = both.map { $0["data"]?.items?.map { "\($0)" } }
                            .map { isSeries ? $0?.sorted() : $0 }
                        #expect(items[0] == items[1], "\(path) \(selectors)")
                    }
                }
            }
        }

        @Test("Where nothing was stored at the time, nothing is listed")
        func elsewhere() async throws {
            for path in ["/api/v1/labels", "/api/v1/label/job/values", "/api/v1/series"] {
                let answer = try await answers(
                    path, [("match[]", "up"), ("start", "1600000000"), ("end", "1600003600")])
                #expect(answer.gateway["data"] == answer.oracle["data"])
            }
        }

        @Test(
            "Wrong parameters are refused as the oracle refuses them",
            arguments: [
                ("/api/v1/series", []), ("/api/v1/series", [("match[]", "up{")]),
                ("/api/v1/series", [("match[]", "{job=~\".*\"}")]),
                ("/api/v1/labels", [("match[]", "{}")]), ("/api/v1/labels", [("start", "x")]),
                ("/api/v1/label/job/values", [("end", "y")]),
                ("/api/v1/query", [("query", "up"), ("time", "z")]),
                ("/api/v1/query_range", [("query", "up"), ("start", "1"), ("end", "2")]),
                (
                    "/api/v1/query_range",
                    [("query", "up"), ("start", "9"), ("end", "2"), ("step", "1")]
                ),
                (
                    "/api/v1/query_range",
                    [("query", "up"), ("start", "0"), ("end", "99999"), ("step", "1")]
                ),
                (
                    "/api/v1/query_range",
                    [("query", "up"), ("start", "0"), ("end", "9"), ("step", "0")]
                ),
            ] as [(String, [(String, String)])])
        func refused(path: String, parameters: [(String, String)]) async throws {
            let answer = try await answers(path, parameters)
            #expect(answer.gateway["status"]?.text == "error")
            #expect(answer.gateway["errorType"] == answer.oracle["errorType"])
        }
    }
}
