public import Answers
public import PromQLEngine
import TimeSeries

/// Whether two answers to the same query say the same.
public struct ResultComparison: Sendable {
    public var tolerance: Tolerance

    public init(_ tolerance: Tolerance = Tolerance(relative: 1e-9, absolute: 1e-12)) {
        self.tolerance = tolerance
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
        SeriesComparison(inOrder: false, by: \StepSeries.labels) { x, y in
            values(x.values, y.values, "\(x.labels.pairs)")
                ?? histograms(x.histograms, y.histograms, "\(x.labels.pairs)")
        }.difference(present(a), present(b))
    }

    private func samples(_ a: [SampleSeries], _ b: [SampleSeries]) -> String? {
        SeriesComparison(inOrder: true, by: \SampleSeries.labels) { x, y in
            if x.times != y.times { return "times of \(x.labels.pairs)" }
            return values(x.values, y.values, "\(x.labels.pairs)")
                ?? histograms(x.histograms, y.histograms, "\(x.labels.pairs)")
        }.difference(a, b)
    }

    private func present(_ series: [StepSeries]) -> [StepSeries] {
        series.filter { one in
            !one.histograms.isEmpty || one.values.contains { !SampleValue.isAbsent($0) }
        }
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
        return tolerance.allows(x, y)
    }
}
