import GoText
import PromQL
import PromQLEngine
import Testing
import TimeSeries

@Suite struct SelectorTests {
    let source = MemorySource([(["__name__": "x"], [0, 1, SampleValue.stale, 3])])
    let x = "__name__=x"

    @Test(arguments: [
        (0 as Timestamp, 0.0 as Double?), (59_999, 0), (60_000, 1), (120_000, nil), (179_999, nil),
        (180_000, 3), (479_999, 3), (480_000, nil),
    ])
    func `the newest sample within the lookback counts, a stale one hides the older`(
        time: Timestamp, expected: Double?
    ) throws {
        let result = try evaluate(metric("x").expression, on: .instant(time), source)
        #expect(result.table[x]?.first.flatMap { $0 } == expected)
    }

    @Test func `a sample exactly the lookback old counts in 2.x only`() throws {
        for (boundary, expected) in [
            (EngineOptions.RangeBoundary.leftOpen, nil), (.closed, 3.0 as Double?),
        ] {
            let result = try evaluate(
                metric("x").expression, on: .instant(480_000), source
            ) { $0.rangeBoundary = boundary }
            #expect(result.table[x]?.first.flatMap { $0 } == expected)
        }
    }

    @Test(arguments: [
        (EngineOptions.RangeBoundary.leftOpen, 1.0), (.closed, 2.0),
    ])
    func `a range leaves its left edge out, in 2.x not`(
        boundary: EngineOptions.RangeBoundary, expected: Double
    ) throws {
        let result = try evaluate(
            .call(.countOverTime, metric("x").over(minute)), on: .instant(minutes(1)), source
        ) { $0.rangeBoundary = boundary }
        #expect(result.table[""] == [expected])
    }

    @Test func `an offset and a fixed time move the sample, not the step`() throws {
        let grid = StepGrid(start: 0, end: minutes(2), step: minute)
        let shifted = metric("x", offset: -minute).expression
        #expect(try evaluate(shifted, on: grid, source).table[x] == [1, nil, 3])
        let fixed = metric("x", at: .timestamp(minutes(3))).expression
        #expect(try evaluate(fixed, on: grid, source).table[x] == [3, 3, 3])
        let both = metric("x", offset: minute * 2, at: .timestamp(minutes(3))).expression
        #expect(try evaluate(both, on: grid, source).table[x] == [1, 1, 1])
    }

    @Test func `start and end are the query's, inside a subquery too`() throws {
        let grid = StepGrid(start: minutes(1), end: minutes(3), step: minute)
        let inner = metric("x", at: .end).expression.over(minute * 2, step: minute)
        let result = try evaluate(.call(.sumOverTime, inner), on: grid, source)
        #expect(result.table[""] == [6, 6, 6])
    }

    @Test func `timestamp sees the sample of a selector and the step of anything else`() throws {
        let at = metric("x").expression
        let grid = StepGrid(start: 90_000, end: 90_000, step: minute)
        #expect(try evaluate(.call(.timestamp, at), on: grid, source).table[""] == [60])
        let negated = Expression.unary(Unary(.minus, at))
        #expect(try evaluate(.call(.timestamp, negated), on: grid, source).table[""] == [90])
    }

    @Test func `a range vector at the root has the samples without stale markers`() throws {
        let result = try evaluate(
            metric("x").over(minute * 3), on: .instant(minutes(3)), source)
        guard case .rangeVector(let series) = result.value else {
            Issue.record("not a range vector")
            return
        }
        #expect(series.map(\.times) == [[minutes(1), minutes(3)]])
        #expect(series.map(\.values) == [[1, 3]])
    }

    @Test func `smoothed reads between the neighbours`() throws {
        let rising = MemorySource([(["__name__": "x"], [0, 10, nil, 30])])
        let grid = StepGrid(start: 30_000, end: 210_000, step: minute)
        let result = try evaluate(
            metric("x", extended: .smoothed).expression, on: grid, rising)
        #expect(close(result.table[x], [5, 15, 25, 30]))
    }

    @Test func `supplied points hold at their own steps only`() throws {
        var source = MemorySource([])
        let absent = SampleValue.absent
        source.supplied["\u{0}7"] = [
            StepSeries(labels: LabelSet(["a": "1"]), values: [1, absent, 3])
        ]
        let grid = StepGrid(start: 0, end: minutes(2), step: minute)
        let doubled = metric("\u{0}7").expression.combined(.multiply, .literal(2))
        #expect(try evaluate(doubled, on: grid, source).table["a=1"] == [2, nil, 6])
        #expect(throws: EvaluationError.execution("expanding series: no such values")) {
            try evaluate(metric("\u{0}8").expression, on: grid, source)
        }
    }

    @Test func `supplied values are not moved by the offset and @ of their selector`() throws {
        var source = MemorySource([])
        source.supplied["\u{0}7"] = [StepSeries(labels: LabelSet(["a": "1"]), values: [1, 2, 3])]
        let grid = StepGrid(start: 0, end: minutes(2), step: minute)
        let moved = metric("\u{0}7", offset: minute, at: .timestamp(0)).expression
        #expect(try evaluate(moved, on: grid, source).table["a=1"] == [1, 2, 3])
        let stamped = Expression.call(Call(.timestamp, [moved]))
        #expect(try evaluate(stamped, on: grid, source).table["a=1"] == [0, 60, 120])
    }

    @Test func `an aggregation of supplied values is invariant where these are`() throws {
        let grid = StepGrid(start: 0, end: minutes(2), step: minute)
        // Prometheus evaluates an invariant aggregation once, with the parameter's first value.
        let parameter = Expression.call(Call(.time, [])).combined(.divide, .literal(60))
        for (isInvariant, expected) in [(true, [0, 0, 0]), (false, [0, 5, 10])]
            as [(Bool, [Double?])]
        {
            var source = MemorySource([])
            let steps = isInvariant ? 1 : 3
            source.supplied["\u{0}7"] = [0, 10].map {
                StepSeries(
                    labels: LabelSet(["a": "\($0)"]),
                    values: [Double](repeating: $0, count: steps))
            }
            if isInvariant { source.invariant = ["\u{0}7"] }
            let quantile = Expression.aggregation(
                Aggregation(
                    .quantile, metric("\u{0}7").expression,
                    parameter: parameter.combined(.divide, .literal(2))))
            #expect(try evaluate(quantile, on: grid, source).table[""] == expected)
        }
    }
}
