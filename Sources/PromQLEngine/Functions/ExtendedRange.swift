internal import GoText
internal import PromQL
internal import TimeSeries

/// `anchored` and `smoothed` range selectors over floats: the window's ends get values of their
/// own, taken from the nearest sample or interpolated.
struct ExtendedRange {
    /// Indices of the samples that stand for the window's ends.
    var first: Int
    var last: Int
    var left: Double
    var right: Double

    /// nil when no sample lies after the window's start.
    init?(
        _ series: borrowing RangeSeries, _ window: Window, smoothed: Bool, isCounter: Bool
    ) {
        guard let span = ExtendedSpan(series.floatTimes, window.floats, window, smoothed) else {
            return nil
        }
        first = span.first
        last = span.last
        left = series.floats[first]
        right = series.floats[last]
        if smoothed, series.floatTimes[first] < window.start {
            left = Self.interpolated(series, first, first + 1, at: window.start, isCounter)
        }
        if smoothed, last > window.floats.lowerBound, series.floatTimes[last] > window.end {
            right = Self.interpolated(series, last - 1, last, at: window.end, isCounter)
        }
    }

    /// The value between two samples; after a reset a counter is taken to rise from zero.
    static func interpolated(
        _ series: borrowing RangeSeries, _ before: Int, _ after: Int, at time: Timestamp,
        _ isCounter: Bool
    ) -> Double {
        var from = series.floats[before]
        let to = series.floats[after]
        if isCounter, to < from { from = 0 }
        let passed = Double((time &- series.floatTimes[before]).count)
        let distance = Double((series.floatTimes[after] &- series.floatTimes[before]).count)
        return from + (to - from) * passed / distance
    }

    /// The samples strictly between those that stand for the ends.
    func inner(of series: borrowing RangeSeries, in window: Window) -> Range<Int> {
        let from = series.floatTimes[first] <= window.start ? first + 1 : first
        let through = series.floatTimes[last] >= window.end ? last - 1 : last
        return from..<max(from, through + 1)
    }

    /// `rate`, `increase` and `delta` of an extended range.
    static func rate(_ rate: FloatRate, smoothed: Bool) -> FloatFunction {
        { series in
            { window in
                guard
                    let range = ExtendedRange(
                        series, window, smoothed: smoothed, isCounter: rate.isCounter)
                else { return SampleValue.absent }
                var result = range.right - range.left
                if rate.isCounter {
                    var correction = 0.0
                    var previous = range.left
                    for i in range.inner(of: series, in: window) {
                        if series.floats[i] < previous { correction += previous }
                        previous = series.floats[i]
                    }
                    if range.right < previous { correction += previous }
                    result += correction
                }
                return rate.kind == .rate ? result / rate.seconds : result
            }
        }
    }
}

/// Which samples stand for the ends of an extended window.
struct ExtendedSpan {
    var first: Int
    var last: Int

    /// `samples` are those of the window and its margins.
    init?(_ times: [Timestamp], _ samples: Range<Int>, _ window: Window, _ smoothed: Bool) {
        guard !samples.isEmpty else { return nil }
        let final = samples.upperBound - 1
        var next = samples.lowerBound
        while next < final, times[next] <= window.start { next += 1 }
        first = max(samples.lowerBound, next - 1)
        last = final
        if smoothed {
            last = samples.lowerBound
            while last < final, times[last] < window.end { last += 1 }
        }
        // Samples on one side of the window only say nothing about it.
        if times[last] <= window.start || times[first] > window.end { return nil }
    }
}

extension RangeSeries {
    /// The samples of an extended window as the root of an instant query shows them: one at either
    /// end, the others between.
    func extended(_ kind: VectorSelector.Extension, in window: Window) -> SampleSeries? {
        guard
            let range = ExtendedRange(
                self, window, smoothed: kind == .smoothed, isCounter: false)
        else { return nil }
        var samples = SampleSeries(labels: labels, times: [window.start], values: [range.left])
        for i in range.inner(of: self, in: window) {
            samples.times.append(floatTimes[i])
            samples.values.append(floats[i])
        }
        samples.times.append(window.end)
        samples.values.append(range.right)
        return samples
    }
}

extension Evaluator {
    /// `x smoothed` without a range: a sample at the very time, else a point on the line between
    /// the neighbours, else the value before.
    mutating func smoothedVector(
        _ selector: VectorSelector
    ) throws(EvaluationError) -> [StepSeries] {
        let (offset, fixed) = try reference(offset: selector.offset, at: selector.at)
        var windows = Windows(
            grid: grid, length: options.lookback, offset: offset, fixedEnd: fixed,
            boundary: options.rangeBoundary)
        windows.rightMargin = options.lookback
        let found = try fetch(
            selector.matchers, from: windows.earliest(endingAt: windows.end(at: 0)),
            through: windows.end(at: grid.count - 1) &+ options.lookback)
        let position = position(selector.range)
        var result: [StepSeries] = []
        var work = WorkCounter(budget)
        for samples in found {
            try work.add(samples.times.count)
            let cells = budget.cells
            try budget.reserve(grid.count)
            let series = RangeSeries(samples, withStartTimes: false)
            var output = StepSeries(labels: series.labels, absentFor: grid.count)
            var cursor = WindowCursor(windows)
            for step in 0..<grid.count {
                let window = cursor.window(at: step, of: series)
                try work.add(1 + window.floats.count + 16 * window.histograms.count)
                if !window.floats.isEmpty, !window.histograms.isEmpty {
                    state.annotations.add(
                        .mixedFloatsAndHistograms(metricName: series.labels.metricName),
                        at: position)
                } else if !window.floats.isEmpty {
                    output.values[step] = Self.smoothedFloat(series, window)
                } else if !window.histograms.isEmpty {
                    let histogram = smoothedHistogram(series, window, position)
                    try budget.reserve(histogram?.cells ?? 0)
                    output.histograms[step] = histogram
                }
            }
            if output.isEmpty {
                try budget.settle(cells: cells)
            } else {
                result.append(output)
            }
        }
        return result
    }

    private static func smoothedFloat(_ series: RangeSeries, _ window: Window) -> Double {
        guard let (before, after) = neighbours(series.floatTimes, window.floats, window.end) else {
            return SampleValue.absent
        }
        guard let after else { return series.floats[before] }
        return ExtendedRange.interpolated(series, before, after, at: window.end, false)
    }

    private mutating func smoothedHistogram(
        _ series: RangeSeries, _ window: Window, _ position: String
    ) -> FloatHistogram? {
        guard
            let (before, after) = neighbours(
                series.histogramTimes, window.histograms, window.end)
        else { return nil }
        guard let after else { return series.histograms[before] }
        let isCounter = series.histograms[before].counterResetHint != .gauge
        do throws(FloatHistogram.LayoutError) {
            return try HistogramInterpolation.value(
                series, before, after, at: window.end, isCounter: isCounter,
                notes: { state.annotations.add($0, at: position) })
        } catch {
            state.annotations.add(error, series.labels, at: position)
            return nil
        }
    }

    private static func neighbours(
        _ times: [Timestamp], _ samples: Range<Int>, _ time: Timestamp
    ) -> (before: Int, after: Int?)? {
        var before: Int?
        for i in samples where times[i] <= time { before = i }
        guard let before else { return nil }
        if times[before] == time || before + 1 == samples.upperBound { return (before, nil) }
        return (before, before + 1)
    }

    private func neighbours(
        _ times: [Timestamp], _ samples: Range<Int>, _ time: Timestamp
    ) -> (before: Int, after: Int?)? {
        Self.neighbours(times, samples, time)
    }
}
