import GoText
public import PromQL
public import PromQLEngine
import Synchronization
public import TimeSeries

/// Series in memory. Readers take snapshots: a query sees the store as it was when it began, also
/// while a scrape appends.
public final class MemoryStore: SeriesSource {
    private let current = Mutex(MemorySnapshot())

    public init() {}

    /// A store that holds these series.
    public convenience init(_ series: some Sequence<SampleSeries>) {
        self.init()
        insert(series)
    }

    public func snapshot() -> MemorySnapshot { current.withLock { $0 } }

    /// Appends one sample to the series with these labels, making it when it is new.
    ///
    /// A start time of 0 means none. A sample that is not newer than the series' last one is refused.
    public func append(
        _ labels: LabelSet, time: Timestamp, value: SampleInput, startTime: Timestamp = 0
    ) throws(AppendError) {
        // `withLock` takes the closure's error type only when it is spelled out.
        try current.withLock { (snapshot) throws(AppendError) in
            try snapshot.append(labels, time: time, value: value, startTime: startTime)
        }
    }

    /// Appends many samples as one change, which a reader sees wholly or not at all. Samples that
    /// are not newer than their series' last one are left out. Returns how many were.
    @discardableResult
    public func append(
        contentsOf samples: some Sequence<(labels: LabelSet, time: Timestamp, value: SampleInput)>
    ) -> Int {
        let samples = Array(samples)
        return current.withLock { snapshot in
            var refused = 0
            for sample in samples {
                do throws(AppendError) {
                    try snapshot.append(
                        sample.labels, time: sample.time, value: sample.value, startTime: 0)
                } catch {
                    refused += 1
                }
            }
            return refused
        }
    }

    /// Adds whole series, whose samples may lie anywhere in time; at equal times the new sample
    /// wins. One change for readers.
    public func insert(_ series: some Sequence<SampleSeries>) {
        let series = Array(series)
        current.withLock { snapshot in
            for one in series {
                let samples = SampleChunk(
                    times: one.times, values: one.values, histograms: one.histograms,
                    startTimes: one.startTimes)
                snapshot.merge(one.labels, samples)
            }
        }
    }

    /// Adds what is known of a metric family; each distinct triple once.
    public func describe(_ family: String, _ metadata: MetricMetadata) {
        current.withLock { snapshot in
            if snapshot.metadata[family]?.contains(metadata) == true { return }
            snapshot.metadata[family, default: []].append(metadata)
        }
    }

    /// Forgets samples older than a time, in whole runs, and series left without samples.
    public func drop(before time: Timestamp) {
        current.withLock { $0.drop(before: time) }
    }

    public func removeAll() {
        current.withLock { $0 = MemorySnapshot() }
    }

    public func series(
        matching matchers: [LabelMatcher], from: Timestamp, through: Timestamp
    ) throws -> [SampleSeries] {
        try snapshot().series(matching: matchers, from: from, through: through)
    }
}

/// What one sample of a series holds.
public enum SampleInput: Sendable {
    case float(Double)
    case histogram(FloatHistogram)
}

/// Why a single sample was not stored.
public enum AppendError: Error, Sendable, Equatable {
    /// The series already has a sample at this time or a later one. Times are ms.
    case outOfOrder(time: Timestamp, last: Timestamp)
}

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
    ///   - defaultTime: for samples without a timestamp.
    ///   - labels: set on every series, over what the page says.
    @discardableResult
    public func load(
        _ exposition: Exposition, defaultTime: Timestamp, labels: [String: String] = [:]
    ) -> LoadSummary {
        var bySeries: [LabelSet: [(time: Timestamp, value: Double)]] = [:]
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
