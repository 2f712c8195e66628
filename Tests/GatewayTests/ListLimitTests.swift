import GatewayConfiguration
import Logging
import PrometheusServer
import ScriptedServers
import Testing

@testable import Gateway

/// What `limit` spares: a member that knows no `limit` sends everything, of which the first elements
/// are wanted.
@Suite(.closesGateways) struct ListLimitTests {
    private static let values = (0..<20_000).map { "value-\(100_000 + $0)" }

    private static func list(_ elements: some Sequence<String>) -> String {
        elements.joined(separator: ",")
    }

    private static let texts = values.map { #""\#($0)""# }
    private static let series = values.flatMap {
        [#"{"__name__":"m","a":"\#($0)"}"#, #"{"__name__":"m","a":"\#($0)","b":"x"}"#]
    }

    /// A member that sends the first elements of a list, and the end of it only when it gave up
    /// waiting for the gateway to close.
    private static func withOldMember(
        _ elements: [String], first: Int, _ settings: String = "",
        _ work: (PrometheusResponder, Counter) async throws -> Void
    ) async throws {
        let cut = Counter()
        let server = try ScriptedServer { request, connection in
            guard request.path.contains("series") || request.path.contains("label") else {
                return connection.answer("{}", status: "404 Not Found")
            }
            _ = connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            _ = connection.chunk(
                #"{"status":"success","data":["# + list(elements.prefix(first)))
            if first < elements.count {
                if connection.waitForEnd(milliseconds: 20_000) {
                    cut.add(1)
                    return false
                }
                _ = connection.chunk("," + list(elements.dropFirst(first)))
            }
            _ = connection.chunk(#"],"warnings":["a store is away"]}"#)
            return connection.write("0\r\n\r\n")
        }
        defer { server.stop() }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let gateway = try GatewayApplication(
            configuration: try Configuration.parse(
                """
                projects:
                  - {name: old, prometheus: {url: "\(server.url)"}}
                  - {name: down, prometheus: {url: "http://127.0.0.1:1"}}
                  - {name: all, memberProjects: [old]}
                  - {name: both, memberProjects: [old, down]}
                \(settings)
                """, path: "c.yaml"), logger: logger
        ).closedAtTheEnd().responder
        try await work(gateway, cut)
    }

    private static let truncated = #"results truncated due to limit"#

    @Test func `The transfer of values ends once more than the limit were read`() async throws {
        try await Self.withOldMember(Self.texts, first: 10_000) { gateway, cut in
            let answer = try await gateway.ask("/p/all/api/v1/label/a/values?limit=3")
            #expect(
                answer.body == #"{"status":"success","data":[\#(Self.list(Self.texts.prefix(3)))],"#
                    + #""warnings":["\#(Self.truncated)"]}"#)
            #expect(await cut.reaches(1))
        }
    }

    @Test func `So does that of series, though adding labels changes their order`() async throws {
        try await Self.withOldMember(Self.series, first: 10_000) { gateway, cut in
            let answer = try await gateway.ask("/p/all/api/v1/series?match[]=m&limit=2")
            let value = Self.values[0]
            #expect(
                answer.body == #"{"status":"success","data":["#
                    + #"{"__name__":"m","a":"\#(value)","b":"x","project":"old"},"#
                    + #"{"__name__":"m","a":"\#(value)","project":"old"}],"#
                    + #""warnings":["\#(Self.truncated)"]}"#)
            #expect(await cut.reaches(1))
        }
    }

    @Test func `A member that failed is named as it is without a limit`() async throws {
        try await Self.withOldMember(Self.texts, first: 10_000) { gateway, cut in
            let answer = try await gateway.ask("/p/both/api/v1/label/a/values?limit=1")
            #expect(answer.status == 200)
            #expect(answer.body.contains(#""warnings":["project \"down\": "#))
            #expect(answer.body.contains(Self.truncated))
            #expect(await cut.reaches(1))
        }
    }

    @Test func `More elements than limits.maxSeries are no error where they are not wanted`()
        async throws
    {
        try await Self.withOldMember(
            Self.texts, first: 10_000, "limits: {maxSeries: 9000}"
        ) { gateway, cut in
            let answer = try await gateway.ask("/p/all/api/v1/label/a/values?limit=3")
            #expect(answer.body.contains(Self.list(Self.texts.prefix(3)) + "]"))
            #expect(await cut.reaches(1))
        }
    }

    @Test func `A list that is not in order is read to its end, and so is one that must be whole`()
        async throws
    {
        for (elements, policy) in [
            (Array(Self.texts.reversed()), "true"), (Self.texts, "false"),
        ] {
            try await Self.withOldMember(elements, first: elements.count) { gateway, cut in
                let answer = try await gateway.ask(
                    "/p/all/api/v1/label/a/values?limit=3&partial_response=\(policy)")
                #expect(
                    answer.body.hasPrefix(
                        #"{"status":"success","data":[\#(Self.list(Self.texts.prefix(3)))],"#))
                // It stands behind the list.
                #expect(answer.body.contains("a store is away"))
                #expect(cut.value == 0)
            }
        }
    }

    /// A name that is renamed may come among the first ones.
    @Test func `Names are the first of the union, though they change their places`() async throws {
        let names = ["a", "b", "f", "g", "h", "project"].map { #""\#($0)""# }
        try await Self.withOldMember(names, first: names.count) { gateway, _ in
            let answer = try await gateway.ask("/p/all/api/v1/labels?limit=3")
            #expect(
                answer.body.hasPrefix(#"{"status":"success","data":["a","b","exported_project"],"#))
        }
    }
}
