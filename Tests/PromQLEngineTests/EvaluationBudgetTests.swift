import GoText
import PromQL
import PromQLTest
import TestSupport
import Testing
import TimeSeries

@testable import PromQLEngine

/// Memory is asked for before it is taken, and the clock is looked at, whatever the query.
@Suite struct EvaluationBudgetTests {
    /// Enough for a few looks at the clock.
    private static let steps = 20_000
    private static let looks = steps / WorkCounter.interval
    private static let grid = StepGrid(
        start: 0, end: .epoch + Milliseconds(1000) * Int64(steps - 1), step: 1000)

    /// Each is evaluated at every step, or over a window of so many seconds.
    static let families = [
        "abs(X)", "round(X, 5)", "clamp(X, 1, 2)", "ln(X)", "-X", "X + 1", "1 % X", "X > 5",
        "X + X",
        "X ^ X", "X == bool X", "X and X", "X or Y", "X unless Y", "X * on() group_left() Y",
        "scalar(X)", "scalar(X) * scalar(Y)", "absent(X)", "timestamp(X)", "minute(X)", "minute()",
        "sum(X or Y)", "avg(X or Y)", "min(X or Y)", "max(X or Y)", "count(X or Y)",
        "group(X or Y)",
        "stddev(X or Y)", "quantile(0.5, X or Y)", "topk(1, X or Y)", "limitk(1, X or Y)",
        "limit_ratio(0.5, X or Y)", "count_values(\"v\", X > bool 5)",
        "histogram_quantile(0.5, label_replace(X, \"le\", \"+Inf\", \"\", \"\"))",
        "histogram_fraction(0, 1, label_replace(X, \"le\", \"+Inf\", \"\", \"\"))",
        "last_over_time(X[3s:1s])", "absent_over_time(X[3s:1s])", "info(X)",
    ]
    static let windows = [
        "sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "count_over_time",
        "last_over_time", "first_over_time", "present_over_time", "stddev_over_time",
        "stdvar_over_time", "mad_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
        "changes", "resets", "rate", "increase", "delta", "irate", "idelta", "deriv",
    ]
    /// Those that read every sample of a window.
    private static let readers = Set(windows).subtracting([
        "count_over_time", "last_over_time", "first_over_time", "present_over_time", "rate",
        "increase", "delta", "irate", "idelta",
    ])

    private func expression(_ text: String) throws -> Expression {
        try parseExpression(
            text.replacing("X", with: "vector(time() % 1000)")
                .replacing("Y", with: "label_replace(vector(time()), \"y\", \"1\", \"\", \"\")"),
            options: .everything)
    }

    private func spent(
        _ text: String, on grid: StepGrid, _ source: MemorySource = MemorySource([]),
        _ adjust: (inout EngineOptions) -> Void = { _ in },
        now: @escaping () -> ContinuousClock.Instant = { .now }
    ) throws -> EvaluationBudget {
        var options = EngineOptions()
        options.deadline = .now + .seconds(3600)
        adjust(&options)
        let budget = EvaluationBudget(options, now: now)
        var evaluator = Evaluator(
            options: options, text: text, source: source, grid: grid, query: grid, budget: budget)
        _ = try evaluator.evaluateRoot(expression(text))
        return budget
    }

    @Test(arguments: families)
    func `Operators over many steps look at the clock, and ask for memory first`(
        text: String
    ) throws {
        let budget = try spent(text, on: Self.grid)
        #expect(budget.checks >= Self.looks)
        #expect(budget.unasked == 0)
        #expect(budget.peakCells >= Self.steps)
    }

    @Test(arguments: windows)
    func `Functions of large windows look at the clock, and ask for memory first`(
        name: String
    ) throws {
        let now = StepGrid.instant(Self.grid.end)
        let short = try spent("\(name)(X[100s:1s])", on: now)
        let long = try spent("\(name)(X[\(Self.steps)s:1s])", on: now)
        #expect(long.checks - short.checks >= (Self.readers.contains(name) ? Self.looks : 2))
        #expect(long.unasked == 0)
        #expect(long.peakCells >= 3 * Self.steps, "a column, and times and values of the window")
    }

