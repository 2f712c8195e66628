internal import PromQL
internal import TimeSeries

/// A source whose histograms say of themselves whether they are resets, where the storage did not
/// know.
///
/// Prometheus reads only counts and sums of histograms whose buckets no one will ask for
/// (`promql/histogram_stats_iterator.go`), and on that way detects resets itself. It shows in one
/// warning: aggregations see hints that collide where they would else see unknown ones.
struct ResetDetectingSource: SeriesSource {
    let base: any SeriesSource

    func series(
        matching matchers: [LabelMatcher], from: Int64, through: Int64
    ) throws -> [SampleSeries] {
        try base.series(matching: matchers, from: from, through: through).map(Self.detecting)
    }

    func values(of fragment: FragmentReference, on grid: StepGrid) throws -> [StepSeries] {
        try base.values(of: fragment, on: grid)
    }

    private static func detecting(_ series: SampleSeries) -> SampleSeries {
        if series.histograms.isEmpty { return series }
        var detecting = series
        var previous: FloatHistogram?
        for i in series.times.indices {
            guard let histogram = series.histograms[i], !SampleValue.isStale(histogram.sum) else {
                continue
            }
            if histogram.counterResetHint == .unknown, let previous {
                detecting.histograms[i]?.counterResetHint =
                    histogram.isReset(after: previous) ? .reset : .notReset
            }
            previous = histogram
        }
        return detecting
    }
}

extension Evaluator {
    /// The argument of `histogram_count`, `histogram_sum` or `histogram_avg`.
    mutating func countsAndSums(
        of argument: Expression
    ) throws(EvaluationError) -> [StepSeries] {
        guard !isInSubquery, argument.readsOnlyCountsAndSums else { return try vector(argument) }
        var inner = Evaluator(
            options: options, text: text, source: ResetDetectingSource(base: source), grid: grid,
            query: query)
        inner.state = state
        let result = try inner.vector(argument)
        state = inner.state
        return result
    }

    /// On a grid that is neither the query's own nor the single step of a step-invariant part.
    private var isInSubquery: Bool {
        grid != query && !(grid.start == query.start && grid.count == 1)
    }
}

extension Expression {
    /// Whether no binary operation, no subquery and no function that needs buckets stands between
    /// the expression and its selectors.
    fileprivate var readsOnlyCountsAndSums: Bool {
        switch self {
        case .number, .string, .vectorSelector, .matrixSelector: true
        case .binary, .subquery, .fragment: false
        case .paren(let node): node.expression.readsOnlyCountsAndSums
        case .unary(let node): node.operand.readsOnlyCountsAndSums
        case .aggregation(let node): node.expression.readsOnlyCountsAndSums
        case .call(let node):
            switch node.function {
            case .histogramQuantile, .histogramQuantiles, .histogramFraction: false
            default: node.arguments.allSatisfy(\.readsOnlyCountsAndSums)
            }
        }
    }
}
