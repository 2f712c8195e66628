import Foundation
import RealServers
import TestSupport
import Testing

/// `tributary replay` as users run it, over the query log of a real Prometheus.
@Suite struct ReplayCommandTests {
    private static let base = 1_700_000_000
    private static let key = "0123456789abcdef0123456789abcdef"

    /// Counters of two jobs; the second one's last value can be told.
    private static func data(last: Int = 900) -> String {
        var text = "# TYPE requests counter\n"
        for job in ["shop", "wiki"] {
            for step in 0...60 {
                let value = job == "wiki" && step == 60 ? last : 10 * step
                text += "requests_total{job=\"\(job)\"} \(value) \(base + 15 * step)\n"
            }
        }
        return text + "# EOF\n"
    }

    private static func replay(_ arguments: [String]) throws -> CommandOutput {
        try CommandOutput.of(Repository.gateway(), ["replay"] + arguments)
    }

    /// What a Prometheus logged that was asked instant and range queries, by GET and POST.
    private static func recording(in folder: String) throws -> (PrometheusServer, log: String) {
        let log = "\(folder)/query.log"
        let server = try PrometheusServer(
            name: "recorded", openMetrics: data(), directory: folder,
            configuration: "global: {query_log_file: \(log)}\n")
        for query in [
            "requests_total", "sum(rate(requests_total[5m]))", "requests_total{job=\"wiki\"}",
        ] {
            let instant = [("query", query), ("time", "\(base + 900)")]
            let range = [
                ("query", query), ("start", "\(base + 60)"), ("end", "\(base + 930)"),
                ("step", "30"),
            ]
            #expect(try server.address.get("/api/v1/query", instant).status == 200)
            #expect(try server.address.post("/api/v1/query_range", range).status == 200)
        }
        return (server, log)
    }

