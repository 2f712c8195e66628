import EmbeddedPrometheus
import Foundation
import PromQLEngine
import PromQLTest
import Testing
import TimeSeries

/// Our engine in the dialect of Prometheus 2 against a real one, over generated data and queries.
/// `TRIBUTARY_DIFF_QUERIES` and `TRIBUTARY_SEED` widen the campaign. Without a real Prometheus on
/// the machine this fails: nothing else here says what Prometheus does.
@Suite struct EngineDifferentialTests {
    private struct Question: Sendable {
        var text: String
        var grid: StepGrid
    }

    @Test func engineAnswersAsARealPrometheus() async throws {
        let environment = ProcessInfo.processInfo.environment
        let count = Int(environment["TRIBUTARY_DIFF_QUERIES"] ?? "") ?? 5_000
        let seed = UInt64(environment["TRIBUTARY_SEED"] ?? "") ?? 20_261_121

        let data = GeneratedData(seed: seed, partitions: 3)
        let series = data.floatsOfUnion()
        let prometheus = try await RealPrometheus(openMetrics: OpenMetricsText.text(of: series))
        let judge = DifferentialJudge(series: series)

        var generator = QueryGenerator(
            seed: seed, members: data.members, features: [.ties, .arithmetic])
        var random = SeededRandom(seed: seed ^ 0xd1ff)
        let questions = (0..<count).map { _ in
            Question(text: generator.next(), grid: data.grid(&random))
        }
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
        print("seed \(seed): \(tally)")
        for difference in tally.differences.prefix(10) { Issue.record("\(difference)") }
        #expect(tally.differences.isEmpty)
        #expect(tally.equal > 2 * tally.refused)
        #expect(tally.equal > 2 * tally.empty)
        #expect(tally.excused * 200 < count)
    }
}
