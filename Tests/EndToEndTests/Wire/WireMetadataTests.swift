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

    /// 300 families, of which the second target has some too, with other help texts of a part of them.
    private static func exposition(_ numbers: some Sequence<Int>, _ help: String) -> String {
        numbers.map { number in
            let told = number % 4 == 0 ? help : "the same"
            return """
                # HELP m\(1000 + number)_total \(told)
                # TYPE m\(1000 + number)_total \(number % 8 == 0 ? help : "counter")
                m\(1000 + number)_total 1

                """
        }.joined()
    }

    @Test("What several members say is what one server says that scrapes all targets")
    func union() async throws {
        try await offPool {
            let directory = FileManager.default.temporaryDirectory
                .appendingPathComponent("tributary-metadata-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let targets = try [
                Self.exposition(0..<300, "counter"),
                Self.exposition(stride(from: 0, to: 600, by: 2), "gauge"),
            ].map { try LoopbackServer.answering($0, type: "text/plain; version=0.0.4") }
            let scraped = [[targets[0]], [targets[1]], targets]
            let servers = try scraped.enumerated().map { index, targets in
                let addresses = targets.map { "\"127.0.0.1:\($0.port)\"" }.joined(separator: ", ")
                return try PrometheusServer(
                    name: "server\(index)", openMetrics: WireData.openMetrics(),
                    directory: directory,
                    configuration: """
                        global: {scrape_interval: 200ms, scrape_timeout: 200ms}
                        scrape_configs:
                          - job_name: told
                            static_configs: [{targets: [\(addresses)]}]

                        """)
            }
            defer { for server in servers { server.process.stop() } }
            let gateway = try GatewayServer(
                name: "gateway",
                members: servers.prefix(2).enumerated().map {
                    .init(name: "member\($0)", url: $1.address.url)
                }, projects: [.init(name: "all", members: ["member0", "member1"])],
                settings: "limits: {heldAnswerBytes: 1KiB}\n", directory: directory)
            defer { gateway.process.stop() }
            let deadline = Date(timeIntervalSinceNow: 30)
            let last = [["m1299_total"], ["m1598_total"], ["m1299_total", "m1598_total"]]
            for (server, names) in zip(servers, last) {
                while true {
                    let text = try server.address.get("/api/v1/metadata").text
                    if names.allSatisfy(text.contains) { break }
                    guard Date() < deadline else { throw TestFailure("nothing was scraped") }
                    usleep(50_000)
                }
            }
            for policy in ["true", "false"] {
                for parameters in [[], [("metric", "m1008_total")], [("metric", "nope")]] {
                    let ours = try gateway.project("all").get(
                        "/api/v1/metadata", parameters + [("partial_response", policy)]
                    ).json()
                    let theirs = try servers[2].address.get("/api/v1/metadata", parameters).json()
                    #expect(ours["warnings"] == nil)
                    #expect(Self.sorted(ours) == Self.sorted(theirs), "\(parameters) \(policy)")
                }
            }
            // Prometheus gives any ones.
            for (parameters, first) in [
                ([("limit", "3")], ["m1000_total", "m1001_total", "m1002_total"]),
                ([("limit", "0")], []),
            ] {
                let answers = try [gateway.project("all"), servers[2].address].map {
                    Self.sorted(try $0.get("/api/v1/metadata", parameters).json())
                }
                #expect(answers[0].keys.sorted() == first)
                #expect(answers[0].count == answers[1].count)
            }
        }
    }

    /// What is said about each metric; Prometheus has it in any order.
    private static func sorted(_ answer: JSONValue) -> [String: [String]] {
        guard case .object(let families) = answer["data"] else { return [:] }
        return families.reduce(into: [:]) { all, family in
            all[family.key] = (family.value.items ?? []).map { "\($0)" }.sorted()
        }
    }

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