    @Test(
        "A query log is replayed to its Prometheus and to the gateway, whose answers are the same",
        .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
    func sameAnswers() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let (server, log) = try Self.recording(in: folder)
                let path = "\(folder)/gateway.yaml"
                try """
                projects:
                  - name: a
                    prometheus: {url: "\(server.address.url)"}
                    apiKeys: [{key: \(Self.key)}]
                """.write(toFile: path, atomically: true, encoding: .utf8)
                let token = "\(folder)/token"
                try Self.key.write(toFile: token, atomically: true, encoding: .utf8)
                let (gateway, address) = try ChildProcess.gateway("gateway", over: path, in: folder)
                // The log grows by what is replayed: the first six lines are the recording.
                for pace in [["--rate", "50"], ["--clients", "2"], ["--speed", "100"]] {
                    let outcome = try Self.replay(
                        [
                            log, "--target", address.url, "--token-file", token,
                            "--compare", server.address.url, "--limit", "6", "--json",
                        ] + pace)
                    #expect(outcome.status == 0, "\(outcome)")
                    let json = try JSONValue(parsing: Array(outcome.output.utf8))
                    #expect(json["format"]?.text == "query-log")
                    #expect(json["comparison"]?["compared"]?.text == "6", "\(outcome)")
                    #expect(json["comparison"]?["different"]?.text == "0", "\(outcome)")
                    let answered = json["targets"]?.items?.map { $0["statuses"]?["200"]?.text }
                    #expect(answered == ["6", "6"], "\(outcome)")
                }
                gateway.stop()
                server.process.stop()
            }
        }
    }

    @Test(
        "A planted difference is printed with its request and ends with 1",
        .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
    func plantedDifference() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let (server, log) = try Self.recording(in: folder)
                let other = try PrometheusServer(
                    name: "other", openMetrics: Self.data(last: 901), directory: folder)
                let outcome = try Self.replay([
                    log, "--target", other.address.url, "--compare", server.address.url,
                    "--limit", "6", "--differences", "1",
                ])
                #expect(outcome.status == 1, "\(outcome)")
                #expect(outcome.output.contains("compared 6, different 6"), "\(outcome)")
                #expect(
                    outcome.output.contains(
                        "difference 1: value of {__name__=\"requests_total\", job=\"wiki\"} at "
                            + "\(Self.base + 900): 901, not 900"), "\(outcome)")
                #expect(
                    outcome.output.contains(
                        "GET /api/v1/query?query=requests_total&time=\(Self.base + 900)"),
                    "\(outcome)")
                #expect(!outcome.output.contains("difference 2"), "\(outcome)")
                #expect(outcome.output.contains("5 more differences are not shown"))
                // At times at which both have the same, and moved by whole steps, nothing differs.
                let earlier = try Self.replay([
                    log, "--target", other.address.url, "--compare", server.address.url,
                    "--limit", "6", "--shift=-80s",
                ])
                #expect(earlier.status == 0, "\(earlier)")
                other.process.stop()
                server.process.stop()
            }
        }
    }

    private static func list(_ lines: [String], in folder: String) throws -> String {
        let path = "\(folder)/urls.txt"
        try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private static let empty = #"{"status":"success","data":{"resultType":"vector","result":[]}}"#

    @Test("A broken line is told before anything is sent, and ends with 2")
    func brokenLine() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let server = try LoopbackServer.answering(Self.empty)
                let path = try Self.list(["/api/v1/query?query=up", "nonsense"], in: folder)
                let outcome = try Self.replay([path, "--target", server.address.url])
                #expect(outcome.status == 2, "\(outcome)")
                #expect(outcome.errors.hasPrefix("\(path): line 2: a line is a path"), "\(outcome)")
                #expect(server.queries.isEmpty)
                let missing = try Self.replay(["\(folder)/nothing"])
                #expect(missing.status == 2 && missing.errors.contains("cannot be opened"))
                let comments = try Self.list(["# nothing", "/metrics"], in: folder)
                let none = try Self.replay([comments])
                #expect(none.status == 2 && none.errors.contains("left out 1: not of the"))
                let timeless = try Self.list(["/api/v1/query?query=up"], in: folder)
                let speed = try Self.replay([timeless, "--speed", "2"])
                #expect(speed.status == 2 && speed.errors.contains("use --rate or --clients"))
                server.stop()
            }
        }
    }

    @Test("A token goes to its own target alone, and both are asked for the same time")
    func tokens() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let (target, reference) = (
                    try LoopbackServer.answering(Self.empty),
                    try LoopbackServer.answering(Self.empty)
                )
                let path = try Self.list(["/api/v1/query?query=up"], in: folder)
                let token = "\(folder)/token"
                try "secret-word\n".write(toFile: token, atomically: true, encoding: .utf8)
                let outcome = try Self.replay([
                    path, "--target", target.address.url, "--token-file", token,
                    "--compare", reference.address.url, "--repeat", "3",
                ])
                #expect(outcome.status == 0, "\(outcome)")
                #expect(!"\(outcome)".contains("secret-word"))
                func headers(_ server: LoopbackServer) -> [String?] {
                    server.queries.map { $0.headers.first { $0.0 == "authorization" }?.1 }
                }
                #expect(headers(target) == Array(repeating: "Bearer secret-word", count: 3))
                #expect(headers(reference) == [nil, nil, nil])
                #expect(target.queries.map(\.target) == reference.queries.map(\.target))
                #expect(target.queries.allSatisfy { $0.target.contains("&time=1") })
                target.stop()
                reference.stop()
            }
        }
    }

    @Test("At a rate the wait for a slow server is part of the latency")
    func coordinatedOmission() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let server = try LoopbackServer { _, socket in
                    usleep(200_000)
                    try socket.write(
                        "HTTP/1.1 200 OK\r\nContent-Length: \(Self.empty.utf8.count)\r\n"
                            + "Connection: close\r\n\r\n\(Self.empty)")
                }
                let path = try Self.list(["/api/v1/query?query=up"], in: folder)
                // All ten are due within ten milliseconds, and go one after the other.
                let outcome = try Self.replay([
                    path, "--target", server.address.url, "--rate", "1000", "--repeat", "10",
                    "--max-in-flight", "1", "--json",
                ])
                #expect(outcome.status == 0, "\(outcome)")
                let target = try JSONValue(parsing: Array(outcome.output.utf8))["targets"]?.items?[
                    0]
                func seconds(_ histogram: String, _ name: String) -> Double {
                    target?[histogram]?[name]?.text.flatMap { Double($0) } ?? 0
                }
                #expect(seconds("latency", "max") >= 1.9, "\(outcome)")
                #expect(seconds("latency", "p50") >= 0.9, "\(outcome)")
                #expect(seconds("service", "min") >= 0.2, "\(outcome)")
                #expect(seconds("service", "p50") < seconds("latency", "p50"), "\(outcome)")
                server.stop()
            }
        }
    }

    @Test("Failures are counted by kind and end with 1; refusals of a query do not")
    func failures() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let path = try Self.list(["/api/v1/query?query=up", "/api/v1/labels"], in: folder)
                func replay(_ server: LoopbackServer, _ more: [String] = []) throws -> CommandOutput
                {
                    defer { server.stop() }
                    return try Self.replay([path, "--target", server.address.url] + more)
                }
                let refused = try replay(.answering("{}", status: 422))
                #expect(refused.status == 0 && refused.output.contains(": 2 of 422"), "\(refused)")
                let failing = try replay(.answering("no", status: 503))
                #expect(failing.status == 1 && failing.output.contains(": 2 of 503"), "\(failing)")
                let broken = try replay(.breakingOff(after: "{"))
                #expect(broken.status == 1 && broken.output.contains(": 2 broken"), "\(broken)")
                let slow = try replay(.silent(), ["--timeout", "300ms", "--clients", "2"])
                #expect(slow.status == 1 && slow.output.contains(": 2 timeout"), "\(slow)")
                let port = try LoopbackPort.free()
                let away = try Self.replay([path, "--target", "http://127.0.0.1:\(port)"])
                #expect(away.status == 1 && away.output.contains(": 2 connect"), "\(away)")
            }
        }
    }

    @Test("Ctrl-C ends a replay with the figures so far")
    func interrupted() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let server = try LoopbackServer.answering(Self.empty)
                let path = try Self.list(["/api/v1/query?query=up"], in: folder)
                let process = try ChildProcess(
                    name: "replay",
                    command: [
                        try Repository.gateway(), "replay", path, "--target", server.address.url,
                        "--rate", "50", "--repeat", "0",
                    ], logPath: "\(folder)/replay.log")
                let deadline = Date(timeIntervalSinceNow: 60)
                while server.queries.count < 5, Date() < deadline { usleep(20_000) }
                #expect(process.log.isEmpty)
                kill(process.processID, SIGINT)
                while process.isRunning, Date() < deadline { usleep(20_000) }
                #expect(!process.isRunning)
                #expect(process.log.contains("ended before its time"), "\(process.log)")
                #expect(process.log.contains(" of 200"), "\(process.log)")
                process.stop()
                server.stop()
            }
        }
    }
}
