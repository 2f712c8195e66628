internal import TimeSeries

/// Differences of native histograms over a window: what `rate`, `increase`, `delta`, `irate` and
/// `idelta` are made of, as Prometheus `promql/functions.go`.
struct HistogramRate {
    private let series: RangeSeries
    /// Whether the function is for counters (`rate`, `increase`, `irate`).
    private let isCounter: Bool
    /// Of the range vector argument.
    private let position: String
    private let metricName: String

    init(_ series: RangeSeries, isCounter: Bool, position: String) {
        self.series = series
        self.isCounter = isCounter
        self.position = position
        metricName = GoText.quoted(series.labels.metricName)
    }

    /// The last histogram minus the first, with what every reset in between took away; nil where
    /// custom and exponential buckets meet. A gauge, compacted.
    ///
    /// With `countsFirst` the counter began at zero just before the first histogram, which is
    /// then not subtracted. `range` must not be empty.
    func increase(
        over range: Range<Int>, countsFirst: Bool, _ annotations: inout Annotations
    ) -> FloatHistogram? {
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
            && isReset(from: range.lowerBound, to: range.lowerBound + 1)
        let layout = skipsFirst ? histograms[range.lowerBound + 1] : first
        var schema = min(last.schema, layout.schema)
        var isMixed = last.usesCustomBuckets != layout.usesCustomBuckets
        if isCounter {
            for i in range.dropFirst().dropLast() {
                if histograms[i].counterResetHint == .gauge { warnNotCounter(&annotations) }
                schema = min(schema, histograms[i].schema)
                isMixed = isMixed || histograms[i].usesCustomBuckets != layout.usesCustomBuckets
            }
        }
        if isMixed {
            warnMixedSchemas(&annotations)
            return nil
        }
        var result = last.reduced(toSchema: schema)
        do throws(FloatHistogram.LayoutError) {
            if !skipsFirst, !countsFirst {
                let difference = try result.subtracting(first)
                if difference.reconciled { informReconciled("subtraction", &annotations) }
                result = difference.sum
            }
            if isCounter {
                for i in range.dropFirst() where isReset(from: i - 1, to: i) {
                    if skipsFirst, !countsFirst, i == range.lowerBound + 1 { continue }
                    let sum = try result.adding(histograms[i - 1])
                    if sum.reconciled { informReconciled("addition", &annotations) }
                    result = sum.sum
                }
            } else if !isGauge {
                warnNotGauge(&annotations)
            }
        } catch {
            warnMixedSchemas(&annotations)
            return nil
        }
        result.counterResetHint = .gauge
        return result.compacted()
    }

    /// The difference of two neighbouring histograms; the second itself after a reset. Not yet
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
        if !isCounter || !isReset(from: previous, to: last) {
            do throws(FloatHistogram.LayoutError) {
                let difference = try result.subtracting(before)
                if difference.reconciled { informReconciled("subtraction", &annotations) }
                result = difference.sum
            } catch {
                warnMixedSchemas(&annotations)
                return nil
            }
        }
        result.counterResetHint = .gauge
        return result.compacted()
    }

    private func isReset(from previous: Int, to next: Int) -> Bool {
        if !series.histogramStarts.isEmpty,
            StartTimes.isReset(
                previousStart: series.histogramStarts[previous],
                previousTime: series.histogramTimes[previous],
                start: series.histogramStarts[next], time: series.histogramTimes[next])
        {
            return true
        }
        return series.histograms[next].isReset(after: series.histograms[previous])
    }

    private func warnNotCounter(_ annotations: inout Annotations) {
        annotations.addWarning(
            "this native histogram metric is not a counter: \(metricName)", at: position)
    }

    private func warnNotGauge(_ annotations: inout Annotations) {
        annotations.addWarning(
            "this native histogram metric is not a gauge: \(metricName)", at: position)
    }

    private func warnMixedSchemas(_ annotations: inout Annotations) {
        annotations.addWarning(
            "vector contains a mix of histograms with exponential and custom buckets schemas "
                + "for metric name \(metricName)", at: position)
    }

    private func informReconciled(_ operation: String, _ annotations: inout Annotations) {
        annotations.addInfo(
            "mismatched custom buckets were reconciled during \(operation)", at: position)
    }
}
