import GatewayConfiguration
import Logging
import PrometheusServer
import Testing

@testable import Federation
@testable import Gateway

/// Members of several versions of Prometheus behind the real gateway and the real client.
@Suite(.closesGateways) struct MemberVersionQueryTests {
    /// A server that says its version, and remembers the queries it was asked. One of 3.x knows no
    /// `holt_winters`, one of 2.x no `double_exponential_smoothing`.
    private static func server(_ version: String, _ visits: Visits) -> PrometheusResponder {
        visits.responder { request in
            if request.path.hasSuffix("buildinfo") {
                return .json(
                    Array(#"{"status":"success","data":{"version":"\#(version)"}}"#.utf8))
            }
            let query = request.parameter("query")
            let unknown =
                version.hasPrefix("2.") ? "double_exponential_smoothing" : "holt_winters"
            if query.contains(unknown) {
                let text = #"1:1: parse error: unknown function with name \"\#(unknown)\""#
                return .json(
                    status: 400,
                    Array(#"{"status":"error","errorType":"bad_data","error":"\#(text)"}"#.utf8))
            }
            if request.path.hasSuffix("query_range") {
                return .json(
                    Array(
                        #"{"status":"success","data":{"resultType":"matrix","result":[]}}"#.utf8))
            }
            let time = request.parameter("time")
            return .json(
                Array(
                    (#"{"status":"success","data":{"resultType":"vector","result":["#
                        + #"{"metric":{"i":"1"},"value":[\#(time),"7"]}]}}"#).utf8))
        }
    }

    /// - Parameter work: is given the gateway, and what takes the queries of each member.
    private func withMembers(
        _ versions: [String],
        _ work:
            @escaping @Sendable (
                PrometheusResponder, @escaping @Sendable () async -> [[String]]
            ) async throws -> Void
    ) async throws {
        let visits = versions.map { _ in Visits() }
        var servers: [String: PrometheusResponder] = [:]
        for (index, version) in versions.enumerated() {
            servers["m\(index)"] = Self.server(version, visits[index])
        }
        let names = servers.keys.sorted()
        try await LoopbackServers.serve(servers) { ports in
            let projects = names.map {
                "  - {name: \($0), prometheus: {url: \"http://127.0.0.1:\(ports[$0] ?? 0)\"}}\n"
            }
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let gateway = try GatewayApplication(
                configuration: Configuration.parse(
                    "query: {features: [promql-experimental-functions]}\nprojects:\n"
                        + projects.joined()
                        + "  - {name: all, memberProjects: [\(names.joined(separator: ", "))]}\n",
                    path: "c.yaml"), logger: logger
            ).closedAtTheEnd().responder
            try await work(gateway) {
                var asked: [[String]] = []
                for one in visits {
                    asked.append(
                        await one.take().map { $0.parameter("query") }.filter { !$0.isEmpty })
                }
                return asked
            }
        }
    }

    private static let old = "holt_winters(x[5m], 0.3, 0.6)"
    private static let new = "double_exponential_smoothing(x[5m], 0.3, 0.6)"

    @Test func `Members of 2.x are asked for holt_winters by whatever name it has here`()
        async throws
    {
        try await withMembers(["2.42.0", "2.55.1"]) { gateway, asked in
            for query in [Self.old, Self.new] {
                let answer = try await gateway.query(query, of: "all")
                #expect(answer.status == 200, "\(answer.body)")
                #expect(await asked() == [[Self.old], [Self.old]])
            }
            // What is evaluated here knows the name too.
            let local = try await gateway.query(
                "holt_winters(sum(x)[5m:1m], 0.3, 0.6)", of: "all")
            #expect(local.status == 200, "\(local.body)")
        }
    }

    @Test func `Members of 3.x alone have no holt_winters`() async throws {
        try await withMembers(["3.5.0", "3.0.1"]) { gateway, asked in
            let answer = try await gateway.query(Self.old, of: "all")
            #expect(answer.status == 400)
            #expect(
                answer.body
                    == #"{"status":"error","errorType":"bad_data","error":"invalid parameter "#
                    + #"\"query\": 1:1: parse error: unknown function with name \"holt_winters\""}"#
            )
            #expect(await asked() == [[], []])
            #expect(try await gateway.query(Self.new, of: "all").status == 200)
        }
    }

    @Test func `Where versions are mixed each member is asked in its own words`() async throws {
        try await withMembers(["2.42.0", "3.5.0"]) { gateway, asked in
            for query in [Self.old, Self.new] {
                let answer = try await gateway.query(query, of: "all")
                #expect(answer.status == 200, "\(answer.body)")
                #expect(await asked() == [[Self.old], [Self.new]])
            }
        }
    }

    @Test func `A member older than what absence is asked with has an equivalent`() async throws {
        try await withMembers(["2.25.0", "2.42.0"]) { gateway, asked in
            let answer = try await gateway.query("absent_over_time(x[5m])", of: "all")
            #expect(answer.status == 200, "\(answer.body)")
            #expect(
                await asked() == [
                    ["vector(1) unless on () absent_over_time(x[5m])"],
                    ["group(last_over_time(x[5m]))"],
                ])
        }
    }

    @Test func `A member whose version is not known is asked in the user's words`() async throws {
        try await withMembers(["0.38.0"]) { gateway, asked in
            let answer = try await gateway.query(Self.new, of: "all")
            #expect(answer.status == 200, "\(answer.body)")
            #expect(await asked() == [[Self.new]])
            // Its own refusal is the answer.
            #expect(try await gateway.query(Self.old, of: "all").status == 400)
            #expect(await asked() == [[Self.old]])
        }
    }
}
