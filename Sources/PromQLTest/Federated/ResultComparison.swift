public import PromQL
public import PromQLEngine
public import TimeSeries

/// Whether two answers to the same query say the same.
public struct ResultComparison: Sendable {
    /// How far values may differ, relative to the larger one.
    public var tolerance: Double

    /// How far apart values may be whatever their size.
    public var absolute: Double

    public init(tolerance: Double = 1e-9, absolute: Double = 1e-12) {
        self.tolerance = tolerance
        self.absolute = absolute
    }

    /// The first difference, in words, or nil. The order of vectors is not compared, and of
    /// histograms everything but the counter reset hint is.
    public func difference(_ expected: QueryResult.Value, _ actual: QueryResult.Value) -> String? {
        switch (expected, actual) {
        case (.scalar(let a), .scalar(let b)): return values(a, b, "scalar")
        case (.string(let a), .string(let b)): return a == b ? nil : "string \(b) for \(a)"
        case (.vector(let a), .vector(let b)): return vectors(a, b)
        case (.rangeVector(let a), .rangeVector(let b)): return samples(a, b)
        default: return "another type of result"
        }
    }

    private func vectors(_ a: [StepSeries], _ b: [StepSeries]) -> String? {
        let (a, b) = (present(a), present(b))
        if let difference = labels(a.map(\.labels), b.map(\.labels)) { return difference }
        for (x, y) in zip(a, b) {
            if let difference = values(x.values, y.values, "\(x.labels.pairs)") {
                return difference
            }
            if let difference = histograms(x.histograms, y.histograms, "\(x.labels.pairs)") {
                return difference
            }
        }
        return nil
    }

    private func samples(_ a: [SampleSeries], _ b: [SampleSeries]) -> String? {
        if let difference = labels(a.map(\.labels), b.map(\.labels)) { return difference }
        for (x, y) in zip(a, b) {
            if x.times != y.times { return "times of \(x.labels.pairs)" }
            if let difference = values(x.values, y.values, "\(x.labels.pairs)") {
                return difference
            }
            if let difference = histograms(x.histograms, y.histograms, "\(x.labels.pairs)") {
                return difference
            }
        }
        return nil
    }

    private func present(_ series: [StepSeries]) -> [StepSeries] {
        series.filter { one in
            !one.histograms.isEmpty || one.values.contains { !SampleValue.isAbsent($0) }
        }.sorted { $0.labels < $1.labels }
    }

    private func labels(_ a: [LabelSet], _ b: [LabelSet]) -> String? {
        if a == b { return nil }
        let missing = Set(a).subtracting(b).sorted()
        let extra = Set(b).subtracting(a).sorted()
        return "\(b.count) series for \(a.count); missing \(missing.prefix(2).map(\.pairs)), "
            + "extra \(extra.prefix(2).map(\.pairs))"
    }

    private func values(_ a: [Double], _ b: [Double], _ place: String) -> String? {
        guard a.count == b.count else { return "\(b.count) steps for \(a.count) of \(place)" }
        for (step, (x, y)) in zip(a, b).enumerated() where !isClose(x, y) {
            return "step \(step) of \(place): \(y) for \(x)"
        }
        return nil
    }

    private func histograms(
        _ a: [Int: FloatHistogram], _ b: [Int: FloatHistogram], _ place: String
    ) -> String? {
        guard Set(a.keys) == Set(b.keys) else { return "steps with histograms of \(place)" }
        for (step, x) in a {
            guard let y = b[step] else { continue }
            if let difference = difference(x.compacted(), y.compacted()) {
                return "\(difference) of the histogram at step \(step) of \(place)"
            }
        }
        return nil
    }

    private func difference(_ x: FloatHistogram, _ y: FloatHistogram) -> String? {
        if x.schema != y.schema { return "schema" }
        if !isClose(x.count, y.count) || !isClose(x.sum, y.sum) { return "count or sum" }
        if x.zeroThreshold != y.zeroThreshold || !isClose(x.zeroCount, y.zeroCount) {
            return "zero bucket"
        }
        if x.customValues != y.customValues || x.positiveSpans != y.positiveSpans
            || x.negativeSpans != y.negativeSpans
        {
            return "bounds"
        }
        let pairs =
            Array(zip(x.positiveBuckets, y.positiveBuckets))
            + Array(zip(x.negativeBuckets, y.negativeBuckets))
        return pairs.allSatisfy { isClose($0, $1) } ? nil : "buckets"
    }

