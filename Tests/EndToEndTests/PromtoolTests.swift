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

        // MARK: - The program's own commands print as promtool does

        /// What `promtool` and `tributary` print for the same server.
        private func bothTools(
            _ promtool: [String], _ tributary: [String]
        ) async throws -> (promtool: CommandOutput, tributary: CommandOutput) {
            let url = try Scene.required().gateway.project("all").url
            return try await offPool {
                (
                    try .of(
                        PrometheusVersion.three.tool("promtool"),
                        promtool.map { $0 == "URL" ? url : $0 }),
                    try .of(
                        Repository.gateway(), tributary + ["-o", "promtool", "--url", url],
                        environment: ["TRIBUTARY_CONFIG": "/nowhere"])
                )
            }
        }

        @Test(
            "tributary query -o promtool prints what promtool query instant does",
            arguments: [
                "up", "trap", "escaped", "count(up)", "1 + 1", "0 - 0.000001 * vector(1)",
                "1e30 * up", "temperature[1m]", "nope", "time()",
                "sort(sum by (project) (temperature))",
            ])
        func ownInstant(query: String) async throws {
            let printed = try await bothTools(
                ["query", "instant", "--time=\(Self.start)", "URL", query],
                ["query", query, "--time", "\(Self.start)"])
            #expect(printed.tributary.output == printed.promtool.output)
            #expect(printed.tributary.status == 0 && printed.promtool.status == 0)
        }

        @Test(
            "tributary query -o promtool prints what promtool query range does",
            arguments: ["up", "trap", "memory", "escaped", "vector(1)", "nope", "temperature / 0"])
        func ownRange(query: String) async throws {
            let printed = try await bothTools(
                [
                    "query", "range", "--start=\(Self.start)", "--end=\(Self.end)", "--step=30s",
                    "URL", query,
                ],
                [
                    "query", query, "--start", "\(Self.start)", "--end", "\(Self.end)", "--step",
                    "30s",
                ])
            #expect(printed.tributary.output == printed.promtool.output)
            #expect(printed.tributary.status == 0 && printed.promtool.status == 0)
        }

        @Test(
            "tributary values and series -o promtool print what promtool does",
            arguments: ["up", "trap", "escaped", "nope"])
        func ownLists(metric: String) async throws {
            let window = ["--start=\(Self.start - 3600)", "--end=\(Self.end + 3600)"]
            let series = try await bothTools(
                ["query", "series"] + window + ["--match=\(metric)", "URL"],
                ["series", metric] + window)
            #expect(series.tributary.output == series.promtool.output)
            let label = metric == "nope" ? "nolabel" : "job"
            let values = try await bothTools(
                ["query", "labels"] + window + ["URL", label], ["values", label] + window)
            #expect(values.tributary.output == values.promtool.output)
        }
    }
}
