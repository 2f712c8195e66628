import GoText
import PromQL
import PromQLEngine
import Testing
import TimeSeries

/// Whole queries as text, over series whose values can be worked out by hand.
@Suite struct QueryTests {
    static let source = MemorySource([
        (["__name__": "x", "job": "a", "i": "1"], [0, 1, 2, 3, 4, 5]),
        (["__name__": "x", "job": "a", "i": "2"], [0, 2, 4, 6, 8, 10]),
        (["__name__": "y", "job": "a", "i": "1"], [5, 5, 5, 5, 5, 5]),
        (["__name__": "k"], [1, 2, 1, 2, 1, 2]),
        (["__name__": "lone"], [nil, nil, -3]),
    ])

    static func run(
        _ query: String, _ grid: StepGrid, _ adjust: (inout EngineOptions) -> Void = { _ in }
    ) throws -> QueryResult {
        try evaluate(
            try parseExpression(query, options: .everything), on: grid, source, text: query,
            adjust)
    }

    static let instants: [(String, [String: Double])] = [
        ("absent(none{a=\"1\", b=~\"2\", c=\"3\", c=\"4\"})", ["a=1": 1]),
        ("absent(sum(none{a=\"1\"}))", ["": 1]),
        ("absent(x)", [:]),
        ("absent_over_time(none{a=\"1\"}[5m])", ["a=1": 1]),
        ("scalar(x) == bool scalar(x)", ["scalar": 0]),
        ("scalar(lone)", ["scalar": -3]),
        ("vector(time())", ["": 300]),
        ("-lone ^ 2", ["": -9]),
        ("clamp(x{i=\"2\"}, 1, 3)", ["i=2,job=a": 3]),
        ("clamp(x, 3, 1)", [:]),
        ("round(lone / 2)", ["": -1]),
        ("sgn(lone)", ["": -1]),
        ("minute(vector(1500))", ["": 25]),
        ("day_of_week()", ["": 4]),
        ("days_in_month(vector(951782400))", ["": 29]),
        (
            "label_replace(lone, \"to\", \"$1-$$\", \"__name__\", \"l(.*)\")",
            ["__name__=lone,to=one-$": -3]
        ),
        ("label_replace(lone, \"to\", \"v\", \"__name__\", \"o\")", ["__name__=lone": -3]),
        (
            "label_join(x{i=\"1\"}, \"i\", \"/\", \"job\", \"none\", \"i\")",
            ["__name__=x,i=a//1,job=a": 5]
        ),
        ("sum by (job) (x) / on (job) group_left y", ["job=a": 3]),
        ("quantile_over_time(0.5, x{i=\"1\"}[3m])", ["i=1,job=a": 4]),
        ("predict_linear(x{i=\"2\"}[3m], 60)", ["i=2,job=a": 12]),
        ("max_over_time((x * 2)[2m:1m])", ["i=1,job=a": 10, "i=2,job=a": 20]),
        ("min_of(1, 2) + max_of(3, 4) + pi() * 0", ["scalar": 5]),
        ("count(x offset 10m) or vector(0)", ["": 0]),
        ("x{i=\"1\"} @ 60", ["__name__=x,i=1,job=a": 1]),
        ("sum(x) by (__name__)", ["__name__=x": 15]),
    ]

    @Test(arguments: instants)
    func `an instant query gives`(query: String, expected: [String: Double]) throws {
        let table = try Self.run(query, .instant(minutes(5))).table
        #expect(Set(table.keys) == Set(expected.keys))
        for (labels, value) in expected { #expect(close(table[labels], [value])) }
    }

    @Test(arguments: [
        (
            "label_replace(x, \"\", \"v\", \"i\", \".*\")",
            "invalid destination label name in label_replace(): "
        ),
        (
            "label_replace(x, \"d\", \"v\", \"i\", \"(\")",
            "invalid regular expression in label_replace(): ("
        ),
        ("label_join(x, \"d\", \"\", \"\")", "invalid source label name in label_join(): "),
        (
            "label_replace(x, \"i\", \"v\", \"\", \"\")",
            "vector cannot contain metrics with the same labelset"
        ),
        (
            "sum(rate({__name__=~\"x|y\"}[5m])) + abs({__name__!=\"\"})",
            "vector cannot contain metrics with the same labelset"
        ),
        ("limit_ratio(NaN, x)", "Ratio value is NaN"),
        ("count_values(\"\", x)", "invalid label name \"\""),
        (
            "deriv(x[5m] smoothed)",
            "smoothed modifier can only be used with: delta, increase, rate - not with deriv"
        ),
    ])
    func `a query fails with`(query: String, text: String) {
        #expect(throws: EvaluationError.execution(text)) {
            try Self.run(query, .instant(minutes(5)))
        }
    }

    @Test func `a parameter over a fixed vector stays as at the first step`() throws {
        let grid = StepGrid(start: 0, end: minutes(3), step: minute)
        let frozen = try Self.run("count(topk(scalar(k), x @ 60))", grid)
        #expect(frozen.table[""] == [1, 1, 1, 1])
        let moving = try Self.run("count(topk(scalar(k), x))", grid)
        #expect(moving.table[""] == [1, 2, 1, 2])
    }

    @Test func `sorting orders an instant query only`() throws {
        let sorted = try Self.run("sort_desc(x)", .instant(minutes(5)))
        #expect(sorted.order == ["__name__=x,i=2,job=a", "__name__=x,i=1,job=a"])
        let grid = StepGrid(start: 0, end: minutes(5), step: minute)
        let range = try Self.run("sort_desc(x)", grid)
        #expect(range.order == ["__name__=x,i=1,job=a", "__name__=x,i=2,job=a"])
        #expect(range.annotations.warnings.count == 1)
    }

    @Test func `names dropped late still group`() throws {
        let query = "sum by (__name__) (rate(x[5m]))"
        let late = try Self.run(query, .instant(minutes(5))) { $0.delayedNameRemoval = true }
        #expect(late.order == [""])
        let kept = try Self.run(
            "label_replace(abs(lone), \"__name__\", \"${1}_abs\", \"__name__\", \"(.*)\")",
            .instant(minutes(5))
        ) { $0.delayedNameRemoval = true }
        #expect(kept.order == ["__name__=lone_abs"])
    }

    @Test func `a subquery of too many steps is refused before it takes memory`() {
        #expect(throws: EvaluationError.self) {
            try Self.run("sum_over_time(vector(1)[100y:1ms])", .instant(0))
        }
    }

    @Test func `long chains do not exhaust the stack`() throws {
        let chain = Array(repeating: "lone", count: 300).joined(separator: " + ")
        #expect(try Self.run(chain, .instant(minutes(5))).table[""] == [-900])
        let closing = String(repeating: ")", count: 300)
        let nested = String(repeating: "abs(", count: 300) + "lone" + closing
        #expect(try Self.run("sum(\(nested))", .instant(minutes(5))).table[""] == [3])
    }
}