    func isClose(_ x: Double, _ y: Double) -> Bool {
        if SampleValue.isAbsent(x) || SampleValue.isAbsent(y) {
            return SampleValue.isAbsent(x) && SampleValue.isAbsent(y)
        }
        if x.isNaN || y.isNaN { return x.isNaN && y.isNaN }
        if x == y { return true }
        return abs(x - y) <= tolerance * max(abs(x), abs(y)) || abs(x - y) < absolute
    }
}

/// Judges an answer by the engine's over a union: values within a tolerance that suits the query,
/// and of `topk`, `sort` and their like exactly what they promise.
public struct AnswerJudgement: Sendable {
    /// Of the engine that says what could have been chosen by `topk` and its like.
    public var options: EngineOptions
    public var parsing: ParserOptions
    /// Whether values must be equal to the last bit, variances left out: they depend on an order.
    public var isExact = false

    public init(options: EngineOptions, parsing: ParserOptions) {
        self.options = options
        self.parsing = parsing
    }

    /// The first difference in words, or nil.
    public func difference(
        _ expected: QueryResult.Value, _ actual: QueryResult.Value, of query: String,
        on grid: StepGrid, over union: any SeriesSource
    ) -> String? {
        // Variances of large, nearly equal numbers keep few digits in every computation.
        let isVariance = query.contains("stddev") || query.contains("stdvar")
        let comparison =
            isExact && !isVariance
            ? ResultComparison(tolerance: 0, absolute: 0)
            : ResultComparison(tolerance: isVariance ? 1e-6 : 1e-9)
        guard let order = RootOrder(of: query), case .vector(let wanted) = expected,
            case .vector(let given) = actual
        else { return comparison.difference(expected, actual) }
        switch order {
        case .sorted:
            let inOrder = grid.isInstant ? comparison.difference(inOrder: wanted, given) : nil
            return inOrder ?? comparison.difference(expected, actual)
        case .chosen(let choice):
            guard let all = try? evaluate(choice.source, on: grid, over: union).value,
                case .vector(let candidates) = all
            else { return "the operand of the choice fails" }
            return comparison.difference(
                wanted, given, chosenBy: choice, among: candidates, steps: grid.count)
        }
    }

    /// The engine's own answer.
    public func evaluate(
        _ query: String, on grid: StepGrid, over source: any SeriesSource
    ) throws -> QueryResult {
        try Engine(options: options).evaluate(
            try parseExpression(query, options: parsing), on: grid, query: query, source: source)
    }
}

/// Equality within a relative 1e-6.
enum Closeness {
    private static let tolerance = 1e-6

    static func isClose(_ a: Double, _ b: Double) -> Bool {
        if SampleValue.isStale(a) || SampleValue.isStale(b) {
            return SampleValue.isStale(a) && SampleValue.isStale(b)
        }
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        let sum = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || sum < .leastNormalMagnitude {
            return difference < tolerance * .leastNormalMagnitude
        }
        return difference / min(sum, .greatestFiniteMagnitude) < tolerance
    }

    /// All fields but the hint; empty buckets do not count.
    static func isClose(_ a: FloatHistogram, _ b: FloatHistogram) -> Bool {
        let a = a.compacted()
        let b = b.compacted()
        func areClose(_ x: [Double], _ y: [Double]) -> Bool {
            x.count == y.count && zip(x, y).allSatisfy { isClose($0, $1) }
        }
        return a.schema == b.schema && isClose(a.count, b.count) && isClose(a.sum, b.sum)
            && (!a.usesCustomBuckets || a.customValues == b.customValues)
            && a.zeroThreshold == b.zeroThreshold && isClose(a.zeroCount, b.zeroCount)
            && a.positiveSpans == b.positiveSpans && a.negativeSpans == b.negativeSpans
            && areClose(a.positiveBuckets, b.positiveBuckets)
            && areClose(a.negativeBuckets, b.negativeBuckets)
    }
}
