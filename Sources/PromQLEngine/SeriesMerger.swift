internal import TimeSeries

/// Collects the series of a result. Series with equal labels become one, and must not both have a
/// value at the same step.
struct SeriesMerger {
    private(set) var series: [StepSeries] = []
    private var positions: [LabelSet: Int] = [:]

    init(reserving count: Int = 0) {
        series.reserveCapacity(count)
        positions.reserveCapacity(count)
    }

    mutating func add(_ next: StepSeries) throws(EvaluationError) {
        guard let position = positions[next.labels] else {
            positions[next.labels] = series.count
            series.append(next)
            return
        }
        for step in next.values.indices where next.hasValue(at: step) {
            if series[position].hasValue(at: step) { throw .sameLabels }
            series[position].values[step] = next.values[step]
            if let histogram = next.histograms[step] {
                series[position].histograms[step] = histogram
            }
        }
        series[position].dropsName = series[position].dropsName || next.dropsName
    }
}

extension EvaluationError {
    static var sameLabels: EvaluationError {
        .execution("vector cannot contain metrics with the same labelset")
    }
}
