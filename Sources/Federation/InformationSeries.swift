import TimeSeries

/// The raw samples of info series, as `info` looks for them.
///
/// A range selector shows no staleness markers, so a series that ended would be joined until the
/// lookback is over. Asked for its values at the times of the join as well, a member says where
/// there is none; a marker is put there.
struct InformationSeries {
    private var found: [LabelSet: [Int64: Double]] = [:]

    /// Adds samples of one member or several, and markers at each step of the grid where
    /// `present` has no value.
    mutating func add(_ samples: [SampleSeries], present: [StepSeries], on grid: StepGrid) {
        var values: [LabelSet: [Double]] = [:]
        for series in present { values[series.labels] = series.values }
        for series in samples {
            var all = found[series.labels] ?? [:]
            for (time, value) in zip(series.times, series.values) { all[time] = value }
            let steps = values[series.labels]
            for step in 0..<grid.count {
                if let steps, !SampleValue.isAbsent(steps[step]) { continue }
                let time = grid.time(at: step)
                if all[time] == nil { all[time] = SampleValue.stale }
            }
            found[series.labels] = all
        }
    }

    /// The series that satisfy every condition, in the order of their labels.
    func series(where isWanted: (LabelSet) -> Bool) -> [SampleSeries] {
        found.keys.filter(isWanted).sorted().map { labels in
            let samples = (found[labels] ?? [:]).sorted { $0.key < $1.key }
            return SampleSeries(
                labels: labels, times: samples.map(\.key), values: samples.map(\.value))
        }
    }
}
