import GoText
import TimeSeries

/// The raw samples of info series, as `info` looks for them.
///
/// A range selector shows no staleness markers, so a series that ended would be joined until the
/// lookback is over. Asked for its values at the times of the join as well, a member says where
/// there is none; a marker is put there.
struct InformationSeries {
    private enum Sample {
        case float(Double)
        /// Which `info` refuses.
        case histogram(FloatHistogram)
    }

    private var found: [LabelSet: [Timestamp: Sample]] = [:]

    /// Adds samples of one member or several, and markers at each step of the grid where
    /// `present` has no value.
    mutating func add(_ samples: [SampleSeries], present: [StepSeries], on grid: StepGrid) {
        var values: [LabelSet: StepSeries] = [:]
        for series in present { values[series.labels] = series }
        for series in samples {
            var all = found[series.labels] ?? [:]
            for (index, time) in series.times.enumerated() {
                all[time] =
                    series.histograms[index].map { .histogram($0) } ?? .float(series.values[index])
            }
            let steps = values[series.labels]
            for step in 0..<grid.count {
                if let steps, steps.hasValue(at: step) { continue }
                let time = grid.time(at: step)
                if all[time] == nil { all[time] = .float(SampleValue.stale) }
            }
            found[series.labels] = all
        }
    }

    /// The series that satisfy every condition, in the order of their labels.
    func series(where isWanted: (LabelSet) -> Bool) -> [SampleSeries] {
        found.keys.filter(isWanted).sorted().map { labels in
            let samples = (found[labels] ?? [:]).sorted { $0.key < $1.key }
            var series = SampleSeries(labels: labels)
            for (index, (time, sample)) in samples.enumerated() {
                series.times.append(time)
                switch sample {
                case .float(let value): series.values.append(value)
                case .histogram(let histogram):
                    series.values.append(0)
                    series.histograms[index] = histogram
                }
            }
            return series
        }
    }
}
