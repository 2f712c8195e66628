internal import TimeSeries

/// `double_exponential_smoothing`, in 2.x `holt_winters`.
enum ExponentialSmoothing {
    /// Both factors have one number a step and lie between 0 and 1, ends excluded.
    static func function(smoothing: [Double], trend: [Double]) -> RangeFunction {
        RangeFunction(
            floats: { series in
                { window in
                    smoothed(
                        series.floats[window.floats], smoothing[window.step], trend[window.step])
                }
            }, histograms: .ignored)
    }

    private static func smoothed(
        _ values: ArraySlice<Double>, _ smoothing: Double, _ trend: Double
    ) -> Double {
        guard values.count > 1 else { return SampleValue.absent }
        let first = values.startIndex
        var previous = 0.0
        var level = values[first]
        var slope = values[first + 1] - values[first]
        for i in (first + 1)..<values.endIndex {
            let scaled = smoothing * values[i]
            if i > first + 1 { slope = trend * (level - previous) + (1 - trend) * slope }
            let carried = (1 - smoothing) * (level + slope)
            (previous, level) = (level, scaled + carried)
        }
        return level
    }
}
