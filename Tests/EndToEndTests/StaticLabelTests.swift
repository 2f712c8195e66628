import GoText
import PrometheusWire
import RealServers
import Testing

extension EndToEndStaticLabels {
    /// What is no query, over members with static labels.
    struct ListTests {
        private static let selectors: [[String]] = [
            [], ["up"], ["memory{region=\"eu\"}"], ["memory{zone=\"z1\"}", "up{cluster=\"k2\"}"],
            ["{exported_zone=\"z0\"}"], ["{zone=\"\",job=\"api\"}"], ["trap{env=~\"p.*\"}"],
            ["up{env=\"\"}"], ["up{region=\"nowhere\"}"], ["memory{exported_project=\"own\"}"],
        ]

        private static let names = [
            "project", "region", "cluster", "env", "zone", "exported_zone", "exported_region",
            "job",
        ]

        private func answers(
            _ path: String, _ selectors: [String]
        ) async throws -> (gateway: JSONValue?, oracle: JSONValue?) {
            let scene = try Scene.required()
            return try await offPool {
                let both = try [scene.gateway.project("all"), scene.oracle.address].map {
                    try $0.get(path, selectors.map { ("match[]", $0) }).json()
                }
                return (both[0]["data"], both[1]["data"])
            }
        }

        @Test("Label names and values are those of the union", arguments: selectors)
        func labels(selectors: [String]) async throws {
            let names = try await answers("/api/v1/labels", selectors)
            #expect(names.gateway == names.oracle)
            for name in Self.names {
                let values = try await answers("/api/v1/label/\(name)/values", selectors)
                #expect(values.gateway == values.oracle, "\(name)")
            }
        }

        @Test("Series are those of the union", arguments: selectors.filter { !$0.isEmpty })
        func series(selectors: [String]) async throws {
            let answer = try await answers("/api/v1/series", selectors)
            let ours = answer.gateway?.items?.map { "\($0)" }
            let theirs = answer.oracle?.items?.map { "\($0)" }
            #expect(ours?.sorted() == theirs?.sorted())
        }

        private typealias Matcher = RemoteReadRequest.Matcher

        private static let matchers: [[Matcher]] = [
            [.init("__name__", .equal, "up")], [.init("region", .equal, "eu")],
            [.init("cluster", .notEqual, "k1"), .init("job", .equal, "api")],
            [.init("zone", .equal, "z1")], [.init("exported_zone", .regexMatch, "z.*")],
            [.init("env", .equal, ""), .init("__name__", .equal, "trap")],
            [.init("region", .regexNoMatch, "e.|u.")], [.init("__name__", .regexMatch, ".+")],
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
