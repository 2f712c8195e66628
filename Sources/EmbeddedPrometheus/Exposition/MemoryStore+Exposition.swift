import TimeSeries

extension MemoryStore {
    /// How much a load added.
    public struct LoadSummary: Sendable, Equatable {
        public var series: Int
        public var samples: Int
    }

    /// Stores a page of metrics. Samples may come in any order of time; of one series' samples at
    /// equal times the last one wins.
    ///
    /// - Parameters:
    ///   - defaultTime: for samples without a timestamp; ms since the epoch.
    ///   - labels: set on every series, over what the page says.
    @discardableResult
    public func load(
        _ exposition: Exposition, defaultTime: Int64, labels: [String: String] = [:]
    ) -> LoadSummary {
        var bySeries: [LabelSet: [(time: Int64, value: Double)]] = [:]
        for sample in exposition.samples {
            let target = labels.reduce(sample.labels) { $0.setting($1.key, to: $1.value) }
            let time = sample.time ?? defaultTime
            bySeries[target, default: []].append((time, sample.value))
        }
        insert(
            bySeries.map { labels, samples in
                var series = SampleSeries(labels: labels)
                // Sorting is stable, so of equal times the last one written comes last.
                for sample in samples.sorted(by: { $0.time < $1.time }) {
                    if series.times.last == sample.time {
                        series.values[series.values.count - 1] = sample.value
                    } else {
                        series.times.append(sample.time)
                        series.values.append(sample.value)
                    }
                }
                return series
            })
        for family in exposition.families { describe(family.name, family.metadata) }
        return LoadSummary(series: bySeries.count, samples: exposition.samples.count)
    }
}
