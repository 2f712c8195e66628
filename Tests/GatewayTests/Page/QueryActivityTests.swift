import Foundation
import GatewayConfiguration
import HTTPTransport
import Logging
import PrometheusWire
import RequestTelemetry
import ScriptedServers
import Testing

@testable import Gateway
@testable import GatewayState
@testable import PrometheusServer

/// The queries under way, and what queries cost.
@Suite("Queries under way and of before")
struct QueryActivityTests {
    private static let up =
        #"{"status":"success","data":{"resultType":"vector","result":["#
        + #"{"metric":{"__name__":"up"},"value":[1500,"1"]}]}}"#

    private struct Served: Sendable {
        var url: String
        var member: ScriptedServer
        var transport: CurlMulti

        func ask(
            _ path: String, _ method: TransferRequest.Method = .get, token: String = "root-token",
            id: String? = nil
        ) async throws -> (status: Int, body: String) {
            var headers = HeaderFields()
            headers.append(name: "X-API-Key", value: token)
            if let id { headers.append(name: "X-Request-Id", value: id) }
            let answer = try await transport.execute(
                TransferRequest(url: url + path, method: method, headers: headers))
            let body = try await answer.body.collect()
            return (answer.status, String(decoding: body, as: UTF8.self))
        }

        func active() async throws -> [JSONValue] {
            let answer = try await ask("/api/v1/status/active_queries")
            return try JSONValue(parsing: Array(answer.body.utf8))["data"]?.items ?? []
        }

        /// Waits until so many queries are under way.
        func activeOnce(_ count: Int) async throws -> [JSONValue] {
            for _ in 0..<1000 {
                let all = try await active()
                if all.count == count { return all }
                try await Task.sleep(for: .milliseconds(10))
            }
            return try await active()
        }
    }

