import GoText
import PromQL
import PromQLEngine
import Testing
import TimeSeries

@Suite struct SubqueryGridTests {
    @Test(arguments: [
        // first, last, window, step, offset → start, end
        ([1000, 1000, 100, 10, 0], [910, 1000], EngineOptions.RangeBoundary.leftOpen),
        ([1000, 1000, 100, 10, 0], [900, 1000], .closed),
        ([1005, 1005, 100, 10, 0], [910, 1005], .leftOpen),
        ([1005, 1005, 100, 10, 0], [910, 1005], .closed),
        ([1000, 2000, 100, 30, 7], [900, 1993], .leftOpen),
        // Division truncates toward zero before 1970.
        ([0, 0, 25, 10, 0], [-20, 0], .leftOpen),
    ])
    func `inner steps are absolute multiples inside the first window`(
        input: [Int64], expected: [Timestamp], boundary: EngineOptions.RangeBoundary
    ) {
        let grid = Engine.subqueryGrid(
            first: Timestamp(milliseconds: input[0]), last: Timestamp(milliseconds: input[1]),
            window: Milliseconds(input[2]), step: Milliseconds(input[3]),
            offset: Milliseconds(input[4]), boundary: boundary)
        #expect([grid.start, grid.end] == expected)
        #expect(grid.step.count == input[3])
    }

    @Test func `an unaligned outer end counts from its last step`() throws {
        let subquery = Subquery(.literal(1), window: .fixed(100), step: .fixed(10))
        let grid = try Engine.subqueryGrid(
            of: subquery, on: StepGrid(start: 0, end: 1050, step: 100),
            query: .instant(0), options: EngineOptions())
        #expect(grid.end == 1000)
    }

    @Test func `windows of the outer steps are cut from one inner grid`() throws {
        let source = MemorySource([(["__name__": "x"], (0...20).map { Double($0) })])
        let grid = StepGrid(start: minutes(10), end: minutes(12), step: minute)
        let inner = metric("x").expression.over(minute * 4, step: minute * 2)
        let result = try evaluate(.call(.sumOverTime, inner), on: grid, source)
        #expect(result.table[""] == [18, 18, 22])
    }
}
