import GoText
import PromQL
import PromQLEngine
import Testing
import TimeSeries

@Suite struct EvaluationLimitTests {
    let source = MemorySource([(["__name__": "x"], (0..<100).map { Double($0) })])
    let grid = StepGrid(start: 0, end: minutes(99), step: minute)

    @Test func `too many samples fail the query`() throws {
        let x = metric("x").expression
        #expect(
            throws: EvaluationError.execution(
                "query processing would load too many samples into memory in query execution")
        ) { try evaluate(x, on: grid, source) { $0.maxSamples = 50 } }
        #expect(try evaluate(x, on: grid, source) { $0.maxSamples = 150 }.table.count == 1)
    }

    @Test func `a deadline in the past fails the query`() {
        #expect(
            throws: EvaluationError.timeout("query timed out in expression evaluation")
        ) {
            try evaluate(metric("x").expression, on: grid, source) { $0.deadline = .now }
        }
    }

    @Test func `a cancelled task fails the query`() async {
        let (source, grid) = (source, grid)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try evaluate(metric("x").expression, on: grid, source)
        }
        task.cancel()
        await #expect(
            throws: EvaluationError.canceled("query was canceled in expression evaluation")
        ) { _ = try await task.value }
    }

    @Test func `a source that fails is named as such`() {
        var failing = source
        failing.failure = MemorySource.Missing()
        #expect(throws: EvaluationError.execution("expanding series: no such values")) {
            try evaluate(metric("x").expression, on: grid, failing)
        }
    }
}
