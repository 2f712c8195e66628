import GoText
import PromQL
import PromQLEngine
import Testing
import TimeSeries

@Suite struct AggregationTests {
    static func source(_ values: [Double]) -> MemorySource {
        MemorySource(
            values.enumerated().map { index, value in
                (["__name__": "x", "i": String(index), "g": index % 2 == 0 ? "a" : "b"], [value])
            })
    }

    static let reductions: [(Aggregation.Operator, Double?, [Double], Double?)] = [
        (.sum, nil, [1, 1e100, 1, -1e100], 2),
        (.sum, nil, [-0.0], -0.0),
        (.avg, nil, [1, 2, 6], 3),
        (.avg, nil, [.infinity, 1, .infinity], .infinity),
        (.avg, nil, [1e308, 1e308, 1e308, 1e308], 1e308),
        (.min, nil, [.nan, 2, 1], 1),
        (.max, nil, [.nan, 2, 1], 2),
        (.max, nil, [.nan], .nan),
        (.count, nil, [.nan, 2, 1], 3),
        (.group, nil, [7, 8], 1),
        (.stdvar, nil, [1, 3], 1),
        (.stddev, nil, [.infinity, 1], .nan),
        (.quantile, 0.5, [3, 1, 2, 4], 2.5),
        (.quantile, 0.8, [0, 1, .nan], 0.6),
        (.quantile, 1.5, [1], .infinity),
        (.quantile, -0.5, [1], -.infinity),
        (.quantile, .nan, [1], .nan),
    ]

    @Test(arguments: reductions)
    func `a group becomes one number`(
        op: Aggregation.Operator, parameter: Double?, values: [Double], expected: Double?
    ) throws {
        let expression = metric("x").expression.aggregated(
            op, parameter: parameter.map { .literal($0) })
        let result = try evaluate(expression, on: .instant(0), Self.source(values))
        #expect(close(result.table[""], [expected]))
    }

    @Test func `grouping keeps or removes labels`() throws {
        let x = metric("x").expression
        let source = Self.source([1, 2, 3, 4])
        let by = try evaluate(x.aggregated(.sum, by: ["g", "none"]), on: .instant(0), source)
        #expect(by.table == ["g=a": [4], "g=b": [6]])
        let without = try evaluate(
            x.aggregated(.sum, by: ["i"], without: true), on: .instant(0), source)
        #expect(without.table == ["g=a": [4], "g=b": [6]])
        let none = try evaluate(metric("y").expression.aggregated(.sum), on: .instant(0), source)
        #expect(none.table.isEmpty)
    }

    @Test func `topk gives the best first, NaN last, and at every step anew`() throws {
        let source = Self.source([3, .nan, 5, 4])
        let top = metric("x").expression.aggregated(.topk, parameter: .literal(4))
        let result = try evaluate(top, on: .instant(0), source)
        #expect(
            result.order == ["a,i=2", "b,i=3", "a,i=0", "b,i=1"].map { "__name__=x,g=" + $0 })
        let moving = MemorySource([
            (["__name__": "x", "i": "1"], [1, 5]), (["__name__": "x", "i": "2"], [2, 3]),
        ])
        let one = metric("x").expression.aggregated(.topk, parameter: .literal(1))
        let range = try evaluate(one, on: StepGrid(start: 0, end: minutes(1), step: minute), moving)
        #expect(range.table == ["__name__=x,i=1": [nil, 5], "__name__=x,i=2": [2, nil]])
    }

    @Test(arguments: [
        (Double.nan, "Parameter value is NaN"), (1e20, "Scalar value 1e+20 overflows int64"),
        (-1e20, "Scalar value -1e+20 underflows int64"),
    ])
    func `a count must be an integer's size`(value: Double, text: String) throws {
        let source = MemorySource([(["__name__": "k"], [1, value])])
        let top = try parseExpression("topk(scalar(k), x)")
        #expect(throws: EvaluationError.execution(text)) {
            try evaluate(top, on: StepGrid(start: 0, end: minutes(1), step: minute), source)
        }
    }

    @Test(arguments: [0.5, -1, -1e20, -.infinity] as [Double])
    func `a count below one chooses nothing, whatever its size`(value: Double) throws {
        let top = metric("x").expression.aggregated(.topk, parameter: .literal(value))
        #expect(try evaluate(top, on: .instant(0), Self.source([1, 2])).table.isEmpty)
    }

    @Test(arguments: ["quantile(scalar(k), x)", "limit_ratio(scalar(k), x)"])
    func `a parameter that is NaN at a step is not said to be too large at another`(
        query: String
    ) throws {
        let source = MemorySource([
            (["__name__": "k"], [7, SampleValue.normalNaN]), (["__name__": "x"], [1]),
        ])
        let result = try evaluate(
            try parseExpression(query, options: .everything),
            on: StepGrid(start: 0, end: minutes(6), step: minute * 6), source
        ) { $0.language = LanguageVersion(3, 5) }
        #expect(result.annotations.warnings.allSatisfy { $0.contains("got NaN") })
        #expect(result.annotations.warnings.count == (query.hasPrefix("quantile") ? 1 : 0))
    }

    @Test func `count_values writes values as plain decimals`() throws {
        let source = Self.source([1e-7, 1e21, 6, 6, .infinity])
        let count = metric("x").expression.aggregated(
            .countValues, parameter: .string(StringLiteral("v")))
        let result = try evaluate(count, on: .instant(0), source)
        #expect(
            result.table == [
                "v=0.0000001": [1], "v=1000000000000000000000": [1], "v=6": [2], "v=+Inf": [1],
            ])
    }

    @Test func `limitk takes the first, limit_ratio and its complement share all`() throws {
        let source = Self.source((0..<40).map { Double($0) })
        let x = metric("x").expression
        let first = try evaluate(
            x.aggregated(.limitk, by: ["g"], parameter: .literal(1)), on: .instant(0), source)
        #expect(first.table.count == 2)
        func sample(_ ratio: Double) throws -> Set<String> {
            Set(
                try evaluate(
                    x.aggregated(.limitRatio, parameter: .literal(ratio)), on: .instant(0), source
                ).order)
        }
        let (some, rest) = (try sample(0.3), try sample(-0.7))
        #expect(!some.isEmpty && some.count < 40)
        #expect(some.isDisjoint(with: rest) && some.union(rest).count == 40)
        #expect(try sample(0).isEmpty)
        #expect(try sample(-5).count == 40)
    }
}
