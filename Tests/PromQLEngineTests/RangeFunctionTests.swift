import GoText
import PromQL
import PromQLEngine
import Testing
import TimeSeries

@Suite struct RangeFunctionTests {
    static let inf = Double.infinity
    static let overTime: [(Function, [Double], Double)] = [
        (.sumOverTime, [1, 1e100, 1, -1e100], 2),
        (.sumOverTime, [1, inf], inf),
        (.avgOverTime, [1, 2, 6], 3),
        (.avgOverTime, [1e308, 1e308, 1e308], 1e308),
        (.minOverTime, [.nan, 3, 2], 2),
        (.maxOverTime, [.nan, 3, 2], 3),
        (.maxOverTime, [.nan, .nan], .nan),
        (.countOverTime, [1, .nan], 2),
        (.presentOverTime, [9], 1),
        (.lastOverTime, [1, 2], 2),
        (.firstOverTime, [1, 2], 1),
        (.stdvarOverTime, [1, 3], 1),
        (.stddevOverTime, [5], 0),
        (.madOverTime, [4, 6, 2, 1, 999, 1, 2], 1),
        (.madOverTime, [1, .nan], .nan),
        (.changes, [1, 1, 2, .nan, .nan], 2),
        (.resets, [3, 1, 2, 1], 2),
        (.irate, [0, 5, 2], 2.0 / 60),
        (.idelta, [0, 5, 2], -3),
        (.deriv, [0, 60, 120], 1),
        (.deriv, [7, 7, 7], 0),
        (.tsOfMaxOverTime, [1, 5, 5, 2], 120),
        (.tsOfMinOverTime, [1, 5, 5, 1], 180),
        (.tsOfFirstOverTime, [1, 5], 0),
        (.tsOfLastOverTime, [1, 5], 60),
    ]

    @Test(arguments: overTime)
    func `one number of each window`(
        function: Function, values: [Double], expected: Double
    ) throws {
        let source = MemorySource([(["__name__": "x", "a": "1"], values)])
        let end = minutes(Int64(values.count - 1))
        let result = try evaluate(
            .call(function, metric("x").over(end - .epoch + 1)), on: .instant(end), source)
        let keepsName = function == .lastOverTime || function == .firstOverTime
        #expect(close(result.table[keepsName ? "__name__=x,a=1" : "a=1"], [expected]))
    }

    @Test func `windows move with the steps`() throws {
        let source = MemorySource([(["__name__": "x"], [1, 2, 3, nil, 5])])
        let grid = StepGrid(start: 0, end: minutes(6), step: minute)
        let result = try evaluate(
            .call(.sumOverTime, metric("x").over(minute * 2)), on: grid, source)
        #expect(result.table[""] == [1, 3, 5, 3, 5, 5, nil])
    }

    @Test func `rate reaches to the window's ends where samples are near`() throws {
        let source = MemorySource([(["__name__": "x_total"], [0, 60, 120, 180, 240, 300])])
        func rate(_ window: Milliseconds, at time: Timestamp) throws -> [Double?]? {
            try evaluate(
                .call(.rate, metric("x_total").over(window)), on: .instant(time), source
            ).table[""]
        }
        #expect(close(try rate(minute * 5, at: minutes(5)), [1]))
        // All the way to the start, half an interval past the last sample.
        let reached = 180 * (180.0 + 60 + 30) / 180
        #expect(close(try rate(minute * 6, at: minutes(7)), [reached / 360]))
        #expect(try rate(minute, at: minutes(1)) == nil)
    }

    @Test func `rate starts no earlier than where the counter was zero`() throws {
        let source = MemorySource([(["__name__": "x_total"], [nil, nil, 10, 100, 190])])
        let result = try evaluate(
            .call(.increase, metric("x_total").over(minute * 3)), on: .instant(minutes(4)), source)
        // 180 over 120 s; zero lies 120 * 10 / 180 s before the first sample.
        #expect(close(result.table[""], [180 * ((120 + 120 * (10.0 / 180)) / 120)]))
    }

