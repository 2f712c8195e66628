import Foundation
import RealServers
import TestSupport
import Testing

extension EndToEnd {
    /// A real Prometheus that is asked for long ranges in parts, and for the whole as the oracle.
    struct SplitRangeTests {
        private static let midnight = 1_700_006_400
        private static let days = 5

        /// Five days, some of which some of the series lack.
        private static let data: String = {
            var random = SeededRandom(seed: 5)
            var text = ""
            for (name, type) in [("requests", "counter"), ("temperature", "gauge")] {
                text += "# TYPE \(name) \(type)\n"
                for job in ["api", "db", "web"] {
                    for instance in ["h1", "h2"] {
                        let labels = #"{instance="\#(instance)",job="\#(job)"}"#
                        let head = (type == "counter" ? "\(name)_total" : name) + labels
                        let isAway = random.below(days + 2)
                        var value = 0
                        for step in 0..<(days * 288) where step / 288 != isAway {
                            value = type == "counter" && !random.oneIn(50) ? value : 0
                            value += random.below(100)
                            text += "\(head) \(value) \(midnight + 300 * step)\n"
                        }
                    }
                }
            }
            return text + "# EOF\n"
        }()

        private static func queriesAsked(_ member: HTTPAddress) throws -> Int {
            let metric =
                "prometheus_http_requests_total{code=\"200\",handler=\"/api/v1/query_range\"} "
            let lines = try member.get("/metrics").text.split(separator: "\n")
            return lines.first { $0.hasPrefix(metric) }
                .flatMap { Int($0.dropFirst(metric.count)) } ?? 0
        }

        @Test("A range over days that is asked for in parts is the one that Prometheus answers")
        func parts() async throws {
            let directory = FileManager.default.temporaryDirectory
                .appendingPathComponent("tributary-parts-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let member = try PrometheusServer(
                name: "member", openMetrics: Self.data, directory: directory)
            defer { member.process.stop() }
            let gateway = try GatewayServer(
                name: "gateway",
                members: [
                    .init(name: "m", url: member.address.url, options: ", rangeParts: 4"),
                    .init(name: "w", url: member.address.url, options: ", rangeParts: 1"),
                ], projects: [], directory: directory)
            defer { gateway.process.stop() }
            let queries = [
                "temperature", "requests_total", "sum by (job) (rate(requests_total[30m]))",
                "avg(temperature)", "max_over_time(temperature[2h:10m])", "temperature offset 1h",
                "absent(temperature{job=\"db\"})", "topk(1, temperature)", "count(up)",
                "temperature > 60", "requests_total @ 1700100000", "nope", "vector(time())",
                "quantile_over_time(0.9, temperature[1h])", "count by (job) (temperature < 40)",
            ]
            var (whole, parted) = (0, 0)
            for query in queries {
                for (offset, step) in [(0, 300), (4321, 433)] {
                    let parameters = [
                        ("query", query), ("start", "\(Self.midnight + offset)"),
                        ("end", "\(Self.midnight + Self.days * 86_400 - offset)"),
                        ("step", "\(step)"),
                    ]
                    func answer(_ address: HTTPAddress) async throws -> (text: String, asked: Int) {
                        try await offPool {
                            let before = try Self.queriesAsked(member.address)
                            let answer = try address.get("/api/v1/query_range", parameters)
                            #expect(answer.status == 200)
                            return (answer.text, try Self.queriesAsked(member.address) - before)
                        }
                    }
                    let expected = try await answer(member.address)
                    let given = try await answer(gateway.project("m"))
                    let label = #""project":"m""#
                    let bare = given.text.replacing(",\(label)", with: "")
                        .replacing("\(label),", with: "").replacing(label, with: "")
                    #expect(bare == expected.text, "\(query) \(step)")
                    parted += given.asked
                    whole += try await answer(gateway.project("w")).asked
                }
            }
            // All but the constant.
            #expect(whole >= 2 * (queries.count - 1) && parted >= 3 * whole, "\(parted), \(whole)")
        }
    }
}
