import GoText
import PromQL
import PromQLEngine
import Synchronization
import TestSupport
import Testing
import TimeSeries

/// Queries as high as the parser accepts.
@Suite struct DeepExpressionTests {
    private static let source = MemorySource([
        (["__name__": "x", "instance": "a", "job": "j"], (0..<30).map { Double($0) })
    ])
    private static let grid = StepGrid(start: minutes(10), end: minutes(12), step: minute)

    private func evaluate(
        _ query: DeepQuery, on grid: StepGrid, isTraced: Bool = false
    ) throws -> QueryResult {
        let expression = try parseExpression(query.text, options: .everything)
        return try PromQLEngineTests.evaluate(expression, on: grid, Self.source, text: query.text) {
            $0.isTraced = isTraced
        }
    }

    @Test(arguments: DeepQuery.all)
    func `The highest expression of each shape is evaluated on a small stack`(
        query: DeepQuery
    ) async throws {
        let value = Mutex<Double?>(nil)
        await DeepQuery.onSmallStack {
            do {
                switch try evaluate(query, on: Self.grid).value {
                case .vector(let series): value.withLock { $0 = series.first?.values.first }
                case .scalar(let values): value.withLock { $0 = values.first }
                case .string, .rangeVector: Issue.record("another type")
                }
            } catch {
                Issue.record("\(query): \(error)")
            }
        }
        if let expected = query.value { #expect(value.withLock { $0 } == expected) }
    }

    @Test func `The parts of the highest expression are traced`() throws {
        for query in DeepQuery.all where query.text.hasPrefix("sum(") {
            let result = try evaluate(query, on: Self.grid, isTraced: true)
            let expression = try parseExpression(query.text)
            #expect(result.trace?.cost(of: expression)?.series == 1)
        }
    }

    @Test func `What is too high for the parser is evaluated too`() throws {
        var deep = metric("x").expression
        for _ in 0..<1500 { deep = .unary(Unary(.minus, .paren(Paren(deep)))) }
        let result = try PromQLEngineTests.evaluate(deep, on: .instant(minutes(10)), Self.source)
        #expect(result.table["instance=a,job=j"] == [10])
    }

    @Test func `A cancelled task stops the evaluation of a high expression`() async {
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try evaluate(DeepQuery.all[0], on: Self.grid)
        }
        task.cancel()
        await #expect(
            throws: EvaluationError.canceled("query was canceled in expression evaluation")
        ) { _ = try await task.value }
    }
}
