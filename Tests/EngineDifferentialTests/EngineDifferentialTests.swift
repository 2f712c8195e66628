import EmbeddedPrometheus
import Foundation
import PromQLEngine
import PromQLTest
import RealServers
import TestSupport
import Testing
import TimeSeries

/// Our engine against a real Prometheus, over generated data and queries: as version 3 against
/// one of 3.5, and in the dialect of version 2 against one of 2.42. `TRIBUTARY_DIFF_QUERIES` and
/// `TRIBUTARY_SEED` widen the campaigns.
@Suite struct EngineDifferentialTests {
    private struct Question: Sendable {
        var text: String
        var grid: StepGrid
    }

    @Test(.enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
    func engineAnswersAsARealPrometheus3() async throws { try await compare(.three, oneIn: 1) }

    @Test(.enabled(if: PrometheusVersion.two.isHere, "\(PrometheusVersion.two.whySkipped)"))
    func engineAnswersAsARealPrometheus2() async throws { try await compare(.two, oneIn: 5) }

    private func compare(_ version: PrometheusVersion, oneIn part: Int) async throws {
        try await withTemporaryFolder { folder in
            try await compare(version, oneIn: part, in: folder)
        }
    }

    private func compare(
        _ version: PrometheusVersion, oneIn part: Int, in folder: String
    ) async throws {
        let environment = ProcessInfo.processInfo.environment
        let count = (Int(environment["TRIBUTARY_DIFF_QUERIES"] ?? "") ?? 5_000) / part
        let seed = UInt64(environment["TRIBUTARY_SEED"] ?? "") ?? 20_261_121

        let data = GeneratedData(seed: seed, partitions: 3)
        let series = data.floatsOfUnion()
        let server = try await offPool {
            try PrometheusServer(
                name: "prometheus", version: version,
                openMetrics: OpenMetricsText.text(of: series), directory: folder,
                options: version.options)
        }
        defer { server.process.stop() }
        let prometheus = server.address
        let judge = DifferentialJudge(version, series: series)

        var generator = QueryGenerator(
            seed: seed, GeneratedData.profile(members: data.members, version.language))
        var random = SeededRandom(seed: seed ^ 0xd1ff)
        let questions = (0..<count).map { _ in
            Question(text: generator.next().text, grid: data.grid(&random))
        }
        let clock = ContinuousClock()
        let began = clock.now
        var tally = DifferentialTally()
        try await withThrowingTaskGroup(of: DifferentialJudge.Verdict.self) { group in
            var next = 0
            while next < min(8, questions.count) {
                let question = questions[next]
                group.addTask {
                    try await judge.judge(question.text, on: question.grid, prometheus)
                }
                next += 1
            }
            while let verdict = try await group.next() {
                tally.add(verdict)
                guard next < questions.count else { continue }
                let question = questions[next]
                group.addTask {
                    try await judge.judge(question.text, on: question.grid, prometheus)
                }
                next += 1
            }
        }
        print("Prometheus \(version.rawValue), seed \(seed): \(tally), \(clock.now - began)")
        for difference in tally.differences.prefix(10) { Issue.record("\(difference)") }
        #expect(tally.differences.isEmpty)
        #expect(tally.equal > 2 * tally.refused)
        #expect(tally.equal > 2 * tally.empty)
        #expect(tally.excused * 50 < count)
    }
}
