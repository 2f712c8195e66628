import Foundation
import GatewayConfiguration
import GatewayLog
import HTTPTransport
import Logging
import PrometheusServer
import ScriptedServers
import Synchronization
import Testing

@testable import Gateway

/// What a gateway tells of its requests: to clients, to members, in its logs and to a collector.
@Suite("What is told of requests")
struct TelemetryTests {
    /// A gateway behind a socket, over two members whose answers can be taken away.
    private final class Served: Sendable {
        let members: [ScriptedServer]
        let isAway: Counter
        let log: GatewayLog
        let directory: String
        let url: String
        let transport: CurlMulti

        init(
            _ members: [ScriptedServer], _ isAway: Counter, _ log: GatewayLog, _ directory: String,
            _ url: String, _ transport: CurlMulti
        ) {
            self.members = members
            self.isAway = isAway
            self.log = log
            self.directory = directory
            self.url = url
            self.transport = transport
        }

        func ask(
            _ path: String, _ fields: [(String, String)] = []
        ) async throws -> TransferResponse {
            var headers = HeaderFields()
            for (name, value) in fields { headers.append(name: name, value: value) }
            let answer = try await transport.execute(
                TransferRequest(url: url + path, headers: headers))
            _ = try await answer.body.collect()
            return answer
        }

        /// What `/metrics` says.
        var metrics: String {
            get async throws {
                let answer = try await transport.execute(TransferRequest(url: url + "/metrics"))
                return String(decoding: try await answer.body.collect(), as: UTF8.self)
            }
        }

        /// Lines of a log once so many are there.
        func lines(
            _ name: String, _ count: Int, with text: String = ""
        ) async throws -> [[String: Any]] {
            for _ in 0..<500 {
                log.flush()
                let found = try read(name).filter { text.isEmpty || $0.description.contains(text) }
                if found.count >= count { return found }
                try await Task.sleep(for: .milliseconds(10))
            }
            return try read(name).filter { text.isEmpty || $0.description.contains(text) }
        }

        private func read(_ name: String) throws -> [[String: Any]] {
            let path = "\(directory)/\(name)"
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
            return try text.split(separator: "\n").map { line in
                try #require(
                    JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            }
        }
    }

    private static let up =
        #"{"status":"success","data":{"resultType":"vector","result":["#
        + #"{"metric":{"__name__":"up"},"value":[1500,"1"]}]}}"#

