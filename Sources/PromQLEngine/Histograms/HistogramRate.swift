internal import PromQL
internal import TimeSeries

/// Differences of native histograms over a window: what `rate`, `increase`, `delta`, `irate` and
/// `idelta` are made of, as Prometheus `promql/functions.go`.
struct HistogramRate {
    private let series: RangeSeries
    /// Whether the function is for counters (`rate`, `increase`, `irate`).
    private let isCounter: Bool
    private let reconciling: Bool
    /// Of the range vector argument.
    private let position: String
    private let metricName: String
    /// By index: whether the counter began anew since the histogram before. Found once, windows
    /// overlap. Empty for gauges.
    private let resets: [Bool]
    private let budget: EvaluationBudget

    init(
        _ series: RangeSeries, isCounter: Bool, language: LanguageVersion, position: String,
        budget: EvaluationBudget
    ) throws(EvaluationError) {
        self.budget = budget
        var work = WorkCounter(budget)
        self.series = series
        self.isCounter = isCounter
        reconciling = language.reconcilesCustomBounds
        self.position = position
        metricName = series.labels.metricName
        resets =
            isCounter
            ? try series.histograms.indices.map { i throws(EvaluationError) in
                try work.add(64)
                return Self.isReset(series, at: i, reconciling: language.reconcilesCustomBounds)
            } : []
    }

    /// The last histogram minus the first, with what every reset in between took away; nil where
    /// custom and exponential buckets meet. A gauge, compacted.
    ///
    /// With `countsFirst` the counter began at zero just before the first histogram, which is
    /// then not subtracted. `range` must not be empty.
    func increase(
        over range: Range<Int>, countsFirst: Bool, _ annotations: inout Annotations
    ) throws(EvaluationError) -> FloatHistogram? {
        var work = WorkCounter(budget)
        let histograms = series.histograms
        let first = histograms[range.lowerBound]
        let last = histograms[range.upperBound - 1]
        let isGauge = first.counterResetHint == .gauge && last.counterResetHint == .gauge
        if isCounter, first.counterResetHint == .gauge || last.counterResetHint == .gauge {
            warnNotCounter(&annotations)
        }
        // A first histogram that a reset follows counts as empty, its layout does not matter.
        let skipsFirst =
            isCounter && range.count > 1
            && resets[range.lowerBound + 1]
        let layout = skipsFirst ? histograms[range.lowerBound + 1] : first
        var schema = min(last.schema, layout.schema)
        var isMixed = last.isIncompatible(with: layout)
        if isCounter {
            for i in range.dropFirst().dropLast() {
                try work.add()
                if histograms[i].counterResetHint == .gauge { warnNotCounter(&annotations) }
                schema = min(schema, histograms[i].schema)
                isMixed = isMixed || histograms[i].isIncompatible(with: layout)
            }
        }
        if isMixed {
            annotations.add(.mixedBucketSchemas(metricName: metricName), at: position)
            return nil
        }
        var result = last.reduced(toSchema: schema)
        do throws(FloatHistogram.LayoutError) {
            if !skipsFirst, !countsFirst {
                let difference = try result.subtracting(first, reconciling: reconciling)
                if difference.reconciled {
                    annotations.add(.reconciledBounds(.subtraction), at: position)
                }
                result = difference.sum
            }
            if isCounter {
                for i in range.dropFirst() where resets[i] {
                    if skipsFirst, !countsFirst, i == range.lowerBound + 1 { continue }
                    let sum = try result.adding(histograms[i - 1], reconciling: reconciling)
                    if sum.reconciled {
                        annotations.add(.reconciledBounds(.addition), at: position)
                    }
                    result = sum.sum
                }
            } else if !isGauge {
                warnNotGauge(&annotations)
            }
        } catch {
            annotations.add(error, series.labels, at: position)
            return nil
        }
        result.counterResetHint = .gauge
        return result.compacted()
    }

    /// The difference of two neighbours in the series; the second itself after a reset. Not yet
    /// divided by the time between them.
    func step(
        from previous: Int, to last: Int, _ annotations: inout Annotations
    ) -> FloatHistogram? {
        let before = series.histograms[previous]
        var result = series.histograms[last]
        if isCounter, before.counterResetHint == .gauge || result.counterResetHint == .gauge {
            warnNotCounter(&annotations)
        }
        if !isCounter, before.counterResetHint != .gauge || result.counterResetHint != .gauge {
            warnNotGauge(&annotations)
        }
        if !isCounter || !resets[last] {
            do throws(FloatHistogram.LayoutError) {
                let difference = try result.subtracting(before, reconciling: reconciling)
                if difference.reconciled {
                    annotations.add(.reconciledBounds(.subtraction), at: position)
                }
                result = difference.sum
            } catch {
                annotations.add(error, series.labels, at: position)
                return nil
            }
        }
        result.counterResetHint = .gauge
        return result.compacted()
    }

    private static func isReset(
        _ series: RangeSeries, at index: Int, reconciling: Bool
    ) -> Bool {
        if index == 0 { return false }
        if !series.histogramStarts.isEmpty,
            StartTimes.isReset(
                previousStart: series.histogramStarts[index - 1],
                previousTime: series.histogramTimes[index - 1],
                start: series.histogramStarts[index], time: series.histogramTimes[index])
        {
            return true
        }
        return series.histograms[index].isReset(
            after: series.histograms[index - 1], reconciling: reconciling)
    }

    private func warnNotCounter(_ annotations: inout Annotations) {
        annotations.add(.notCounter(metricName: metricName), at: position)
    }

    private func warnNotGauge(_ annotations: inout Annotations) {
        annotations.add(.notGauge(metricName: metricName), at: position)
    }
}
