internal import GoText
internal import TimeSeries

/// The histogram between two samples of a series.
enum HistogramInterpolation {
    /// After a reset a counter is taken to rise from nothing.
    static func value(
        _ series: borrowing RangeSeries, _ before: Int, _ after: Int, at time: Timestamp,
        isCounter: Bool, notes: (Annotation) -> Void
    ) throws(FloatHistogram.LayoutError) -> FloatHistogram {
        let from = series.histograms[before]
        let to = series.histograms[after]
        let passed = Double((time &- series.histogramTimes[before]).count)
        let distance = Double(
            (series.histogramTimes[after] &- series.histogramTimes[before]).count)
        let fraction = passed / distance
        if from.isIncompatible(with: to) {
            // Even where the first would count for nothing: the layouts do not go together.
            _ = try to.subtracting(from)
        }
        if isCounter, to.isReset(after: from) { return to.scaled(by: fraction) }
        let (difference, _, differed) = try to.subtracting(from)
        if differed {
            notes(.reconciledBounds(.subtraction))
        }
        let (sum, _, added) = try from.adding(difference.scaled(by: fraction))
        if added { notes(.reconciledBounds(.addition)) }
        return sum
    }
}

/// `rate`, `increase` and `delta` of `anchored` and `smoothed` ranges of histograms.
struct ExtendedHistogramRate {
    let rate: FloatRate
    let smoothed: Bool
    let position: String

    func value(
        _ series: RangeSeries, _ window: Window, _ annotations: inout Annotations
    ) -> PointValue {
        guard
            let span = ExtendedSpan(
                series.histogramTimes, window.histograms, window, smoothed),
            isConsistent(series, span, &annotations)
        else { return .none }
        let name = series.labels.metricName
        do throws(FloatHistogram.LayoutError) {
            let left = try end(
                series, span.first, span.first + 1, at: window.start,
                isNeeded: smoothed && series.histogramTimes[span.first] < window.start,
                else: span.first, &annotations)
            let right = try end(
                series, span.last - 1, span.last, at: window.end,
                isNeeded: smoothed && span.last > window.histograms.lowerBound
                    && series.histogramTimes[span.last] > window.end,
                else: span.last, &annotations)
            if !rate.isCounter,
                left.counterResetHint != .gauge || right.counterResetHint != .gauge
            {
                annotations.add(.notGauge(metricName: name), at: position)
            }
            var result = try combined(right, left, adds: false, &annotations)
            if rate.isCounter {
                let correction = try correction(
                    series, span, window, left: left, right: right, &annotations)
                if let correction {
                    result = try combined(result, correction, adds: true, &annotations)
                }
            }
            if rate.kind == .rate { result = result.scaled(by: 1 / rate.seconds) }
            result.counterResetHint = .gauge
            return .histogram(result.compacted())
        } catch {
            annotations.add(error, series.labels, at: position)
            return .none
        }
    }

    /// The histogram at one end of the window.
    private func end(
        _ series: RangeSeries, _ before: Int, _ after: Int, at time: Timestamp, isNeeded: Bool,
        else plain: Int, _ annotations: inout Annotations
    ) throws(FloatHistogram.LayoutError) -> FloatHistogram {
        guard isNeeded else { return series.histograms[plain] }
        var notes: [Annotation] = []
        let value = try HistogramInterpolation.value(
            series, before, after, at: time, isCounter: rate.isCounter,
            notes: { notes.append($0) })
        for note in notes { annotations.add(note, at: position) }
        return value
    }

    private func isConsistent(
        _ series: RangeSeries, _ span: ExtendedSpan, _ annotations: inout Annotations
    ) -> Bool {
        let first = series.histograms[span.first]
        for i in span.first...span.last {
            let histogram = series.histograms[i]
            if histogram.isIncompatible(with: first) {
                annotations.add(
                    .mixedBucketSchemas(metricName: series.labels.metricName), at: position)
                return false
            }
            if rate.isCounter, histogram.counterResetHint == .gauge {
                annotations.add(
                    .notCounter(metricName: series.labels.metricName), at: position)
            }
        }
        return true
    }

    /// What counter resets inside the window took away.
    private func correction(
        _ series: RangeSeries, _ span: ExtendedSpan, _ window: Window, left: FloatHistogram,
        right: FloatHistogram, _ annotations: inout Annotations
    ) throws(FloatHistogram.LayoutError) -> FloatHistogram? {
        // The sample at the left end is represented by `left`.
        var first = span.first + 1
        var previous = left
        if smoothed, series.histogramTimes[span.first] < window.start,
            span.first + 1 < series.histograms.count,
            series.histograms[span.first + 1].isReset(after: series.histograms[span.first])
        {
            // The interpolation at the left end has already crossed this reset.
            previous = series.histograms[span.first + 1]
            first += 1
        }
        // The sample at the right end is represented by `right`, which has its hint.
        let last = span.last - 1
        if first > last + 1 { return nil }
        var correction: FloatHistogram?
        for i in first..<max(first, last + 1) {
            let current = series.histograms[i]
            if current.isReset(after: previous) {
                correction = try sum(correction, previous, &annotations)
            }
            previous = current
        }
        if right.isReset(after: previous) {
            correction = try sum(correction, previous, &annotations)
        }
        return correction
    }

    private func sum(
        _ total: FloatHistogram?, _ next: FloatHistogram, _ annotations: inout Annotations
    ) throws(FloatHistogram.LayoutError) -> FloatHistogram {
        guard let total else { return next }
        return try combined(total, next, adds: true, &annotations)
    }

    private func combined(
        _ a: FloatHistogram, _ b: FloatHistogram, adds: Bool, _ annotations: inout Annotations
    ) throws(FloatHistogram.LayoutError) -> FloatHistogram {
        let (result, _, reconciled) = adds ? try a.adding(b) : try a.subtracting(b)
        if reconciled {
            annotations.add(.reconciledBounds(adds ? .addition : .subtraction), at: position)
        }
        return result
    }
}