    @Test func `2.x looks for zero before it judges the distance`() throws {
        let source = MemorySource([(["__name__": "x"], [nil, nil, nil, nil, nil, 60, 120, 180])])
        func increase(_ dialect: EngineOptions.Dialect) throws -> [Double?]? {
            try evaluate(
                .call(.increase, metric("x").over(minute * 7)), on: .instant(minutes(7)), source
            ) {
                $0.dialect = dialect
                $0.rangeBoundary = .closed
            }.table[""]
        }
        // Zero is 60 s before the first sample: near enough for 2.x, which asks after cutting.
        #expect(close(try increase(.prometheus2), [120 * ((120.0 + 60) / 120)]))
        #expect(close(try increase(.prometheus3), [120 * ((120.0 + 30) / 120)]))
    }

    @Test func `counter resets add what was lost`() throws {
        let source = MemorySource([(["__name__": "x_total"], [5, 10, 3, 6])])
        let grid = StepGrid(start: minutes(3), end: minutes(3), step: minute)
        let result = try evaluate(
            .call(.increase, metric("x_total", extended: .anchored).over(minute * 3)), on: grid,
            source)
        #expect(result.table[""] == [11])
    }

    @Test func `equal series of a range function are refused even if they never meet`() throws {
        let source = MemorySource([
            (["__name__": "x"], [1, 2, nil, nil, nil, nil]),
            (["__name__": "y"], [nil, nil, nil, nil, 1, 2]),
        ])
        let both = VectorSelector(matchers: [LabelMatcher("__name__", .notEqual, "")])
        let grid = StepGrid(start: 0, end: minutes(5), step: minute)
        #expect(
            throws: EvaluationError.execution(
                "vector cannot contain metrics with the same labelset")
        ) { try evaluate(.call(.maxOverTime, both.over(minute)), on: grid, source) }
        let shared = MemorySource([
            (["__name__": "x"], [1, 1, nil]), (["__name__": "y"], [nil, nil, 2]),
        ])
        // Other functions refuse equal labels at the same step only.
        let late = StepGrid(start: 0, end: minutes(2), step: minute)
        let negated = Expression.call(.abs, both.expression)
        let result = try evaluate(negated, on: late, shared) { $0.lookback = 1 }
        #expect(result.table[""] == [1, 1, 2])
    }

    @Test func `a parameter of a range function matters at the steps that have samples`() throws {
        let grid = StepGrid(start: 0, end: minutes(2), step: minute * 2)
        func answer(_ query: String, _ factors: [Double?]) throws -> QueryResult {
            let source = MemorySource([
                (["__name__": "x"], [1, 2]), (["__name__": "k"], factors),
            ])
            return try evaluate(
                try parseExpression(query, options: .everything), on: grid, source
            ) { $0.lookback = minute }
        }
        let quantile = "quantile_over_time(scalar(k), x[1m])"
        let idle = try answer(quantile, [0.5, nil, 7])
        #expect(idle.annotations.isEmpty)
        #expect(idle.table == ["": [1, nil]])
        #expect(try answer(quantile, [7, nil, 0.5]).annotations.warnings.count == 1)
        let smoothing = "double_exponential_smoothing(x[1m], scalar(k), 0.5)"
        #expect(try answer(smoothing, [0.5, nil, 7]).table.isEmpty)
        #expect(throws: EvaluationError.self) { try answer(smoothing, [7, nil, 0.5]) }
    }

    @Test func `a smoothing factor that is NaN is no error`() throws {
        let source = MemorySource([(["__name__": "x"], [1, 2, 3])])
        let result = try evaluate(
            .call(
                .doubleExponentialSmoothing, metric("x").over(minute * 3), .literal(.nan),
                .literal(0.5)), on: .instant(minutes(2)), source)
        let value = try #require(result.table[""]?.first ?? nil)
        #expect(value.isNaN)
    }

    @Test func `smoothing factors must lie between 0 and 1`() throws {
        let source = MemorySource([(["__name__": "x"], [1, 2])])
        #expect(
            throws: EvaluationError.execution(
                "invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000")
        ) {
            try evaluate(
                .call(
                    .doubleExponentialSmoothing, metric("x").over(minute * 2), .literal(1),
                    .literal(0.5)), on: .instant(minutes(1)), source)
        }
    }
}
