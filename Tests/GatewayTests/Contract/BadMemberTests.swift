import GatewayConfiguration
import GoText
import Logging
import PrometheusServer
import PrometheusWire
import ScriptedServers
import Testing

@testable import Federation
@testable import Gateway

/// Members whose answers cannot be taken: each is missing, is named, and takes nothing from the
/// others.
@Suite(.closesGateways) struct BadMemberTests {
    /// A way to answer, and how it is told.
    struct Trouble: Sendable, CustomTestStringConvertible {
        var name: String
        var cause: String
        var status = 503
        var script: ScriptedServer.Script
        var testDescription: String { name }
    }

    private static let head = #"{"status":"success","data":["#

    static let troubles = [
        Trouble(
            name: "an error document with status 200", cause: "HTTP status 200: internal: no"
        ) { $1.answer(#"{"status":"error","errorType":"internal","error":"no"}"#) },
        Trouble(
            name: "header fields that are too large",
            cause: "the answer's header fields are too large", status: 422
        ) { _, connection in
            connection.write("HTTP/1.1 200 OK\r\n")
            let line = "X-A: \(String(repeating: "a", count: 60_000))\r\n"
            for _ in 0..<4 { guard connection.write(line) else { return false } }
            return connection.answer(head)
        },
        Trouble(
            name: "a gzip bomb", cause: "the answer inflates to more than 2097152 bytes",
            status: 422
        ) { _, connection in
            connection.answer(
                compressed(Array("{\"status\":".utf8) + [UInt8](repeating: 0x20, count: 8 << 20)),
                extra: "Content-Encoding: gzip\r\n")
        },
        Trouble(
            name: "an endless body", cause: "the answer is larger than", status: 422
        ) { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            guard connection.chunk("{\"status\":\"success\",\"warnings\":[\"") else { return false }
            let text = [UInt8](repeating: 0x61, count: 1 << 16)
            while connection.chunk(text) {}
            return false
        },
        Trouble(
            name: "a huge Content-Length", cause: "the answer is larger than", status: 422
        ) { _, connection in
            connection.write(
                "HTTP/1.1 200 OK\r\nContent-Length: 999999999999999\r\n\r\n{\"status\":")
            _ = connection.waitForEnd(milliseconds: 30_000)
            return false
        },
    ]

    @Test(arguments: troubles)
    func `A member whose answer cannot be taken is missing, whatever is asked`(
        trouble: Trouble
    ) async throws {
        for question in BesideBadMember.questions {
            try await BesideBadMember.withGateway(trouble.script) { gateway in
                try await BesideBadMember.expectMissing(
                    gateway, question, trouble.cause, status: trouble.status)
            }
        }
    }

    @Test(arguments: troubles)
    func `A member whose answer cannot be taken is missing in federate`(
        trouble: Trouble
    ) async throws {
        try await BesideBadMember.withGateway(trouble.script) { gateway in
            for policy in ["warn", "safe"] {
                let answer = try await gateway.ask(
                    "/p/all/federate?match[]=up&partial_response=\(policy)")
                #expect(answer.status == 200, "\(answer.body)")
                #expect(answer.headers["X-Tributary-Missing-Members"] == "bad")
                #expect(answer.body.contains(#"# project "bad": "# + trouble.cause))
                #expect(answer.body.contains(#"project="ok""#))
            }
        }
    }

    @Test func `A member whose answer is of another type is missing in federate`() async throws {
        try await BesideBadMember.withGateway {
            $1.answer(BesideBadMember.body(#"{"resultType":"string","result":[1000,"1"]}"#))
        } _: { gateway in
            let answer = try await gateway.ask("/p/all/federate?match[]=up")
            #expect(answer.status == 200, "\(answer.body)")
            #expect(answer.body.contains(#"# project "bad": malformed answer: a string where"#))
        }
    }

    @Test func `A member whose external labels cannot be read is missing in remote read`()
        async throws
    {
        let read = { @Sendable (request: ScriptedServer.Request, connection: Connection) -> Bool in
            guard request.path.hasSuffix("/read") else {
                return request.path.hasSuffix("/status/config")
                    ? connection.answer(#"{"status":"success","data":{"yaml":"global: {}"}}"#)
                    : BesideBadMember.good(request, connection)
            }
            return connection.answer(
                (try? SnappyBlock.compress([0x0A, 0x00])) ?? [], type: "application/x-protobuf",
                extra: "Content-Encoding: snappy\r\n")
        }
        let query = RemoteReadRequest.Query(
            start: 0, end: 1000, matchers: [.init("__name__", .equal, "up")])
        let body = try RemoteReadRequest(queries: [query], accepted: [.samples]).body
        for (status, config) in [
            ("429 Too Many Requests", "slow down"), ("200 OK", #"{"status":"success","data":{"ya"#),
        ] {
            try await BesideBadMember.withGateway(
                { request, connection in
                    request.path.hasSuffix("/status/config")
                        ? connection.answer(config, status: status) : read(request, connection)
                }, good: read
            ) { gateway in
                for (policy, expected) in [("warn", 200), ("safe", 503), ("abort", 503)] {
                    let request = try #require(
                        PrometheusRequest(
                            method: "POST", target: "/p/all/api/v1/read?partial_response=\(policy)",
                            headers: [:], body: body))
                    let (status, headers, bytes) = try await gateway.respond(to: request)
                        .collected()
                    let text = String(decoding: bytes, as: UTF8.self)
                    #expect(status == expected, "\(policy): \(text)")
                    if expected == 200 {
                        #expect(headers["X-Tributary-Missing-Members"] == "bad")
                    } else {
                        #expect(text.contains(#"project "bad": its external labels"#), "\(text)")
                    }
                }
            }
        }
    }

    @Test func `What a member says against the query stays the error, whatever its status`()
        async throws
    {
        try await BesideBadMember.withGateway {
            $1.answer(#"{"status":"error","errorType":"bad_data","error":"no"}"#)
        } _: { gateway in
            let answer = try await gateway.ask("/p/all/api/v1/query?query=up&time=1000")
            #expect(answer.status == 400, "\(answer.body)")
            #expect(answer.body.contains(#"project \"bad\": no"#))
        }
    }

    @Test func `A member that gives more series than an answer may have is missing`() async throws {
        let ok = try ScriptedServer(BesideBadMember.good)
        let many = try ScriptedServer { request, connection in
            let path = String(request.path.dropFirst("/api/v1/".count))
            let up = { (job: Int) in #"{"metric":{"__name__":"up","job":"\#(job)"},"# }
            let numbers = 100..<150
            switch path {
            case "query":
                let all = numbers.map { up($0) + #""value":[1000,"1"]}"# }
                return connection.answer(
                    BesideBadMember.body(
                        #"{"resultType":"vector","result":[\#(all.joined(separator: ","))]}"#))
            case "query_range":
                let all = numbers.map { up($0) + #""values":[[1000,"1"]]}"# }
                return connection.answer(
                    BesideBadMember.body(
                        #"{"resultType":"matrix","result":[\#(all.joined(separator: ","))]}"#))
            case "labels", "label/job/values":
                return connection.answer(
                    BesideBadMember.body("[\(numbers.map { "\"l\($0)\"" }.joined(separator: ","))]")
                )
            case "series":
                return connection.answer(
                    BesideBadMember.body(
                        "[\(numbers.map { "{\"a\":\"\($0)\"}" }.joined(separator: ","))]"))
            default: return BesideBadMember.good(request, connection)
            }
        }
        defer {
            ok.stop()
            many.stop()
        }
        let configuration = try Configuration.parse(
            """
            limits: {maxSeries: 20}
            projects:
              - {name: ok, prometheus: {url: "\(ok.url)"}}
              - {name: bad, prometheus: {url: "\(many.url)"}}
              - {name: all, memberProjects: [ok, bad]}
            """, path: "c.yaml")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let gateway = try GatewayApplication(configuration: configuration, logger: logger)
            .closedAtTheEnd().responder
        for question in BesideBadMember.questions.prefix(9) where !question.contains("%5B") {
            try await BesideBadMember.expectMissing(gateway, question, "more than 20 ", status: 422)
        }
        // What the client cuts away is not counted.
        let few = try await gateway.ask("/p/all/api/v1/query?query=up&time=1000&limit=5")
        #expect(few.status == 200 && !few.body.contains("more than"), "\(few.body)")
    }

    @Test func `A member that gives a series twice is missing`() async throws {
        let up = { @Sendable (job: String) in
            #"{"metric":{"__name__":"up","job":"\#(job)"},"value":[1000,"1"]}"#
        }
        try await BesideBadMember.withGateway {
            $1.answer(
                BesideBadMember.body(
                    #"{"resultType":"vector","result":[\#(up("a")),\#(up("b")),\#(up("a"))]}"#))
        } _: { gateway in
            for question in ["query?query=up&time=1000", "query?query=sum(up)&time=1000"] {
                try await BesideBadMember.expectMissing(
                    gateway, question, "malformed answer: two series with the labels ")
            }
        }
    }
}
