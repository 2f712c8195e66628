import GoText
import RealServers
import TestSupport
import Testing

extension EndToEnd {
    /// A gateway with a cache over the members of the scene, whose data is older than any tail.
    struct CachedAnswerTests {
        private static func gateway(_ scene: Scene) throws -> GatewayServer {
            try GatewayServer(
                name: "caching-gateway",
                members: zip(FederationData.members, scene.members).map {
                    .init(name: $0, url: $1.address.url)
                },
                projects: [.init(name: "all", members: FederationData.members)],
                features: Scene.Cast.three.features, settings: "cache: {memory: 64MiB}\n",
                directory: scene.directory)
        }

        private static func count(_ metric: String, of gateway: GatewayServer) throws -> Int {
            let text = try HTTPAddress(port: gateway.port).get("/metrics").text
            let line = text.split(separator: "\n").first { $0.hasPrefix(metric + " ") }
            return line.flatMap { Int($0.dropFirst(metric.count + 1)) } ?? 0
        }

        @Test("What the cache has is answered as the union oracle answers it")
        func generated() async throws {
            let scene = try Scene.required()
            let gateway = try Self.gateway(scene)
            defer { gateway.process.stop() }
            let campaign = QueryCampaign(
                gateway: gateway.project("all"), oracles: scene.oracles.map(\.address),
                profile: .federation([.version3, .release35], hasInfo: true))
            let count = QueryCampaign.count(oneIn: 12)
            // The second time much of it is there.
            for _ in 0..<2 {
                let outcome = try await offPool { campaign.run(count) }
                for difference in outcome.differences { Issue.record("\(difference)") }
            }
            let hits = try Self.count(
                "tributary_cache_fragments_total{result=\"hit\"}", of: gateway)
            #expect(hits > count / 4, "\(hits) hits in \(count) queries")
        }

        @Test("Windows that move are answered to the byte as without the cache")
        func windows() async throws {
            let scene = try Scene.required()
            let gateway = try Self.gateway(scene)
            defer { gateway.process.stop() }
            let project = gateway.project("all")
            var random = SeededRandom(seed: Scene.seed)
            let queries = [
                "requests_total", "temperature", "sum by (job) (requests_total)", "memory > 3",
                "durations", "sum(rate(requests_total[2m]))", "max by (job) (temperature)",
                "max_over_time(temperature[2m:30s])", "absent(temperature{job=\"api\"})",
                "histogram_quantile(0.9, sum(rate(durations[5m])))", "memory offset -30s",
                "count(requests_total) by (project)", "topk(1, temperature)",
            ]
            for _ in 0..<300 {
                let step = random.pick([10, 15, 30])
                let first = Int(FederationData.start.milliseconds / 1000)
                let start = (first + random.below(3000)) / step * step
                let length = step * (4 + random.below(60))
                let parameters = [
                    ("query", random.pick(queries)), ("start", "\(start)"),
                    ("end", "\(start + length)"), ("step", "\(step)"),
                ]
                let cached = try await offPool {
                    try project.get("/api/v1/query_range", parameters)
                }
                let uncached = try await offPool {
                    try project.get("/api/v1/query_range", parameters + [("nocache", "1")])
                }
                #expect(cached.status == 200)
                #expect(cached.text == uncached.text, "\(parameters)")
            }
            #expect(
                try Self.count("tributary_cache_fragments_total{result=\"part\"}", of: gateway)
                    > 20)
        }
    }
}
