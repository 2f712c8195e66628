import GoText
import PromQL
import PromQLEngine
import Testing
import TimeSeries

/// Rules that changed within Prometheus 3: the last version before each change, and the first with it.
@Suite struct VersionRulesTests {
    private static func custom(_ bounds: [Double], _ counts: [Double]) -> FloatHistogram {
        FloatHistogram(
            schema: FloatHistogram.customBucketsSchema, count: counts.reduce(0, +), sum: 1,
            positiveSpans: [.init(offset: 0, length: UInt32(counts.count))],
            positiveBuckets: counts, customValues: bounds)
    }

    private static func exponential(_ count: Double) -> FloatHistogram {
        FloatHistogram(
            schema: 0, count: count, sum: count, positiveSpans: [.init(offset: 0, length: 1)],
            positiveBuckets: [count])
    }

    /// Histograms at every minute from 0.
    private static func source(
        _ series: [(labels: [String: String], histograms: [FloatHistogram])]
    ) -> MemorySource {
        var source = MemorySource([])
        source.samples = series.map { one in
            SampleSeries(
                labels: LabelSet(one.labels),
                times: one.histograms.indices.map { minutes(Int64($0)) },
                values: one.histograms.map { _ in 0 },
                histograms: Dictionary(
                    uniqueKeysWithValues: one.histograms.enumerated().map { ($0, $1) }))
        }
        return source
    }

    private func answer(
        _ text: String, _ source: MemorySource, minor: Int, on grid: StepGrid = .instant(minutes(1))
    ) throws -> QueryResult {
        var options = EngineOptions()
        options.language = LanguageVersion(3, minor)
        return try Engine(options: options).evaluate(
            try parseExpression(text, options: .everything), on: grid, query: text, source: source)
    }

    private func series(_ result: QueryResult) -> [StepSeries] {
        if case .vector(let series) = result.value { return series }
        return []
    }

    @Test(arguments: [
        "sum(x)", "avg(x)", "x{k=\"1\"} + on () x{k=\"2\"}", "x{k=\"2\"} - on () x{k=\"1\"}",
        "sum_over_time(y[5m])", "delta(y[5m])",
    ])
    func `Custom buckets of different bounds go together from 3.8 on`(query: String) throws {
        let source = Self.source([
            (
                ["__name__": "x", "k": "1"],
                [Self.custom([1, 5], [1, 2, 1]), Self.custom([1, 5], [2, 3, 1])]
            ),
            (
                ["__name__": "x", "k": "2"],
                [Self.custom([5, 9], [1, 2, 1]), Self.custom([5, 9], [2, 3, 1])]
            ),
            (
                ["__name__": "y"],
                [Self.custom([1, 5], [1, 2, 1]), Self.custom([5, 9], [8, 9, 9])]
            ),
        ])
        let old = try answer(query, source, minor: 7)
        #expect(series(old).isEmpty)
        #expect(old.annotations.warnings.contains { $0.contains("incompatible") })
        let new = try answer(query, source, minor: 8)
        #expect(series(new).count == 1)
        #expect(new.annotations.infos.contains { $0.contains("reconciled") })
    }

    @Test func `Rates of histograms do not reach below zero from 3.6 on`() throws {
        let source = Self.source([
            (["__name__": "x"], [Self.exponential(1), Self.exponential(100)])
        ])
        func count(_ minor: Int) throws -> Double? {
            let result = try answer(
                "histogram_count(increase(x[2m]))", source, minor: minor)
            return series(result).first?.values.first
        }
        // Half an interval before the first sample, or as long as the count was above zero.
        #expect(try #require(try count(5)) > #require(try count(6)))
    }

    @Test(arguments: ["x - x", "-x", "x * -1", "x / -2"])
    func `Differences are gauges from 3.6 on`(query: String) throws {
        let source = Self.source([(["__name__": "x"], [Self.exponential(1), Self.exponential(2)])])
        func hint(_ minor: Int) throws -> FloatHistogram.CounterResetHint? {
            series(try answer(query, source, minor: minor)).first?.histograms[0]?.counterResetHint
        }
        #expect(try hint(5) == .unknown)
        #expect(try hint(6) == .gauge)
    }

    @Test func `Conflicting resets matter from 3.7 on`() throws {
        var (reset, running) = (Self.exponential(1), Self.exponential(2))
        reset.counterResetHint = .reset
        running.counterResetHint = .notReset
        let source = Self.source([
            (["__name__": "x"], [reset, reset]), (["__name__": "y"], [running, running]),
        ])
        #expect(series(try answer("x + y", source, minor: 6)).count == 1)
        #expect(series(try answer("x + y", source, minor: 7)).isEmpty)
        let sum = "sum({__name__=~\"x|y\"})"
        #expect(try answer(sum, source, minor: 6).annotations.warnings.isEmpty)
        #expect(try answer(sum, source, minor: 7).annotations.warnings.count == 1)
    }

    /// For each info, whether it names the metric `b`.
    private func namesBuckets(
        _ source: MemorySource, minor: Int, on grid: StepGrid = .instant(0)
    ) throws -> Set<Bool> {
        let infos = try answer("histogram_quantile(0.5, b)", source, minor: minor, on: grid)
            .annotations.infos
        #expect(infos.allSatisfy { $0.contains("needed to be fixed for monotonicity") })
        return Set(infos.map { $0.contains(" for metric name \"b\", from buckets +Inf") })
    }