    @Test func `Windows that overlap are stopped by the deadline`() throws {
        // 86,400 windows of 86,400 samples each: minutes of work.
        var looks = 0
        let end = ContinuousClock.now + .seconds(3600)
        #expect(throws: EvaluationError.timeout("query timed out in expression evaluation")) {
            try spent(
                "max_over_time(max_over_time(vector(1)[1d:1s])[1d:1s])",
                on: .instant(minutes(1_000_000)),
                now: {
                    looks += 1
                    return looks < 1000 ? end - .seconds(7200) : end + .seconds(1)
                })
        }
        #expect(looks == 1000)
    }

    @Test(arguments: families)
    func `Time that is up midway stops every operator`(text: String) throws {
        let whole = try spent(text, on: Self.grid).checks
        var looks = 0
        let end = ContinuousClock.now + .seconds(3600)
        #expect(throws: EvaluationError.timeout("query timed out in expression evaluation")) {
            try spent(
                text, on: Self.grid,
                now: {
                    looks += 1
                    return looks < whole / 2 ? end - .seconds(7200) : end + .seconds(1)
                })
        }
        #expect(looks == max(1, whole / 2))
    }

    @Test func `Columns that no sample fills are refused before they are made`() throws {
        // 100 series of one sample each, at every step of a subquery over a day.
        var source = MemorySource([])
        source.samples = (0..<100).map { i in
            SampleSeries(
                labels: LabelSet(["__name__": "x", "i": "\(i)"]),
                times: [.epoch + Milliseconds(864_000) * Int64(i)], values: [1])
        }
        let day = StepGrid(start: 0, end: minutes(1440), step: 1000)
        #expect(throws: EvaluationError.tooManySamples) {
            try spent("x", on: day, source) { $0.maxSamples = 100_000 }
        }
        // One more series than cells are left for is one too many.
        let budget = try spent("x", on: day, source)
        #expect(budget.peakCells >= 100 * day.count)
        #expect(budget.peakSamples < 100 * 400)
    }

    @Test func `An aggregation over a month of seconds is refused before its columns are made`()
        throws
    {
        var source = MemorySource([])
        source.samples = (0..<80).map { i in
            SampleSeries(
                labels: LabelSet(["__name__": "x", "i": "\(i)"]), times: [.epoch], values: [1])
        }
        var options = EngineOptions()
        options.maxSamples = 1000
        let text = "max_over_time(quantile(0.5, x)[30d:1s])"
        let grid = StepGrid.instant(minutes(100_000))
        let budget = EvaluationBudget(options)
        var evaluator = Evaluator(
            options: options, text: text, source: source, grid: grid, query: grid, budget: budget)
        let parsed = try expression(text)
        #expect(throws: EvaluationError.tooManySamples) { try evaluator.evaluateRoot(parsed) }
        #expect(budget.peakCells <= options.maxCells)
    }

    @Test(arguments: ["min", "max", "ts_of_max", "changes", "resets", "sum", "avg"])
    func `Windows of many looks have the values of their samples`(function: String) throws {
        let count = 3 * WorkCounter.interval + 5
        var values = (0..<count).map { Double($0 * 7919 % 9973) }
        values[0] = .nan
        values[count / 2] = -1
        values[count - 3] = 10_000
        let times = (0..<count).map { Timestamp.epoch + Milliseconds(1000) * Int64($0 + 1) }
        var source = MemorySource([])
        source.samples = [
            SampleSeries(labels: LabelSet(["__name__": "x"]), times: times, values: values)
        ]
        let pairs = Array(zip(values, values.dropFirst()))
        let expected: Double =
            switch function {
            case "min": -1
            case "max": 10_000
            case "ts_of_max": Double(count - 2)
            case "changes": Double(pairs.count { $0 != $1 })
            case "resets": Double(pairs.count { $1 < $0 })
            default: .nan
            }
        let isCount = function == "changes" || function == "resets"
        let result = try PromQLEngineTests.evaluate(
            expression("\(function)\(isCount ? "" : "_over_time")(x[1d])"),
            on: .instant(times[count - 1]), source)
        guard case .vector(let series) = result.value else { throw MemorySource.Missing() }
        let value = try #require(series.first?.values.first)
        #expect(value == expected || value.isNaN && expected.isNaN)
    }

    @Test func `Labels that grow with each function are refused`() throws {
        let tripled = { (text: String) in
            "label_join(\(text), \"a\", \"\", \"a\", \"a\", \"a\", \"a\", \"a\", \"a\", \"a\", \"a\")"
        }
        var text = "label_replace(vector(1), \"a\", \"0123456789abcdef\", \"\", \"\")"
        for _ in 0..<6 { text = tripled(text) }
        #expect(try spent(text, on: .instant(0)).labelBytes > 1 << 22)
        text = tripled(text)
        #expect(
            throws: EvaluationError.execution(
                "query processing would make a label longer than 16777215 bytes")
        ) { try spent(text, on: .instant(0)) }
    }

    @Test func `Labels of many series are counted together`() throws {
        var source = MemorySource([])
        source.samples = (0..<100).map { i in
            SampleSeries(
                labels: LabelSet([
                    "__name__": "x", "i": "\(i)", "t": String(repeating: "t", count: 100_000),
                ]), times: [0], values: [1])
        }
        let text = "label_join(x, \"u\", \"\", \"t\", \"t\")"
        #expect(
            throws: EvaluationError.execution(
                "query processing would make more than 16777216 bytes of labels")
        ) { try spent(text, on: .instant(0), source) { $0.maxSamples = 1000 } }
        #expect(try spent(text, on: .instant(0), source).labelBytes > 100 * 300_000)
    }

    @Test func `A label that many elements get by group_left is counted for each`() throws {
        var source = MemorySource([])
        source.samples = (0..<100).map { i in
            SampleSeries(labels: LabelSet(["__name__": "x", "i": "\(i)"]), times: [0], values: [1])
        }
        let one =
            "label_replace(vector(1), \"t\", \"" + String(repeating: "t", count: 200_000)
            + "\", \"\", \"\")"
        #expect(
            throws: EvaluationError.execution(
                "query processing would make more than 16777216 bytes of labels")
        ) {
            try spent("x * on() group_left(t) \(one)", on: .instant(0), source) {
                $0.maxSamples = 1000
            }
        }
    }

    @Test(arguments: 0..<4)
    func `No generated query takes memory that it did not ask for`(round: UInt64) throws {
        let data = GeneratedData(seed: round, partitions: 2)
        var source = MemorySource([])
        source.samples = data.union(by: PartitionLabel("project"))
        var generator = QueryGenerator(
            seed: round,
            GeneratedData.profile(members: data.members, [.release35, .later, .histograms]))
        let grid = StepGrid(start: data.start, end: data.end, step: 60_000)
        var evaluated = 0
        for _ in 0..<400 {
            let text = generator.next().text
            var options = EngineOptions()
            options.maxSamples = 100_000
            let budget = EvaluationBudget(options)
            var evaluator = Evaluator(
                options: options, text: text, source: source, grid: grid, query: grid,
                budget: budget)
            guard
                let parsed = try? parseExpression(text, options: .everything),
                let resolved = try? parsed.resolved(
                    in: QueryContext(start: grid.start, end: grid.end, step: grid.step)),
                (try? evaluator.evaluateRoot(resolved)) != nil
            else { continue }
            evaluated += 1
            #expect(budget.unasked == 0, "\(text)")
            #expect(budget.peakCells <= options.maxCells, "\(text)")
        }
        #expect(evaluated > 200)
    }
}
