internal import TimeSeries

/// What a part of an expression came to, over all steps.
enum EvaluatedValue {
    /// One a step.
    case scalar([Double])
    case string(String)
    case vector([StepSeries])
    case range(RangeVector)

    /// What it weighs against the limit of samples.
    var weight: Int {
        switch self {
        case .scalar(let values): values.count
        case .string: 0
        case .vector(let series): series.reduce(0) { $0 + $1.sampleWeight }
        case .range(let vector): vector.weight
        }
    }
}

extension StepSeries {
    var sampleWeight: Int {
        var count = 0
        for value in values where !SampleValue.isAbsent(value) { count += 1 }
        for histogram in histograms.values { count += histogram.weight }
        return count
    }
}
