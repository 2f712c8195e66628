internal import GoText
internal import TimeSeries

/// Least-squares fit through the floats of a window, x in seconds from `origin`.
struct Regression {
    var slope: Double
    var intercept: Double

    init(
        _ series: borrowing RangeSeries, _ samples: Range<Int>, origin: Timestamp,
        within budget: EvaluationBudget
    ) throws(EvaluationError) {
        let initial = series.floats[samples.lowerBound]
        var isConstant = true
        var n = 0.0
        var sumX = KahanSum()
        var sumY = KahanSum()
        var sumXY = KahanSum()
        var sumX2 = KahanSum()
        for run in StepChunks(samples.count) {
            if run.lowerBound > 0 { try budget.check() }
            for place in run {
                let i = samples.lowerBound + place
                let y = series.floats[i]
                if isConstant, place > 0, y != initial { isConstant = false }
                n += 1
                let x = (series.floatTimes[i] &- origin).seconds
                sumX.add(x)
                sumY.add(y)
                sumXY.add(x * y)
                sumX2.add(x * x)
            }
        }
        if isConstant {
            slope = initial.isInfinite ? .nan : 0
            intercept = initial.isInfinite ? .nan : initial
            return
        }
        let (x, y) = (sumX.total, sumY.total)
        let covariance = sumXY.total - x * y / n
        let variance = sumX2.total - x * x / n
        slope = covariance / variance
        intercept = y / n - slope * x / n
    }

    static func deriv(within budget: EvaluationBudget) -> RangeFunction {
        RangeFunction(
            floats: { series in
                { window throws(EvaluationError) in
                    guard window.floats.count > 1 else { return SampleValue.absent }
                    let origin = series.floatTimes[window.floats.lowerBound]
                    return try Regression(series, window.floats, origin: origin, within: budget)
                        .slope
                }
            }, histograms: .ignored)
    }

    /// `seconds` has one number a step.
    static func prediction(
        after seconds: [Double], on grid: StepGrid, within budget: EvaluationBudget
    ) -> RangeFunction {
        RangeFunction(
            floats: { series in
                { window throws(EvaluationError) in
                    guard window.floats.count > 1 else { return SampleValue.absent }
                    let fit = try Regression(
                        series, window.floats, origin: grid.time(at: window.step),
                        within: budget)
                    return fit.slope * seconds[window.step] + fit.intercept
                }
            }, histograms: .ignored)
    }
}

/// `double_exponential_smoothing`, in 2.x `holt_winters`.
enum ExponentialSmoothing {
    /// Both factors have one number a step and lie between 0 and 1, ends excluded.
    static func function(
        smoothing: [Double], trend: [Double], within budget: EvaluationBudget
    ) -> RangeFunction {
        RangeFunction(
            floats: { series in
                { window throws(EvaluationError) in
                    try smoothed(
                        series.floats[window.floats], smoothing[window.step], trend[window.step],
                        budget)
                }
            }, histograms: .ignored)
    }

    private static func smoothed(
        _ values: ArraySlice<Double>, _ smoothing: Double, _ trend: Double,
        _ budget: EvaluationBudget
    ) throws(EvaluationError) -> Double {
        guard values.count > 1 else { return SampleValue.absent }
        let first = values.startIndex
        var previous = 0.0
        var level = values[first]
        var slope = values[first + 1] - values[first]
        try ((first + 1)..<values.endIndex).forEach(within: budget) { i in
            let scaled = smoothing * values[i]
            if i > first + 1 { slope = trend * (level - previous) + (1 - trend) * slope }
            let carried = (1 - smoothing) * (level + slope)
            (previous, level) = (level, scaled + carried)
        }
        return level
    }
}
