import EmbeddedPrometheus
import Foundation
import GatewayConfiguration
import GoText
import Logging
import PrometheusServer
import PrometheusWire
import RealServers
import Testing

@testable import Gateway

/// A hub of Coroot reads our projects as it reads another Coroot's. A test is named after what it
/// asks, in the order of its code.
@Suite(.closesGateways) struct CorootHubTests {
    private static let key = "0123456789abcdef0123456789abcdef"
    private static let token = "fedcba9876543210"

    private struct Scene: Sendable {
        var hub: CorootHubDouble
        var now: Int64
    }

    /// A gateway on a socket: `prod-a` has keys, `prod-global` is read with a token alone.
    private func scene(
        isAway: Bool = false, _ work: @escaping @Sendable (Scene) throws -> Void
    ) async throws {
        let api = SampleData.api([
            (["__name__": "up", "job": "node"], 1),
            (["__name__": "node_info", "instance": "n1"], 1),
            (["__name__": "argocd_application_info", "name": "shop", "project": "team-red"], 1),
            (["__name__": "nested", "project": "inner", "exported_project": "outer"], 1),
        ])
        api.store.describe("up", MetricMetadata(type: "gauge", help: "Whether it is up."))
        try await LoopbackServers.serve(["member": api.responder()]) { ports in
            let member = isAway ? 1 : ports["member"] ?? 0
            let yaml = """
                auth: {tokens: [{name: hub, token: \(Self.token)}]}
                projects:
                  - name: prod-a
                    prometheus: {url: "http://127.0.0.1:\(member)"}
                    apiKeys: [{key: \(Self.key)}]
                    partialResponse: warn
                  - {name: prod-b, prometheus: {url: "http://127.0.0.1:1"}}
                  - {name: prod-global, memberProjects: [prod-a, prod-b], partialResponse: warn}
                """
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let gateway = try GatewayApplication(
                configuration: Configuration.parse(yaml, path: "c.yaml"), logger: logger
            ).closedAtTheEnd()
            try await LoopbackServers.serve(["gateway": gateway.responder]) { ports in
                let scene = Scene(
                    hub: CorootHubDouble(port: ports["gateway"] ?? 0, key: Self.key),
                    now: WallClock.now().wholeSeconds)
                // The hub waits for its sockets, and the gateway answers on the pool.
                try await offPool { try work(scene) }
            }
        }
    }

    @Test
    func `Row 1: the probe, the fixed queries and the test button have points at their steps`()
        async throws
    {
        try await scene { scene in
            let (hub, now) = (scene.hub, scene.now)
            let from = now / 15 * 15 - 3600
            let probe = try hub.range(
                "timestamp(node_info)-\(from)", from: from, to: from + 3600 + 15, step: 15)
            #expect(probe.keys.map { $0 } == [["instance": "n1"]])
            let points = try #require(probe.values.first)
            #expect(points.allSatisfy { (Int64($0[0]) ?? 1) % 15 == 0 })
            let up = try hub.range("up", from: now - 3600, to: now + 60, step: 60)
            #expect(up.keys.map { $0 } == [["__name__": "up", "job": "node"]])
        }
    }