    private static let steps = StepGrid(start: 0, end: minutes(20), step: minute * 10)

    @Test func `Up to 3.5 raised buckets are named at the first step of their histogram`() throws {
        func source(_ first: [Double?]) -> MemorySource {
            MemorySource(
                interval: minute * 10,
                [
                    (["__name__": "b", "le": "1"], first),
                    (["__name__": "b", "le": "+Inf"], first.map { $0.map { _ in 2 } }),
                ])
        }
        #expect(try namesBuckets(source([3]), minor: 5) == [true])
        #expect(try namesBuckets(source([3]), minor: 6) == [false])
        for (first, named) in [
            ([3, 3, 3], [true, false]), ([3, 1, 1], [true]), ([1, 3, 1], [false]),
            ([nil, 3, 1], [true]), ([3, nil, 3], [true, false]), ([1, 1, 1], []),
        ] as [([Double?], Set<Bool>)] {
            #expect(try namesBuckets(source(first), minor: 5, on: Self.steps) == named)
            let later = try namesBuckets(source(first), minor: 6, on: Self.steps)
            #expect(later == (named.isEmpty ? [] : [false]))
        }
    }

    @Test func `Up to 3.5 a native histogram at a step makes the classic one new again`() throws {
        var source = MemorySource(
            interval: minute * 10,
            [
                (["__name__": "b", "le": "1"], [1, 1, 3]),
                (["__name__": "b", "le": "+Inf"], [2, 2, 2]),
            ])
        source.samples.append(
            SampleSeries(
                labels: LabelSet(["__name__": "b"]), times: [minutes(10)], values: [0],
                histograms: [0: Self.exponential(1)]))
        for (minor, name) in [(5, " for metric name \"b\""), (6, "")] {
            let result = try answer(
                "histogram_quantile(0.5, b)", source, minor: minor, on: Self.steps)
            #expect(
                result.annotations.warnings == [
                    "PromQL warning: vector contains a mix of classic and native histograms"
                        + "\(name) (1:25)"
                ])
            #expect(result.annotations.infos.count == 1)
            #expect(result.annotations.infos.allSatisfy { $0.contains("\(name), from buckets") })
        }
    }

    @Test(arguments: ["histogram_quantile(0.5, x)", "histogram_fraction(0, 1, x)"])
    func `Up to 3.5 the metric of a bucket without a bound is named`(query: String) throws {
        let source = MemorySource([(["__name__": "x"], [1])])
        func warning(_ minor: Int) throws -> String? {
            try answer(query, source, minor: minor, on: .instant(0)).annotations.warnings.first
        }
        let old = try #require(try warning(5))
        #expect(old.contains("value of \"\" for metric name \"x\" (1:"))
        let new = try #require(try warning(6))
        #expect(new.contains("value of \"\" (1:"))
    }

    @Test func `A NaN makes mad_over_time NaN from 3.14 on`() throws {
        let source = MemorySource([(["__name__": "x"], [1, SampleValue.normalNaN, 5])])
        func deviation(_ minor: Int) throws -> Double? {
            let result = try answer(
                "mad_over_time(x[5m])", source, minor: minor, on: .instant(minutes(2)))
            return series(result).first?.values.first
        }
        #expect(try deviation(13) == 0)
        let new = try #require(try deviation(14))
        #expect(new.isNaN)
    }

    @Test(arguments: ["topk", "bottomk", "limitk", "limit_ratio"])
    func `A parameter with nothing to choose from is judged from 3.6 on`(function: String) throws {
        let source = MemorySource([(["__name__": "x"], [1])])
        let query = "\(function)(NaN, nothing)"
        #expect(series(try answer(query, source, minor: 5, on: .instant(0))).isEmpty)
        #expect(throws: EvaluationError.self) {
            try answer(query, source, minor: 6, on: .instant(0))
        }
        for minor in [5, 6] {
            #expect(throws: EvaluationError.self) {
                try answer("\(function)(NaN, x)", source, minor: minor, on: .instant(0))
            }
        }
    }

    @Test func `What a comparison takes away still is a match from 3.10 on`() throws {
        let source = MemorySource([
            (["__name__": "x", "k": "1"], [5]), (["__name__": "x", "k": "2"], [1]),
            (["__name__": "y"], [3]),
        ])
        let query = "x > on () y"
        #expect(series(try answer(query, source, minor: 9, on: .instant(0))).count == 1)
        #expect(throws: EvaluationError.self) {
            try answer(query, source, minor: 10, on: .instant(0))
        }
    }

    @Test func `Sorting a range is warned of from 3.12 on`() throws {
        let source = MemorySource([(["__name__": "x"], [1, 2])])
        let grid = StepGrid(start: 0, end: minutes(1), step: minute)
        #expect(try answer("sort(x)", source, minor: 11, on: grid).annotations.isEmpty)
        #expect(try answer("sort(x)", source, minor: 12, on: grid).annotations.warnings.count == 1)
    }
}