    /// A gateway behind a socket, over a member that answers a query for `slow` when the gate opens.
    private func withGateway(
        _ body: @escaping @Sendable (Served, Counter) async throws -> Void
    ) async throws {
        let gate = Counter()
        let member = try ScriptedServer { request, connection in
            if request.parameters.contains("slow") {
                for _ in 0..<3000 where gate.value == 0 { usleep(10_000) }
            }
            if request.parameters.contains("wrong") {
                return connection.answer(
                    #"{"status":"error","errorType":"execution","error":"no"}"#,
                    status: "422 Unprocessable Entity")
            }
            return connection.answer(Self.up)
        }
        defer {
            gate.add(1)
            member.stop()
        }
        let yaml = """
            query: {rangeBoundary: leftOpen}
            probes: {interval: 0s}
            projects: [{name: a, prometheus: {url: "\(member.url)"}}]
            auth:
              tokens:
                - {name: root, token: root-token, admin: true}
                - {name: reader, token: reader-token}
                - {name: one, token: one-token, projects: [a]}
            """
        let application = try await GatewayApplication(
            configuration: Configuration.parse(yaml, path: "c.yaml"), store: nil, source: nil,
            logger: Logger(label: "test"))
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
                    Served(url: "http://127.0.0.1:\(port)", member: member, transport: transport),
                    gate)
            }
        }
    }

    @Test("A query is in the list as long as it runs, with what it asks")
    func list() async throws {
        try await withGateway { gateway, gate in
            #expect(try await gateway.active().isEmpty)
            let slow = Task {
                try await gateway.ask(
                    "/api/v1/query_range?query=slow&start=0&end=60&step=15", token: "reader-token",
                    id: "mine")
            }
            let one = try #require(try await gateway.activeOnce(1).first)
            #expect(one["id"] == .string("mine"))
            #expect(one["client"] == .string("token reader"))
            #expect(one["project"] == .string("a"))
            #expect(one["endpoint"] == .string("query_range"))
            #expect(one["query"] == .string("slow"))
            #expect(one["start"] == .string("1970-01-01T00:00:00Z"))
            #expect(one["end"] == .string("1970-01-01T00:01:00Z"))
            #expect(one["stepSeconds"] == .number("15"))
            gate.add(1)
            _ = try await slow.value
            #expect(try await gateway.activeOnce(0).isEmpty)
            let refused = try await gateway.ask(
                "/api/v1/status/active_queries", token: "one-token")
            #expect(refused.status == 403)
        }
    }

    @Test("A query that an administrator cancels ends with 499, and the connection's others go on")
    func cancel() async throws {
        try await withGateway { gateway, _ in
            let slow = Task { try await gateway.ask("/api/v1/query?query=slow", id: "mine") }
            _ = try await gateway.activeOnce(1)
            let path = "/api/v1/status/active_queries/"
            let reader = try await gateway.ask(path + "mine", .delete, token: "reader-token")
            #expect(reader.status == 403)
            #expect(try await gateway.ask(path + "other", .delete).status == 404)
            let done = try await gateway.ask(path + "mine", .delete)
            #expect(done.status == 200, "\(done.body)")
            let answer = try await slow.value
            #expect(answer.status == 499)
            #expect(answer.body.contains(#""errorType":"canceled""#), "\(answer.body)")
            #expect(try await gateway.activeOnce(0).isEmpty)
            #expect(try await gateway.ask(path + "mine", .delete).status == 404)
            #expect(try await gateway.ask("/api/v1/query?time=1500&query=up").status == 200)
        }
    }

    @Test("What queries cost is added up by text, however it is laid out")
    func top() async throws {
        try await withGateway { gateway, _ in
            for query in ["sum(up)", "sum(up)%20%23%20x", "%0Asum(up)", "up", "wrong", "(("] {
                _ = try await gateway.ask("/api/v1/query?time=1500&nocache=1&query=\(query)")
            }
            func top(_ by: String) async throws -> [JSONValue] {
                let answer = try await gateway.ask("/api/v1/status/top_queries?by=\(by)")
                #expect(answer.status == 200, "\(answer.body)")
                return try JSONValue(parsing: Array(answer.body.utf8))["data"]?["queries"]?.items
                    ?? []
            }
            // An answer is counted once it was sent.
            var counted = try await top("count")
            for _ in 0..<500 where counted.count < 4 {
                try await Task.sleep(for: .milliseconds(10))
                counted = try await top("count")
            }
            #expect(counted.first?["query"] == .string("sum(up)"))
            #expect(counted.first?["count"] == .integer(3))
            #expect(counted.first?["failures"] == .integer(0))
            #expect(counted.count == 4)
            let failed = try await top("failures")
            #expect(Set(failed.map { $0["query"]?.text }) == ["wrong", "(("])
            #expect(try await top("bytes").first?["query"] == .string("sum(up)"))
            #expect(try await top("time").count == 4)
            #expect(
                try await gateway.ask("/api/v1/status/top_queries?by=taste").status == 400)
            #expect(
                try await gateway.ask("/api/v1/status/top_queries?limit=0").status == 400)
            #expect(
                try await gateway.ask("/api/v1/status/top_queries", token: "one-token").status
                    == 403)
        }
    }

    @Test("A page that stops listening to notifications breaks no answer off")
    func listening() async throws {
        try await withGateway { gateway, _ in
            let listener = Task { try await gateway.ask("/api/v1/notifications/live") }
            try await Task.sleep(for: .milliseconds(200))
            listener.cancel()
            _ = await listener.result
            // An answer is counted once it ended.
            var counted: [Substring] = []
            for _ in 0..<500 where counted.isEmpty {
                try await Task.sleep(for: .milliseconds(10))
                let lines = try await gateway.ask("/metrics").body.split(separator: "\n")
                counted = lines.filter { $0.contains("notifications/live") }
            }
            #expect(counted.contains { $0.hasPrefix("tributary_http_requests_total{") })
            #expect(!counted.contains { $0.hasPrefix("tributary_http_broken_answers_total{") })
        }
    }

    @Test("Texts are told apart by what they say")
    func texts() {
        for (text, normal) in [
            ("  sum ( up )\n", "sum ( up )"), ("a # b\n+ c", "a + c"),
            (#"up{a="x  # y"}"#, #"up{a="x  # y"}"#),
            (#"up{a="\"  "}  +  1"#, #"up{a="\"  "} + 1"#),
            ("up{a=`\\`}  # x", "up{a=`\\`}"), ("", ""),
        ] {
            #expect(QueryText.normal(text) == normal)
        }
        #expect(QueryText.normal(String(repeating: "a", count: 9000)).count == QueryText.longest)
    }

    @Test("The table of texts is bounded: the one that cost least makes room")
    func bound() throws {
        let top = TopQueries(most: 2)
        for (query, time) in [("a", 3.0), ("b", 1.0), ("c", 2.0)] {
            let scope = RequestScope(record: QueryRecord())
            scope.record?.update { $0.query = query }
            top.record(
                CompletedRequest(
                    method: "GET", target: [], scope: scope, pattern: nil, status: 200,
                    bodyBytes: 1, duration: .seconds(time), isWhole: true))
        }
        guard case .bytes(let bytes) = top.response(by: .time, limit: 9).body else { return }
        let queries = try JSONValue(parsing: bytes)["data"]?["queries"]?.items ?? []
        #expect(queries.map { $0["query"]?.text } == ["a", "c"])
    }
}
