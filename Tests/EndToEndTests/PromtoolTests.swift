import GoText
import RealServers
import Testing

extension EndToEnd {
    struct PromtoolTests {
        private static let start = FederationData.start.wholeSeconds + 900
        private static let end = start + 1200

        /// What `promtool` prints for the gateway and for the oracle.
        private func outputs(
            _ kind: String, _ options: [String], _ last: [String]
        ) async throws -> (gateway: CommandOutput, oracle: CommandOutput) {
            let scene = try Scene.required()
            return try await offPool {
                let tool = try PrometheusVersion.three.tool("promtool")
                let arguments = ["query", kind] + options
                return (
                    try .of(tool, arguments + [scene.gateway.project("all").url] + last),
                    try .of(tool, arguments + [scene.oracle.address.url] + last)
                )
            }
        }

        @Test(
            "promtool query instant prints the same elements",
            arguments: [
                "up", "trap", "sum by (project) (temperature)", "count(up)", "escaped", "1 + 1",
                "rate(requests_total[5m])", "temperature[1m]", "nope", "topk(3, memory)",
            ])
        func instant(query: String) async throws {
            let printed = try await outputs("instant", ["--time=\(Self.start)"], [query])
            // A vector has no order of its own; each line is one element.
            #expect(
                printed.gateway.output.split(separator: "\n").sorted()
                    == printed.oracle.output.split(separator: "\n").sorted())
            #expect(printed.gateway.status == printed.oracle.status)
            #expect(printed.oracle.status == 0)
        }

        @Test(
            "promtool query range prints the same text",
            arguments: [
                "up", "trap", "memory", "sum by (project) (temperature)", "escaped", "count(up)",
                "rate(requests_total{project!=\"a\"}[5m])", "vector(1)", "nope",
                "max by (job) (memory) > 10",
            ])
        func range(query: String) async throws {
            let times = ["--start=\(Self.start)", "--end=\(Self.end)", "--step=30s"]
            let printed = try await outputs("range", times, [query])
            #expect(printed.gateway.output == printed.oracle.output)
            #expect(printed.gateway.status == printed.oracle.status)
            #expect(printed.oracle.status == 0)
        }

        @Test(
            "promtool query labels prints the same text",
            arguments: ["project", "job", "exported_project", "__name__", "path", "le", "nolabel"])
        func labels(name: String) async throws {
            let times = ["--start=\(Self.start - 3600)", "--end=\(Self.end + 3600)"]
            let printed = try await outputs("labels", times, [name])
            #expect(printed.gateway.output == printed.oracle.output)
            #expect(printed.oracle.status == 0)
        }

        @Test(
            "promtool query series prints the same series",
            arguments: [
                ["up"], ["trap"], ["memory", "up{project=\"a\"}"], ["escaped"],
                ["{project=~\"a|b.*\",job=\"api\"}"], ["memory{exported_project=\"own\"}"],
                ["nope"],
            ])
        func series(selectors: [String]) async throws {
            let options =
                ["--start=\(Self.start - 3600)", "--end=\(Self.end + 3600)"]
                + selectors.map { "--match=\($0)" }
            let printed = try await outputs("series", options, [])
            #expect(
                printed.gateway.output.split(separator: "\n").sorted()
                    == printed.oracle.output.split(separator: "\n").sorted())
            #expect(printed.oracle.status == 0)
        }
    }
}
