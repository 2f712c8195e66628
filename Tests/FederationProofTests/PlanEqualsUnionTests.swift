import Federation
import Foundation
import GatewayConfiguration
import PromQL
import PromQLTest
import Testing

/// `TRIBUTARY_PROOF_QUERIES` and `TRIBUTARY_SEED` widen the campaign (`make fuzz-federation`).
private let environment = ProcessInfo.processInfo.environment
private let total = Int(environment["TRIBUTARY_PROOF_QUERIES"] ?? "") ?? 50_000
private let baseSeed = UInt64(environment["TRIBUTARY_SEED"] ?? "") ?? 20_261_121

@Suite struct PlanEqualsUnionTests {
    @Test(arguments: 0..<25)
    func planOverPartitionsEqualsEngineOverUnion(round: Int) async {
        await check(
            FederationProof(
                seed: baseSeed &+ UInt64(round), partitions: 1 + round % 5,
                [.release35, .later, .histograms], hasStaticLabels: round % 2 == 1),
            queries: total / 25)
    }

    /// Values to the last bit, native histograms read as they are stored.
    @Test(arguments: 0..<5)
    func strictPlanEqualsEngineOverUnionBitForBit(round: Int) async {
        await check(
            FederationProof(
                seed: baseSeed &+ UInt64(1000 + round), partitions: 2 + round % 4,
                [.release35, .later, .histograms], exactness: .strict,
                hasStaticLabels: round % 2 == 1),
            queries: total / 25)
    }

    /// A client that may see some series only gets what a union of those alone would answer.
    @Test(arguments: [
        #"{job="api"}"#, #"{job=~"api|db",instance=~"h1:9|"}"#, #"{code!="200"}"#,
        #"{__name__!~"mem.*|durations"}"#, #"{exported_project="own"}"#, #"{job!~"web"}"#,
        #"{zone="",A=""}"#,
    ])
    func restrictedPlanEqualsEngineOverTheSeriesThatMayBeSeen(selector: String) async throws {
        let restriction = try parseSelector(selector).matchers
        for (round, exactness) in [Exactness.twoStep, .strict, .twoStep].enumerated() {
            let proof = FederationProof(
                seed: baseSeed &+ UInt64(2000 + round), partitions: 1 + round,
                [.release35, .later, .histograms], exactness: exactness,
                restriction: restriction)
            let report = await proof.run(queries: total / 50)
            print(
                "\(selector): \(report.compared) compared (\(report.empty) empty),",
                "\(report.refused) refused, \(report.differences.count) different")
            for difference in report.differences.prefix(5) { Issue.record("\(difference)") }
            #expect(report.compared > report.refused)
            #expect(report.compared > report.empty)
        }
    }

    private func check(_ proof: FederationProof, queries: Int) async {
        let report = await proof.run(queries: queries)
        print(
            "seed \(proof.seed), \(proof.partitions) members: \(report.compared) compared",
            "(\(report.empty) empty), \(report.refused) refused, \(report.lenient) lenient,",
            "\(report.rounded) rounded,",
            "\(report.differences.count) different")
        for difference in report.differences.prefix(5) { Issue.record("\(difference)") }
        #expect(report.differences.isEmpty)
        // A generator that mostly makes refused or empty queries would prove nothing.
        #expect(report.compared > 2 * report.refused)
        #expect(2 * report.compared > 3 * report.empty)
        #expect(report.compared > 50 * (report.lenient + report.rounded))
    }
}
