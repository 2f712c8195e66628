import Foundation
import RealServers
import TestSupport
import Testing

/// `tributary query` and what it shares with other commands, over `tributary embedded`.
@Suite struct QueryCommandTests {
    private static let base = 1_700_000_000

    /// Runs work beside a server that has two jobs, with a folder for files.
    private func withServer(
        _ work:
            @Sendable (
                _ run: @Sendable ([String], [String: String]) throws -> CommandOutput,
                _ url: String, _ folder: String
            ) throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let samples = "\(folder)/samples.txt"
                var text = "# TYPE requests counter\n"
                for job in ["shop", "wiki"] {
                    for step in 0...60 {
                        let value = job == "shop" ? 10 * step : 3 * step
                        text += "requests_total{job=\"\(job)\"} \(value) \(Self.base + 15 * step)\n"
                    }
                }
                try (text + "# EOF\n").write(toFile: samples, atomically: true, encoding: .utf8)
                let port = try LoopbackPort.free()
                let server = try ChildProcess(
                    name: "embedded",
                    command: [
                        try Repository.gateway(), "embedded", "--listen", "127.0.0.1:\(port)",
                        "--load", samples,
                    ], logPath: "\(folder)/log")
                defer { server.stop() }
                try server.waitUntilReady(HTTPAddress(port: port))
                let url = "http://127.0.0.1:\(port)"
                try work(
                    { arguments, environment in
                        try CommandOutput.of(
                            Repository.gateway(), arguments,
                            environment: [
                                "TRIBUTARY_URL": url, "TRIBUTARY_CONFIG": "\(folder)/contexts.json",
                            ].merging(environment) { $1 })
                    }, url, folder)
            }
        }
    }

    @Test func `Formats are for people, for spreadsheets and for scripts`() async throws {
        try await withServer { run, _, _ in
            let query = ["query", "requests_total", "--time", "\(Self.base + 900)"]
            let table = try run(query, [:])
            #expect(
                table.output == """
                    __name__        job   value
                    --------------  ----  -----
                    requests_total  shop    600
                    requests_total  wiki    180

                    """)
            for (format, output) in [
                ("value", "600\n180\n"),
                (
                    "csv",
                    """
                    __name__,job,time,value
                    requests_total,shop,2023-11-14T22:28:20Z,600
                    requests_total,wiki,2023-11-14T22:28:20Z,180

                    """
                ),
                (
                    "promtool",
                    """
                    requests_total{job="shop"} => 600 @[1700000900]
                    requests_total{job="wiki"} => 180 @[1700000900]

                    """
                ),
            ] {
                let printed = try run(query + ["-o", format], [:])
                #expect(printed.output == output)
                #expect(printed.status == 0)
                // The environment says the same.
                #expect(try run(query, ["TRIBUTARY_OUTPUT": format]).output == output)
            }
            let json = try run(query + ["-o", "json"], [:])
            #expect(try JSONValue(parsing: Array(json.output.utf8))["status"]?.text == "success")
            let sorted = try run(query + ["-o", "value", "--sort", "value", "--limit", "1"], [:])
            #expect(sorted.output == "180\n")
            let narrow = try run(query, ["COLUMNS": "24"])
            #expect(narrow.output.contains("requests_t…"))
            let coloured = try run(query + ["--color", "always"], [:])
            #expect(coloured.output.hasPrefix("\u{1B}[1m__name__"))
        }
    }

    @Test func `A range needs no more than its start`() async throws {
        try await withServer { run, _, _ in
            let range = [
                "query", "requests_total{job='shop'}", "--start", "\(Self.base)", "--end",
                "2023-11-14 22:28:20",
            ]
            let table = try run(range + ["--step", "15s"], [:])
            #expect(table.output.contains("shop      61    0  600   600  ▁"), "\(table)")
            let automatic = try run(range + ["-o", "csv"], [:])
            #expect(automatic.output.split(separator: "\n").count == 1 + 181, "5 s apart")
            let open = try run(["query", "vector(1)", "--since", "1h", "--step", "30m"], [:])
            #expect(open.output.contains("3"), "\(open)")
            let graph = try run(range + ["--plot"], ["COLUMNS": "60"])
            #expect(graph.status == 0)
            #expect(graph.output.hasPrefix("600 ┤"), "\(graph)")
            #expect(graph.output.contains("requests_total{job=\"shop\"}"))
            let relative = try run(["query", "vector(1)", "--time", "-5m", "-o", "value"], [:])
            #expect(relative.output == "1\n")
        }
    }

    @Test func `A query is watched as often as wanted`() async throws {
        try await withServer { run, _, _ in
            let watched = try run(
                ["query", "vector(7)", "-o", "value", "--watch", "100ms", "--count", "3"], [:])
            #expect(watched.status == 0)
            #expect(watched.output.split(separator: "\n").filter { $0 == "7" }.count == 3)
            #expect(watched.output.hasPrefix("every 100ms: vector(7)  "))
        }
    }

    @Test func `Exit codes tell a wrong line from a failure`() async throws {
        try await withServer { run, _, folder in
            let wrong = try run(["query", "sum("], [:])
            #expect(wrong.status == 1)
            #expect(wrong.errors.hasPrefix("bad_data: invalid parameter \"query\""))
            #expect(wrong.output.isEmpty)
            for arguments in [
                ["query", "up", "--time", "yesteryear"], ["query", "up", "--end", "now"],
                ["query", "up", "--start", "now", "--end=-1h"], ["query", "up", "--step", "5s"],
                ["query", "up", "--since", "1h", "--step", "0"], ["query", "up", "-o", "yaml"],
                ["query", "up", "--count", "2"], ["query", "up", "--plot", "-o", "csv"],
                ["query", "up", "--context", "none"], ["query", "up", "--header", "none"],
            ] {
                let refused = try run(arguments, [:])
                #expect(refused.status == 64, "\(arguments): \(refused)")
            }
            let away = try run(["query", "up", "--url", "http://127.0.0.1:1"], [:])
            #expect(away.status == 1)
            #expect(away.errors.hasPrefix("http://127.0.0.1:1: "))
            let token = try run(["query", "up", "--token-file", "\(folder)/none"], [:])
            #expect(token.status == 2)
            // A quantile out of its range is an answer with a warning.
            let strict = ["query", "quantile(2, requests_total)", "--time", "\(Self.base + 900)"]
            #expect(try run(strict, [:]).status == 0)
            let refused = try run(strict + ["--strict"], [:])
            #expect(refused.status == 3 && refused.errors.contains("warning: "), "\(refused)")
        }
    }

    @Test func `The version is that of the scripts`() async throws {
        try await withServer { run, _, _ in
            let script = try CommandOutput.of("\(Repository.root)/scripts/version", [])
            let said = try run(["--version"], [:])
            #expect(said.output == script.output)
            #expect(said.output.split(separator: ".").count == 3)
            let chart = try CommandOutput.of(
                "/bin/sh", ["-c", "cat \(Repository.root)/configs/helm/tributary/Chart.yaml"])
            #expect(
                chart.output.contains(
                    "appVersion: \"\(said.output.trimmingCharacters(in: .newlines))\""))
        }
    }

    @Test func `A context names a server, and its options count less than those given`()
        async throws
    {
        try await withServer { run, url, folder in
            let environment = ["TRIBUTARY_URL": ""]
            try "token-of-a-user".write(
                toFile: "\(folder)/token", atomically: true, encoding: .utf8)
            let query = ["query", "vector(1)", "-o", "value"]
            for (name, place) in [("here", url), ("away", "http://127.0.0.1:1")] {
                let set = try run(
                    ["config", "set", name, "--url", place, "--token-file", "\(folder)/token"], [:])
                #expect(set.status == 0, "\(set)")
            }
            let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/contexts.json")
            #expect(mode[.posixPermissions] as? Int == 0o600)
            let file = try String(contentsOfFile: "\(folder)/contexts.json", encoding: .utf8)
            #expect(!file.contains("token-of-a-user"))
            #expect(try run(query, environment).output == "1\n", "the first one is in use")
            #expect(try run(query + ["--context", "away"], environment).status == 1)
            #expect(try run(["config", "use", "away"], [:]).status == 0)
            #expect(try run(query, environment).status == 1)
            #expect(try run(query + ["--context", "here"], environment).status == 0)
            #expect(try run(query, [:]).output == "1\n", "the environment counts more")
            #expect(try run(query + ["--url", url], environment).output == "1\n")
            let list = try run(["config", "list", "-o", "csv", "--no-header"], [:])
            #expect(list.output.hasPrefix("*,away,http://127.0.0.1:1,,"))
            #expect(try run(["config", "delete", "away"], [:]).status == 0)
            #expect(try run(["config", "use", "away"], [:]).status == 64)
            try "{".write(toFile: "\(folder)/contexts.json", atomically: true, encoding: .utf8)
            #expect(try run(query, environment).status == 2)
        }
    }
}
