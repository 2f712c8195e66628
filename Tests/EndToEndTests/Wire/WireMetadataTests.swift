import Foundation
import RealServers
import TestSupport
import Testing

/// Help texts come from targets, so here a real Prometheus scrapes one.
@Suite("Wire: metadata")
struct WireMetadataTests {
    private static let exposition = #"""
        # HELP requests_total Requests "served", by <code> & path \\ or\nso.
        # TYPE requests_total counter
        requests_total{code="200"} 5
        # HELP latency_seconds How long.
        # TYPE latency_seconds histogram
        latency_seconds_bucket{le="1"} 1
        latency_seconds_bucket{le="+Inf"} 2
        latency_seconds_sum 3
        latency_seconds_count 2
        # HELP temperature Zürich °C 北
        # TYPE temperature gauge
        temperature 21.5
        # TYPE silent summary
        silent{quantile="0.5"} 1
        silent_sum 1
        silent_count 1
        untold 1

        """#

    @Test("Help texts are those of the member, byte by byte")
    func metadata() async throws {
        try await offPool {
            let directory = FileManager.default.temporaryDirectory
                .appendingPathComponent("tributary-metadata-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let target = try LoopbackServer.answering(
                Self.exposition, type: "text/plain; version=0.0.4")
            let member = try PrometheusServer(
                name: "member", openMetrics: WireData.openMetrics(), directory: directory,
                configuration: """
                    global: {scrape_interval: 200ms, scrape_timeout: 200ms}
                    scrape_configs:
                      - job_name: told
                        static_configs: [{targets: ["127.0.0.1:\(target.port)"]}]

                    """)
            defer { member.process.stop() }
            let gateway = try GatewayServer(
                name: "gateway", members: [.init(name: "solo", url: member.address.url)],
                projects: [], directory: directory)
            defer { gateway.process.stop() }
            let deadline = Date(timeIntervalSinceNow: 30)
            while try !member.address.get("/api/v1/metadata").text.contains("latency_seconds") {
                guard Date() < deadline else { throw TestFailure("nothing was scraped") }
                usleep(50_000)
            }
            for line in [
                "GET metadata", "GET metadata | metric=requests_total",
                "GET metadata | metric=nope",
                "GET metadata | metric=silent", "GET metadata | metric=temperature | limit=1",
                "GET metadata | limit=0", "GET metadata | limit=1000", "GET metadata | limit=-1",
            ] {
                let request = WireRequest(line)
                let ours = try request.answer(from: HTTPAddress(port: gateway.port))
                let theirs = try request.answer(from: member.address)
                #expect(ours == theirs, "\(line)")
            }
            // What has no type and no help has no entry.
            let all = try gateway.project("solo").get("/api/v1/metadata").json()["data"]
            #expect(all?["requests_total"] != nil && all?["untold"] == nil)
        }
    }
}
