import GoText
import Testing
import TimeSeries

@testable import Upstream

@Suite struct StepwiseQuestionsTests {
    private static func grid(_ start: Timestamp, _ step: Milliseconds, count: Int64) -> StepGrid {
        StepGrid(start: start, end: start + step * (count - 1), step: step)
    }

    @Test func `Few steps are asked one by one, more in finer steps`() {
        #expect(StepwiseQuestions(for: Self.grid(103_000, 15_000, count: 64)) == .instants)
        #expect(
            StepwiseQuestions(for: Self.grid(103_000, 15_000, count: 65))
                == .finer(StepGrid(start: 103_000, end: 1_063_000, step: 1000)))
        #expect(
            StepwiseQuestions(for: Self.grid(110_000, 15_000, count: 2000))
                == .finer(StepGrid(start: 110_000, end: 30_095_000, step: 5000)))
        #expect(
            StepwiseQuestions(for: Self.grid(-4_000, 6_000, count: 100))
                == .finer(StepGrid(start: -4_000, end: 590_000, step: 2000)))
    }

    @Test func `A range that would take too many steps cannot be asked`() {
        #expect(StepwiseQuestions(for: Self.grid(103_001, 15_000, count: 65)) == nil)
        #expect(StepwiseQuestions(for: Self.grid(103_000, 15_000, count: 735)) == nil)
        #expect(StepwiseQuestions(for: Self.grid(103_000, 15_000, count: 734)) != nil)
    }
}
