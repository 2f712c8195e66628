import Foundation
import PromQLTest
import Testing

/// `TRIBUTARY_PROOF_QUERIES` and `TRIBUTARY_SEED` widen the campaign (`make fuzz-federation`).
private let environment = ProcessInfo.processInfo.environment
private let total = Int(environment["TRIBUTARY_PROOF_QUERIES"] ?? "") ?? 50_000
private let baseSeed = UInt64(environment["TRIBUTARY_SEED"] ?? "") ?? 20_261_121

@Suite struct PlanEqualsUnionTests {
    @Test(arguments: 0..<25)
    func planOverPartitionsEqualsEngineOverUnion(round: Int) {
        let proof = FederationProof(
            seed: baseSeed &+ UInt64(round), partitions: 1 + round % 5,
            features: [.version3, .experimental])
        let report = proof.run(queries: total / 25)
        for difference in report.differences.prefix(5) { Issue.record("\(difference)") }
        #expect(report.differences.isEmpty)
        // A generator that mostly makes refused queries would prove nothing.
        #expect(report.compared > report.refused)
    }
}