    private func withGateway(
        _ yaml: String = "", _ body: @escaping @Sendable (Served) async throws -> Void
    ) async throws {
        let isAway = Counter()
        let members = try (0..<2).map { index in
            try ScriptedServer { _, connection in
                isAway.value > index ? false : connection.answer(Self.up)
            }
        }
        let directory = NSTemporaryDirectory() + "tributary-telemetry-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer {
            for member in members { member.stop() }
            try? FileManager.default.removeItem(atPath: directory)
        }
        let configuration = try Configuration.parse(
            """
            query: {log: all, logFile: \(directory)/queries, rangeBoundary: leftOpen}
            projects:
              - {name: a, prometheus: {url: "\(members[0].url)"}}
              - {name: b, prometheus: {url: "\(members[1].url)"}}
              - {name: all, memberProjects: [a, b], partialResponse: warn}
            defaultProject: all
            """.replacing("query: {log: all", with: yaml.isEmpty ? "query: {log: all" : yaml),
            path: "c.yaml")
        let log = try GatewayLog(
            overrides: GatewayLog.Overrides(format: .json), to: .file("\(directory)/log"))
        try log.apply(configuration)
        let application = try await GatewayApplication(
            configuration: configuration, store: nil, source: nil, logger: log.logger(), log: log)
        try await withTransport { transport in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (ports, announce) = AsyncStream.makeStream(of: Int.self)
                var server = application.server { announce.yield($0) }
                server.port = 0
                let (started, services) = (server, application.services)
                group.addTask { try await started.runHandlingSignals(alongside: services) }
                var port = 0
                for await found in ports {
                    port = found
                    break
                }
                defer { group.cancelAll() }
                try await body(
                    Served(
                        members, isAway, log, directory, "http://127.0.0.1:\(port)", transport))
            }
        }
    }

    @Test("A client's request id is returned, sent on and logged; a wrong one is replaced")
    func requestID() async throws {
        try await withGateway { gateway in
            let own = try await gateway.ask(
                "/api/v1/query?time=1500&nocache=1&query=up", [("X-Request-Id", "mine-1")])
            #expect(own.headers["X-Request-Id"] == "mine-1")
            for member in gateway.members {
                let query = try #require(member.requests.last { $0.path == "/api/v1/query" })
                #expect(query.header("x-request-id") == "mine-1")
                #expect(query.header("traceparent") == nil)
            }
            let made = try await gateway.ask(
                "/api/v1/query?time=1500&nocache=1&query=up", [("X-Request-Id", "a b")])
            let id = try #require(made.headers["X-Request-Id"])
            #expect(id.utf8.count == 32)
            // Errors and pages of the gateway's own have one too.
            for path in ["/api/v1/query", "/nowhere", "/-/healthy"] {
                #expect(try await gateway.ask(path).headers["X-Request-Id"] != nil)
            }
            let ids = try await gateway.lines("queries", 2).compactMap {
                $0["request_id"] as? String
            }
            #expect(ids.starts(with: ["mine-1", id]))
        }
    }

    @Test("Without tracing, a client's trace is passed on as it came")
    func traceIsPassedOn() async throws {
        try await withGateway { gateway in
            let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            _ = try await gateway.ask(
                "/api/v1/query?time=1500&nocache=1&query=up",
                [("traceparent", parent), ("tracestate", "a=1")])
            for member in gateway.members {
                let query = try #require(member.requests.last { $0.path == "/api/v1/query" })
                #expect(query.header("traceparent") == parent)
                #expect(query.header("tracestate") == "a=1")
            }
        }
    }

    @Test("A query is one line, with what it asked, whom, how long it took and what came")
    func queryLog() async throws {
        try await withGateway { gateway in
            _ = try await gateway.ask("/api/v1/query?time=1500&nocache=1&query=up%0A")
            _ = try await gateway.ask("/api/v1/query_range?query=sum(up)&start=0&end=60&step=30")
            _ = try await gateway.ask("/api/v1/query?time=1500&nocache=1&query=sum(")
            let lines = try await gateway.lines("queries", 3)
            let union = try #require(lines.first { $0["query"] as? String == "up\n" })
            #expect(union["project"] as? String == "all")
            #expect(union["endpoint"] as? String == "query")
            #expect(union["plan"] as? String == "union")
            #expect(union["status"] as? Int == 200)
            #expect(union["whole"] as? Bool == true)
            #expect(union["series"] as? Int == 2)
            #expect(union["start"] as? Double == 1500)
            #expect(union["error"] == nil && union["missing"] == nil)
            for key in ["queue_ms", "plan_ms", "merge_ms", "total_ms", "bytes"] {
                #expect(union[key] is NSNumber, "\(key)")
            }
            let members = try #require(union["members"] as? [[String: Any]])
            let asked = Set(members.compactMap { $0["name"] as? String })
            #expect(asked == ["a", "b"])
            #expect(members.allSatisfy { ($0["bytes"] as? Int ?? 0) == Self.up.utf8.count })
            let sum = try #require(lines.first { $0["query"] as? String == "sum(up)" })
            #expect(sum["plan"] as? String == "evaluated")
            #expect(sum["endpoint"] as? String == "query_range")
            #expect(sum["step"] as? Double == 30 && sum["end"] as? Double == 60)
            let wrong = try #require(lines.first { $0["query"] as? String == "sum(" })
            #expect(wrong["status"] as? Int == 400)
            #expect((wrong["error"] as? String)?.contains("parse error") == true)
        }
    }

    @Test("Only queries that failed are logged, where that is wanted")
    func failedQueries() async throws {
        try await withGateway("query: {log: failed") { gateway in
            _ = try await gateway.ask("/api/v1/query?time=1500&nocache=1&query=up")
            _ = try await gateway.ask("/api/v1/query?time=1500&nocache=1&query=sum(")
            let lines = try await gateway.lines("queries", 1)
            #expect(lines.map { $0["query"] as? String } == ["sum("])
        }
    }

    @Test("No query is logged unless that is asked for")
    func noQueries() async throws {
        try await withGateway("query: {log: off") { gateway in
            _ = try await gateway.ask("/api/v1/query?time=1500&nocache=1&query=sum(")
            gateway.log.flush()
            #expect(!FileManager.default.fileExists(atPath: gateway.directory + "/queries"))
        }
    }

    @Test("A member's going and coming are said once each, and what is missing in the query's line")
    func membersGoAndCome() async throws {
        try await withGateway { gateway in
            gateway.isAway.add(1)
            for _ in 0..<8 {
                _ = try await gateway.ask("/api/v1/query?time=1500&nocache=1&query=up")
            }
            let down = try await gateway.lines("log", 1, with: "is down")
            #expect(down.map { $0["member"] as? String } == ["a"])
            #expect((down.first?["cause"] as? String)?.isEmpty == false)
            let line = try #require(try await gateway.lines("queries", 8).first)
            let missing = try #require(line["missing"] as? [String])
            #expect(missing.count == 1 && missing[0].hasPrefix("a: "))
            gateway.isAway.add(-1)
            while try await gateway.lines("log", 0, with: "is back").isEmpty {
                _ = try await gateway.ask("/api/v1/query?time=1500&nocache=1&query=up")
            }
            let back = try await gateway.lines("log", 1, with: "is back")
            #expect(back.count == 1)
            #expect(Int(back[0]["down_for_ms"] as? String ?? "") != nil)
        }
    }

    @Test("An answer of 5xx and a limit that was met are said, with the request's id")
    func failures() async throws {
        try await withGateway("limits: {maxSeries: 1}\nquery: {log: all") { gateway in
            _ = try await gateway.ask(
                "/api/v1/query?time=1500&nocache=1&query=up", [("X-Request-Id", "limited")])
            let limited = try #require(try await gateway.lines("log", 1, with: "limited").first)
            #expect(limited["limit"] as? String == "limits.maxSeries")
            #expect(limited["level"] as? String == "warning")
            #expect(limited["status"] as? String == "422")
            #expect(
                try await gateway.metrics.contains(
                    "\ntributary_limits_exceeded_total{limit=\"limits.maxSeries\"} 1\n"))
            gateway.isAway.add(2)
            _ = try await gateway.ask(
                "/api/v1/query?time=1500&nocache=1&query=up&x=secret", [("X-Request-Id", "failed")])
            let failed = try #require(try await gateway.lines("log", 1, with: "\"failed\"").first)
            #expect(failed["level"] as? String == "error")
            #expect(failed["path"] as? String == "/api/v1/query")
            #expect((failed["error"] as? String)?.contains("no member answered") == true)
        }
    }

    @Test("Spans of request, queue, plan, members and merge arrive, and members get theirs")
    func spans() async throws {
        let collector = try ScriptedServer { _, connection in connection.answer("{}") }
        defer { collector.stop() }
        try await withGateway(
            "tracing: {endpoint: \"\(collector.url)\"}\nquery: {log: off"
        ) { gateway in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            for query in ["up", "quantile(0.5,up)"] {
                _ = try await gateway.ask(
                    "/api/v1/query?time=1500&nocache=1&query=\(query)",
                    [("traceparent", "00-\(trace)-00f067aa0ba902b7-01")])
            }
            let spans = try await Self.spans(of: collector)
            Self.check(spans, of: trace)
            for member in gateway.members { try Self.check(member, got: spans, of: trace) }
        }
    }

    /// What the collector got, once both requests are there.
    private static func spans(of collector: ScriptedServer) async throws -> [CollectedSpan] {
        var spans: [CollectedSpan] = []
        var requests = 0
        for _ in 0..<500 where requests < 2 {
            try await Task.sleep(for: .milliseconds(20))
            spans = try collector.requests.flatMap { try CollectedSpan.read($0.bodyBytes) }
            requests = spans.count { $0.kind == 2 }
        }
        return spans
    }

    private static func check(_ spans: [CollectedSpan], of trace: String) {
        #expect(spans.allSatisfy { $0.traceId == trace })
        let requests = spans.filter { $0.kind == 2 }
        #expect(requests.map(\.name) == ["GET /api/v1/query", "GET /api/v1/query"])
        #expect(requests.allSatisfy { $0.parentSpanId == "00f067aa0ba902b7" })
        for request in requests {
            let inner = spans.filter { $0.parentSpanId == request.spanId }
            #expect(Set(inner.map(\.name)).isSuperset(of: ["queue", "plan", "member", "merge"]))
            #expect(request.attributes["tributary.project"] == #"{"stringValue":"all"}"#)
        }
    }

    /// That each query a member got names its own span.
    private static func check(
        _ member: ScriptedServer, got spans: [CollectedSpan], of trace: String
    ) throws {
        for query in member.requests where query.path == "/api/v1/query" {
            let parent = try #require(query.header("traceparent"))
            let span = try #require(spans.first { parent.contains($0.spanId) })
            #expect(span.name == "member" && span.kind == 3)
            #expect(parent == "00-\(trace)-\(span.spanId)-01")
        }
    }
}
