import EmbeddedPrometheus
import Foundation
import GatewayConfiguration
import GoText
import Logging
import PrometheusServer
import SeedDocuments
import Testing
import UpstreamSettings

@testable import Federation
@testable import Gateway

/// The guide of three clusters, walked with three gateways: A and B give what they have to whoever
/// brings a key, C is the hub. The custom resources are the guide's own; only the hosts that they
/// name are made to be loopback, as a name server would.
@Suite(.closesGateways) struct ThreeClusterWalkTests {
    struct Walk: Sendable {
        var a: PrometheusResponder
        var hub: PrometheusResponder
        var visitsToA: Visits
        var visitsToB: Visits
        var visitsToC: Visits
        var keysOfA: [String]
        var keyOfA: String
    }

    private static func application(
        _ block: SeedBlock, secrets: SecretFiles, hosts: [String: Int]
    ) throws -> GatewayApplication {
        var configuration = try Configuration.parse(
            block.text(), path: "coroot.yaml", secrets: secrets)
        for index in configuration.projects.indices {
            switch configuration.projects[index].kind {
            case .prometheus(var source):
                source.url = try Self.url(source.url, hosts)
                configuration.projects[index].kind = .prometheus(source)
            case .remoteCoroot(var remote):
                remote.url = try Self.url(remote.url, hosts)
                configuration.projects[index].kind = .remoteCoroot(remote)
            case .telemetryOnly, .replicas, .clusterPool, .multiCluster, .misconfigured: break
            }
        }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try GatewayApplication(configuration: configuration, logger: logger).closedAtTheEnd()
    }

    private static func url(_ url: ServerURL, _ hosts: [String: Int]) throws -> ServerURL {
        let port = try #require(hosts[url.description], "\(url)")
        return try ServerURL("http://127.0.0.1:\(port)")
    }

    /// A has two series of `up`, B three, C four.
    private func walk(
        bIsDown: Bool = false, _ work: @escaping @Sendable (Walk) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tributary-walk-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let secrets = { @Sendable (cluster: String) in
            SecretFiles(
                directory: folder.appendingPathComponent(cluster).path, generation: .whenMissing)
        }
        let key = { @Sendable (cluster: String, name: String) in
            try String(
                contentsOf: folder.appendingPathComponent("\(cluster)/coroot/\(name)"),
                encoding: .utf8)
        }
        let local = "http://coroot-prometheus.coroot:9090"
        let visitsToC = Visits()
        let (ofA, ofB, ofC) = (
            SampleData.up(jobs: 2), SampleData.up(jobs: 3), SampleData.up(jobs: 4)
        )
        let stores = [
            "a": ofA.responder(), "b": ofB.responder(),
            "c": visitsToC.responder { await ofC.respond(to: $0) },
        ]
        try await LoopbackServers.serve(stores) { stores in
            // Steps 1 and 2: the projects' keys are made.
            let a = try Self.application(
                .clusterA, secrets: secrets("a"), hosts: [local: stores["a"] ?? 0]
            ).responder
            let b = try Self.application(
                .clusterB, secrets: secrets("b"), hosts: [local: stores["b"] ?? 0]
            ).responder
            // Step 3: they are put into the hub's secret.
            let remotes = folder.appendingPathComponent("c/remote-coroot-clusters")
            try FileManager.default.createDirectory(
                at: remotes, withIntermediateDirectories: true)
            for (cluster, name) in [("a", "prod-a"), ("b", "prod-b")] {
                try key(cluster, "multi-cluster-api-key").write(
                    to: remotes.appendingPathComponent(name), atomically: true, encoding: .utf8)
            }
            let (visitsToA, visitsToB) = (Visits(), Visits())
            let keys = try (
                agent: key("a", "agent-api-key"), hub: key("a", "multi-cluster-api-key")
            )
            let gateways = [
                "a": visitsToA.responder { await a.respond(to: $0) },
                "b": visitsToB.responder { await b.respond(to: $0) },
            ]
            try await LoopbackServers.serve(gateways) { gateways in
                // Step 4.
                let hub = try Self.application(
                    .clusterC, secrets: secrets("c"),
                    hosts: [
                        local: stores["c"] ?? 0,
                        "https://coroot-a.example.com": gateways["a"] ?? 0,
                        "https://coroot-b.example.com": bIsDown ? 1 : gateways["b"] ?? 0,
                    ]
                ).responder
                try await work(
                    Walk(
                        a: a, hub: hub, visitsToA: visitsToA, visitsToB: visitsToB,
                        visitsToC: visitsToC, keysOfA: [keys.agent, keys.hub], keyOfA: keys.hub))
            }
        }
    }

