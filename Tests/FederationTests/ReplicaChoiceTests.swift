import GoText
import PromQL
import Testing
import TimeSeries

@testable import Federation

/// Which replica answers which steps.
@Suite struct ReplicaChoiceTests {
    private typealias Holdings = ReplicaChoice.Holdings

    private static let grid = StepGrid(start: 0, end: 6_000_000, step: 60_000)

    /// Steps that look at so much before them.
    private func choice(
        _ holdings: [Holdings], behind: Milliseconds = 300_000, on grid: StepGrid = grid
    ) -> ReplicaChoice {
        ReplicaChoice(
            on: grid, windows: { [$0 - behind...$0] },
            whole: grid.start - behind...grid.end, holdings)
    }

    @Test func aReplicaThatLacksNothingAnswersAlone() {
        let choice = choice([Holdings(replica: 1), Holdings(replica: 0)])
        #expect(choice.runs == [.init(way: .alone(1, others: [0]), grid: Self.grid)])
        #expect(choice.lacks.isEmpty)
    }

    @Test func whatIsLackedElsewhereDoesNotMatter() {
        let choice = choice([
            Holdings(replica: 0, lacks: [6_000_001...7_000_000]), Holdings(replica: 1),
        ])
        #expect(choice.runs.map(\.way) == [.alone(0, others: [1])])
    }

    @Test func stepsThatLookAtAHoleAreMergedAndTheOthersAreNot() {
        let choice = choice([
            Holdings(replica: 0, lacks: [1_200_000...1_260_000]), Holdings(replica: 1),
        ])
        #expect(
            choice.runs == [
                .init(
                    way: .alone(0, others: [1]),
                    grid: StepGrid(start: 0, end: 1_140_000, step: 60_000)),
                .init(way: .merged, grid: StepGrid(start: 1_200_000, end: 1_560_000, step: 60_000)),
                .init(
                    way: .alone(0, others: [1]),
                    grid: StepGrid(start: 1_620_000, end: 6_000_000, step: 60_000)),
            ])
        #expect(choice.lacks == [1_200_000...1_260_000])
    }

    @Test func tiersMeetWithoutASeam() {
        let border: Timestamp = 3_000_000
        let choice = choice([
            Holdings(replica: 0, absent: [.min...border - 1]),
            Holdings(replica: 1, absent: [border + 600_000...(.max)]),
        ])
        #expect(
            choice.runs.map(\.way) == [.alone(1, others: []), .merged, .alone(0, others: [])])
        #expect(choice.runs.map(\.grid.count).reduce(0, +) == Self.grid.count)
        // The first merged step is the first whose window crosses the border.
        #expect(choice.runs[1].grid.start == border)
    }

    @Test func manyHolesAreMergedInFewRuns() {
        let holes = (0..<50).map { index in
            let start = Timestamp(milliseconds: Int64(index) * 1_200_000)
            return start...start + 1000
        }
        let long = StepGrid(start: 0, end: 60_000_000, step: 60_000)
        let choice = choice(
            [Holdings(replica: 0, lacks: holes), Holdings(replica: 1)], on: long)
        #expect(choice.runs.count <= ReplicaChoice.mostRuns)
        #expect(choice.runs.map(\.grid.count).reduce(0, +) == long.count)
        #expect(choice.runs.contains { $0.way == .merged })
    }

    @Test func aTextThatLooksAtTheWholeRangeIsAnsweredInOneWay() {
        let choice = ReplicaChoice(
            on: Self.grid, windows: nil, whole: 0...6_000_000,
            [Holdings(replica: 0, lacks: [100...200]), Holdings(replica: 1)])
        #expect(choice.runs == [.init(way: .merged, grid: Self.grid)])
    }

    @Test(arguments: [
        ("x", -300_000, 600_000), ("x offset 1m", -360_000, 540_000),
        ("rate(x[10m])", -600_000, 600_000), ("x @ 100", -200_000, 100_000),
        ("max_over_time(rate(x[1m])[5m:1m] offset 1m)", -420_000, 540_000),
        ("x @ end()", 300_000, 600_000), ("x and y offset 1h", -3_900_000, 600_000),
        ("info(x)", -600_000, 600_000),
    ])
    func theTimesThatATextReads(text: String, from: Int64, through: Int64) throws {
        let touched = try TouchedSelectors(
            of: parseExpression(text, options: .everything),
            on: StepGrid(start: 0, end: 600_000, step: 60_000), lookback: 300_000)
        #expect(
            touched.times == Timestamp(milliseconds: from)...Timestamp(milliseconds: through))
    }

    @Test func aTextWithoutSelectorsReadsNothing() throws {
        let touched = try TouchedSelectors(
            of: parseExpression("vector(1) + time()"), on: .instant(0), lookback: 300_000)
        #expect(touched.times == nil && touched.selectors.isEmpty)
    }
}
