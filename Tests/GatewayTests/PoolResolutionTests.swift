import Foundation
import GatewayConfiguration
import Testing

@testable import Federation
@testable import Gateway

/// The pool and the cluster that answer for a pooled project, with the records of the seed.
@Suite struct PoolResolutionTests {
    private let pools: PoolResolution

    init() throws {
        let path = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("configs/cluster-pools.yaml").path
        pools = PoolResolution(try Configuration.load(path: path, environment: [:]))
    }

    @Test(
        arguments: [
            ("development", nil, "development-cp", "project-domain"),
            ("development", "anything", "development-cp", "project-domain"),
            ("production", "my_critical_wf", "production-cp", "workflow"),
            ("production", "other", "default", "default"),
            ("production", nil, "default", "default"),
            (nil, nil, "default", "default"), (nil, "my_critical_wf", "default", "default"),
        ] as [(String?, String?, String, String)])
    func theMostSpecificRecordWins(
        domain: String?, workflow: String?, pool: String, level: String
    ) throws {
        let choice = try pools.pool(
            for: .attributes,
            .init(project: "flytesnacks", domain: domain, workflow: workflow))
        #expect(choice?.pool == pool)
        #expect(choice?.level.rawValue == level)
    }

    @Test func aProjectMayNameItsPool() throws {
        let choice = try pools.pool(
            for: .pool("dr-region"), .init(project: "x", domain: "production"))
        #expect(choice?.pool == "dr-region")
        #expect(choice?.level == .named)
    }

    @Test func theChoiceWithinAPoolIsStableAndSpreads() {
        var first: Set<String> = []
        for number in 0..<50 {
            let seed = "rate(x[\(number)m])"
            let once = pools.clusters(of: "production-cp", seed: seed, mayAnswer: { _ in true })
            #expect(once.sorted() == ["production-cluster-1", "production-cluster-2"])
            let again = pools.clusters(of: "production-cp", seed: seed, mayAnswer: { _ in true })
            #expect(once == again)
            first.insert(once[0])
        }
        #expect(first.count == 2)
    }

    @Test func disabledClustersAreNeverChosen() {
        let clusters = pools.clusters(
            of: "production-cp", seed: "up", mayAnswer: { $0 != "production-cluster-1" })
        #expect(clusters == ["production-cluster-2"])
        #expect(pools.clusters(of: "default", seed: "up", mayAnswer: { _ in false }).isEmpty)
    }
}
