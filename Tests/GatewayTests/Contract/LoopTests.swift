import GatewayConfiguration
import Logging
import PrometheusServer
import Synchronization
import Testing
import Upstream

@testable import Federation
@testable import Gateway

/// Gateways that are members of each other, through real sockets.
@Suite(.closesGateways) struct LoopTests {
    /// A gateway that is configured once the ports are known.
    private final class Late: Sendable {
        private let responder = Mutex<PrometheusResponder?>(nil)
        let asked = Visits()

        func configure(_ yaml: String) throws {
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let gateway = try GatewayApplication(
                configuration: Configuration.parse(yaml, path: "c.yaml"), logger: logger
            ).closedAtTheEnd().responder
            responder.withLock { $0 = gateway }
        }

        var gateway: PrometheusResponder? { responder.withLock { $0 } }

        /// Passes on what comes to the port.
        var front: PrometheusResponder {
            asked.responder { [self] request in
                guard let gateway else { return .text(status: 503, "not yet") }
                return await gateway.respond(to: request)
            }
        }
    }

    /// Gateways of these names, each with the project `all` of the members given for it: a name of
    /// a gateway, or `up`, a Prometheus.
    private func withGateways(
        _ members: [String: [String]],
        _ work: @escaping @Sendable ([String: Late]) async throws -> Void
    ) async throws {
        var gateways: [String: Late] = [:]
        for name in members.keys { gateways[name] = Late() }
        let prometheus = ThanosQueryDouble(api: SampleData.up(jobs: 1))
        var servers = gateways.mapValues(\.front)
        servers["up"] = prometheus.responder
        let all = gateways
        try await LoopbackServers.serve(servers) { ports in
            for (name, members) in members {
                let projects = members.map { member in
                    let path = member == "up" ? "" : "/p/all"
                    let url = "http://127.0.0.1:\(ports[member] ?? 0)\(path)"
                    return "  - {name: to-\(member), prometheus: {url: \"\(url)\"}}\n"
                }
                let names = members.map { "to-\($0)" }.joined(separator: ", ")
                try all[name]?.configure(
                    "projects:\n" + projects.joined()
                        + "  - {name: all, memberProjects: [\(names)], partialResponse: warn}\n")
            }
            try await work(all)
        }
    }

    @Test func `A gateway that is its own member ends the query at its first turn`() async throws {
        try await withGateways(["a": ["up", "a"]]) { gateways in
            let a = try #require(gateways["a"])
            let gateway = try #require(a.gateway)
            for query in ["up", "sum(up)", "absent(up)"] {
                let answer = try await gateway.query(query, of: "all")
                #expect(answer.status == 422, "\(answer.body)")
                #expect(
                    answer.body.contains(
                        #"project \"to-a\": the project's address leads back to a gateway"#),
                    "\(answer.body)")
            }
            // Each request came back once, and none of them went round again.
            let paths = await a.asked.take().map(\.path)
            #expect(paths.filter { $0.hasSuffix("/query") }.count == 3, "\(paths)")
            for path in [
                "labels", "label/job/values", "series?match[]=up", "metadata", "rules", "targets",
                "query_exemplars?query=up&start=1&end=2",
            ] {
                let answer = try await gateway.ask("/p/all/api/v1/\(path)")
                #expect(
                    answer.body.contains(#"project \"to-a\": the project's address leads back"#),
                    "\(path): \(answer.body)")
                #expect(await a.asked.take().count == 1, "\(path)")
            }
            let federated = try await gateway.ask("/p/all/federate?match[]=up")
            #expect(federated.body.contains(#"project "to-a": the project's address leads back"#))
        }
    }

    @Test func `A loop over two gateways names the projects that make it`() async throws {
        try await withGateways(["a": ["up", "b"], "b": ["up", "a"]]) { gateways in
            let answer = try await #require(gateways["a"]?.gateway).query("up", of: "all")
            #expect(answer.status == 422)
            #expect(
                answer.body.contains(
                    #"project \"to-b\": project \"to-a\": the project's address leads back"#),
                "\(answer.body)")
        }
    }

    @Test func `A chain of gateways answers as one`() async throws {
        try await withGateways(["a": ["b", "up"], "b": ["c"], "c": ["up"]]) { gateways in
            let answer = try await #require(gateways["a"]?.gateway).query("sum(up)", of: "all")
            #expect(answer.status == 200)
            #expect(answer.body.contains(#","2"]"#), "\(answer.body)")
            #expect(!answer.body.contains("warnings"), "\(answer.body)")
            // The chain has grown by one identity a gateway.
            let hops = try await #require(gateways["c"]).asked.take().compactMap {
                $0.headers[HopChain.header]?.split(separator: ",").count
            }
            #expect(!hops.isEmpty && hops.allSatisfy { $0 == 2 }, "\(hops)")
        }
    }

    @Test func `What a client sends as hops cannot break a gateway`() async throws {
        try await withGateways(["a": ["b"], "b": ["up"]]) { gateways in
            let gateway = try #require(gateways["a"]?.gateway)
            let forged = String(repeating: "0123456789abcdef", count: 2)
            for value in [
                "", ",,,", "loop", "\u{e9}\u{0}", forged,
                Array(repeating: forged, count: 5000).joined(separator: ","),
            ] {
                let answer = try await gateway.query(
                    "up", of: "all", headers: ["X-Tributary-Hops": value])
                #expect(answer.status == 200, "\(answer.body)")
            }
            let longest = try await #require(gateways["b"]).asked.take()
                .compactMap { $0.headers[HopChain.header]?.utf8.count }.max()
            #expect(longest == 32 * 34 - 2)
        }
    }
}