    @Test func `Row 2: labels are the member's, its own project too`() async throws {
        try await scene { scene in
            let (hub, now) = (scene.hub, scene.now)
            let application = [
                "__name__": "argocd_application_info", "name": "shop", "project": "team-red",
            ]
            let up = ["__name__": "up", "job": "node"]
            let questions: [(query: String, series: [[String: String]])] = [
                ("argocd_application_info", [application]),
                (
                    "nested",
                    [["__name__": "nested", "project": "inner", "exported_project": "outer"]]
                ),
                // Its label in a query is the member's too.
                (
                    #"count by (project) (argocd_application_info{project="team-red"})"#,
                    [["project": "team-red"]]
                ),
                (#"up{project="prod-a"}"#, []),
                ("sum(up)", [[:]]),
                (
                    #"label_replace(up, "project", "x", "", "")"#,
                    [up.merging(["project": "x"]) { $1 }]
                ),
            ]
            for (query, series) in questions {
                let found = try hub.range(query, from: now - 60, to: now, step: 15)
                #expect(Array(found.keys) == series, "\(query)")
            }
            // The same project by its name is one of several.
            let named = CorootHubDouble(port: hub.port, path: "/p/prod-a", key: Self.key)
            let found = try named.range(
                "argocd_application_info", from: now - 60, to: now, step: 15)
            let shown = application.merging([
                "project": "prod-a", "exported_project": "team-red",
            ]) { $1 }
            #expect(Array(found.keys) == [shown])
        }
    }

    @Test func `Row 3: series, metadata and label values are passed on`() async throws {
        try await scene { scene in
            let selector = "match%5B%5D=argocd_application_info"
            let expected =
                #"{"status":"success","data":[{"__name__":"argocd_application_info","#
                + #""name":"shop","project":"team-red"}]}"#
            let series = try [
                scene.hub.passedOn("/api/v1/series?\(selector)"),
                scene.hub.passedOn("/api/v1/series", method: "POST", body: selector),
            ]
            #expect(series.map(\.text) == [expected, expected])
            let values = try scene.hub.passedOn("/api/v1/label/project/values")
            #expect(values.text == #"{"status":"success","data":["inner","team-red"]}"#)
            let metadata = try scene.hub.passedOn("/api/v1/metadata")
            #expect(
                metadata.text
                    == #"{"status":"success","data":{"up":[{"type":"gauge","unit":"","#
                    + #""help":"Whether it is up."}]}}"#)
        }
    }

    @Test func `Row 4: a browser's codings are answered with one it knows`() async throws {
        try await scene { scene in
            let answer = try scene.hub.passedOn("/api/v1/label/__name__/values")
            #expect(answer.status == 200 && answer.type == "application/json")
            #expect(answer.json?["data"]?.items.count == 4)
        }
    }

    @Test func `Row 5: a missing or wrong key is refused in words`() async throws {
        try await scene { scene in
            for key in ["", "wrong"] {
                let hub = CorootHubDouble(port: scene.hub.port, key: key)
                #expect(throws: CorootHubDouble.Complaint.self) {
                    try hub.range("up", from: scene.now - 60, to: scene.now, step: 15)
                }
                let answer = try hub.passedOn("/api/v1/metadata")
                #expect(answer.status == 401)
                #expect(answer.json?["error"]?.text?.isEmpty == false)
            }
        }
    }

    @Test func `Row 6: a bad query and a wrong range are errors in words`() async throws {
        try await scene { scene in
            let now = scene.now
            for (query, from, to, step) in [
                ("up(", now - 60, now, 15), ("up", now, now - 60, 15), ("up", now - 60, now, 0),
            ] {
                do {
                    _ = try scene.hub.range(query, from: from, to: to, step: step)
                    Issue.record("\(query) was answered")
                } catch let complaint as CorootHubDouble.Complaint {
                    #expect(complaint.description.contains(" "), "\(complaint)")
                }
            }
        }
    }

    @Test func `Row 7: what is asked by X-API-Key is whole or an error`() async throws {
        try await scene(isAway: true) { scene in
            #expect(throws: CorootHubDouble.Complaint.self) {
                try scene.hub.range("up", from: scene.now - 60, to: scene.now, step: 15)
            }
        }
        // A multi-cluster project too, although it and the request would take less.
        try await scene { scene in
            let hub = CorootHubDouble(
                port: scene.hub.port, path: "/p/prod-global", key: Self.token)
            do {
                _ = try hub.range("up", from: scene.now - 60, to: scene.now, step: 15)
                Issue.record("a part was answered")
            } catch let complaint as CorootHubDouble.Complaint {
                #expect(complaint.description.contains(#"project "prod-b""#), "\(complaint)")
            }
            for target in ["series?match%5B%5D=up&", "metadata?", "label/job/values?"] {
                let answer = try hub.passedOn("/api/v1/\(target)partial_response=true")
                #expect(answer.status == 503, "\(answer.text)")
            }
        }
    }

    @Test func `Row 8: a hub may read a multi-cluster project by its name and a token`()
        async throws
    {
        try await scene { scene in
            // One member of it, as the other is away.
            let hub = CorootHubDouble(
                port: scene.hub.port, path: "/p/prod-a", key: Self.token)
            let up = try hub.range("up", from: scene.now - 60, to: scene.now, step: 15)
            #expect(up.keys.map { $0 } == [["__name__": "up", "job": "node", "project": "prod-a"]])
        }
    }

    @Test func `Rows 9 and 10: there is no ClickHouse behind us, and the hub is told so`()
        async throws
    {
        try await scene { scene in
            for answer in [try scene.hub.clickHouseConfiguration(), try scene.hub.tunnel()] {
                #expect(answer.status == 404)
                #expect(answer.type.hasPrefix("text/plain"))
                #expect(answer.text.hasPrefix("Logs, traces and profiles are read"))
            }
            let stranger = CorootHubDouble(port: scene.hub.port, key: "wrong")
            let refused = try stranger.clickHouseConfiguration()
            #expect(refused.status == 401)
        }
    }

    @Test func `Row 11: what agents write is refused`() async throws {
        try await scene { scene in
            let answer = try scene.hub.write()
            #expect(answer.status == 404)
        }
    }
}