    @Test func `Row 36: the decentralised guide works as written`() async throws {
        try await walk { walk in
            let hub = walk.hub
            let counts = try await hub.query("count by (project) (up)", of: "prod-global")
            for (project, count) in [("prod-a", 2), ("prod-b", 3), ("prod-c", 4)] {
                #expect(counts.body.contains(#""metric":{"project":"\#(project)"},"value""#))
                #expect(counts.body.contains("\"\(count)\"]"))
            }
            #expect(!counts.body.contains("warnings"), "\(counts.body)")
            let union = try await hub.query("up", of: "prod-global")
            #expect(union.body.components(separatedBy: #""__name__":"up""#).count == 1 + 9)
            // One sum, not one of each member.
            let sum = try await hub.query("sum(up)", of: "prod-global")
            #expect(sum.body.contains(#""result":[{"metric":{},"value""#))
            #expect(sum.body.contains(#""9"]"#))
            let absent = try await hub.query(#"absent(up{project="prod-b"})"#, of: "prod-global")
            #expect(absent.body.contains(#""result":[]"#))
            let values = try await hub.ask("/p/prod-global/api/v1/label/project/values")
            #expect(
                values.body == #"{"status":"success","data":["prod-a","prod-b","prod-c"]}"#)
            let types = try await hub.ask("/p/prod-global/api/v1/metadata?metric=up")
            #expect(
                types.body
                    == #"{"status":"success","data":{"up":[{"type":"gauge","unit":"","#
                    + #""help":"Whether it is up."}]}}"#)
            // The hub's own view needs no name: it is the only multi-cluster project.
            #expect(try await hub.ask("/api/v1/labels").body.contains(#""project""#))
        }
    }

    @Test func aMatcherOnTheProjectAsksOnlyThatCluster() async throws {
        try await walk { walk in
            let answer = try await walk.hub.query(#"up{project="prod-a"}"#, of: "prod-global")
            #expect(answer.body.components(separatedBy: #""project":"prod-a""#).count == 1 + 2)
            let asked = await walk.visitsToA.take()
            #expect(asked.map(\.path) == ["/api/v1/query_range"])
            #expect(asked.map { $0.headers["X-API-Key"] } == [walk.keyOfA])
            #expect(asked.map { $0.parameter("query") } == ["up"])
            #expect(await walk.visitsToB.take().isEmpty)
            #expect(await walk.visitsToC.take().isEmpty)
            #expect(try await walk.hub.query("1+1", of: "prod-global").body.contains(#""2"]"#))
            #expect(await walk.visitsToA.take().isEmpty)
        }
    }

    @Test func aClusterThatIsDownIsNamed() async throws {
        try await walk(bIsDown: true) { walk in
            let partial = try await walk.hub.query("up", of: "prod-global")
            #expect(partial.status == 200)
            #expect(partial.body.contains(#""warnings":["project \"prod-b\": connection refused"#))
            #expect(partial.body.components(separatedBy: #""__name__":"up""#).count == 1 + 6)
            let strict = try await walk.hub.ask(
                "/p/prod-global/api/v1/query?query=up&partial_response=false")
            #expect(strict.status == 503)
            #expect(
                strict.body.contains(#""errorType":"unavailable","error":"project \"prod-b\": "#))
        }
    }

    @Test func eitherKeyReadsItsProjectAsACorootHubDoes() async throws {
        try await walk { walk in
            let range = "query=up&start=\(WallClock.now().wholeSeconds)"
            let end = "&end=\(WallClock.now().wholeSeconds)&step=15"
            for key in walk.keysOfA {
                let headers: HTTPHeaders = ["X-API-Key": key]
                let matrix = try await walk.a.ask(
                    "/api/v1/query_range", method: "POST", headers: headers, form: range + end)
                #expect(matrix.status == 200)
                #expect(matrix.headers["Content-Type"] == "application/json")
                #expect(matrix.body.contains(#""resultType":"matrix""#))
                for (target, part) in [
                    ("/api/v1/series?match[]=up", #""job":"j2""#),
                    ("/api/v1/metadata", #""type":"gauge""#),
                    ("/api/v1/label/job/values", #"["j1","j2"]"#),
                ] {
                    let answer = try await walk.a.ask(target, headers: headers)
                    #expect(answer.status == 200 && answer.body.contains(part), "\(target)")
                }
            }
            for path in ["query_range", "series?match[]=up", "metadata", "label/job/values"] {
                let refused = try await walk.a.ask(
                    "/api/v1/\(path)", headers: ["X-API-Key": "wrong"])
                #expect(refused.status == 401)
                #expect(refused.body.contains(#""errorType":"unauthorized""#))
            }
        }
    }

    @Test func rangesOfTheUnionStandOnTheRemotesSteps() async throws {
        try await walk { walk in
            let now = WallClock.now().wholeSeconds
            let answer = try await walk.hub.ask(
                "/p/prod-global/api/v1/query_range?query=up&start=\(now - 60)&end=\(now)&step=5")
            #expect(answer.status == 200)
            let steps = await walk.visitsToA.take().map { $0.parameter("step") }
            #expect(steps == ["15"])
            #expect(
                answer.body.contains(
                    #""infos":["step raised from 5s to 15s, the metricResolution of project"#))
        }
    }
}
