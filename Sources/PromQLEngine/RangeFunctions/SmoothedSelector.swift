internal import PromQL
internal import TimeSeries

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
        for samples in found {
            try state.check()
            let series = RangeSeries(samples, withStartTimes: false)
            var output = StepSeries(labels: series.labels, absentFor: grid.count)
            var cursor = WindowCursor(windows)
            for step in 0..<grid.count {
                let window = cursor.window(at: step, of: series)
                if !window.floats.isEmpty, !window.histograms.isEmpty {
                    state.annotations.addMixedKinds(series.labels, at: position)
                } else if !window.floats.isEmpty {
                    output.values[step] = Self.smoothedFloat(series, window)
                } else if !window.histograms.isEmpty {
                    output.histograms[step] = smoothedHistogram(series, window, position)
                }
            }
            if !output.isEmpty { result.append(output) }
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
                notes: { state.annotations.addInfo($0, at: position) })
        } catch {
            state.annotations.add(error, series.labels, at: position)
            return nil
        }
    }

    private static func neighbours(
        _ times: [Int64], _ samples: Range<Int>, _ time: Int64
    ) -> (before: Int, after: Int?)? {
        var before: Int?
        for i in samples where times[i] <= time { before = i }
        guard let before else { return nil }
        if times[before] == time || before + 1 == samples.upperBound { return (before, nil) }
        return (before, before + 1)
    }

    private func neighbours(
        _ times: [Int64], _ samples: Range<Int>, _ time: Int64
    ) -> (before: Int, after: Int?)? {
        Self.neighbours(times, samples, time)
    }
}
