import PrometheusServer
import ScriptedServers
import Testing
import Upstream

@testable import Federation
@testable import Gateway

/// What a pool knows of its clusters, any of which may answer.
@Suite struct PoolKnowledgeTests {
    private static func cluster(version: String) -> PrometheusResponder {
        Visits().responder { _ in
            .json(
                Array(
                    #"{"status":"success","data":{"version":"\#(version)","revision":"r"}}"#.utf8))
        }
    }

    @Test(arguments: [
        (["2.45.0", "2.45.0"], false), (["2.45.0", "3.5.0"], true), (["3.5.0", "2.45.0"], true),
    ])
    func `A pool has custom buckets where one of its clusters can have them`(
        versions: [String], has: Bool
    ) async throws {
        try await LoopbackServers.serve([
            "0": Self.cluster(version: versions[0]), "1": Self.cluster(version: versions[1]),
        ]) { ports in
            try await withTransport { transport in
                let pool = PoolClient(
                    project: "p", pool: "pool", level: "named",
                    alternatives: try ["0", "1"].map { name in
                        PoolClient.Alternative(
                            cluster: name,
                            client: try UpstreamClient(
                                MemberVersions.configuration(port: ports[name] ?? 0),
                                transport: transport))
                    }, hedgeAfter: .seconds(60))
                let source = MemberFragmentSource(Member(name: "p", source: .pool(pool)))
                let deadline = ContinuousClock.now.advanced(by: .seconds(60))
                #expect(await source.knowsCustomBuckets(by: deadline) == has)
            }
        }
    }
}
