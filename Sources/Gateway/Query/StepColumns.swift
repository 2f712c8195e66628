import PrometheusAPI
import TimeSeries

/// Columns that arrive in pieces of consecutive steps.
struct StepColumns {
    private(set) var series: [StepSeries] = []
    private let count: Int
    private var rows: [LabelSet: Int] = [:]

    /// `count` steps in all.
    init(count: Int) { self.count = count }

    /// Adds a piece that begins at a step.
    ///
    /// - Throws: when a piece has a label set twice.
    mutating func add(_ piece: [StepSeries], at first: Int) throws(ScanError) {
        for one in piece {
            if let row = rows[one.labels] {
                guard first > 0, SampleValue.isAbsent(series[row].values[first]) else {
                    throw .malformed("two series with the labels \(one.labels.pairs)")
                }
                for (step, value) in one.values.enumerated() {
                    series[row].values[first + step] = value
                }
                for (step, histogram) in one.histograms {
                    series[row].histograms[first + step] = histogram
                }
                continue
            }
            rows[one.labels] = series.count
            if first == 0, one.values.count == count {
                series.append(one)
                continue
            }
            var whole = StepSeries(
                labels: one.labels, values: [Double](repeating: SampleValue.absent, count: count))
            for (step, value) in one.values.enumerated() { whole.values[first + step] = value }
            for (step, histogram) in one.histograms {
                whole.histograms[first + step] = histogram
            }
            series.append(whole)
        }
    }
}
