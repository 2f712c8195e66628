import TimeSeries

/// Classic histograms put together as native ones with custom buckets, one series for each set
/// of `_bucket`, `_sum` and `_count` series.
struct CustomHistograms {
    private struct Parts {
        /// Cumulative counts by upper bound.
        var buckets: [(bound: Double, count: Double)] = []
        var sum = 0.0
        var count: Double?
    }

    private var parts: [LabelSet: [Int64: Parts]] = [:]
    private var order: [LabelSet] = []

    init(of classic: [SampleSeries]) {
        for series in classic { add(series) }
    }

    private mutating func add(_ series: SampleSeries) {
        let name = series.labels.metricName
        let suffixes = ["_bucket", "_sum", "_count"]
        guard let suffix = suffixes.first(where: name.hasSuffix) else { return }
        var bound = 0.0
        if suffix == "_bucket" {
            guard let text = series.labels["le"], let parsed = Self.bound(text) else { return }
            bound = parsed
        }
        let labels = series.labels
            .setting("__name__", to: String(name.dropLast(suffix.count)))
            .setting("le", to: "")
        if parts[labels] == nil { order.append(labels) }
        for (i, time) in series.times.enumerated() where series.histograms[i] == nil {
            let value = series.values[i]
            var known = parts[labels]?[time] ?? Parts()
            switch suffix {
            case "_bucket":
                // Of bounds written in two ways the first counts.
                if !known.buckets.contains(where: { $0.bound == bound }) {
                    known.buckets.append((bound, value))
                }
            case "_sum": known.sum = value
            default: known.count = value
            }
            parts[labels, default: [:]][time] = known
        }
    }

    private static func bound(_ text: String) -> Double? {
        var scanner = NotationScanner(text)
        guard let value = try? scanner.number(), scanner.isAtEnd, !value.isNaN else { return nil }
        return value
    }

    var series: [SampleSeries] {
        order.map { labels in
            var series = SampleSeries(labels: labels)
            for (time, parts) in (parts[labels] ?? [:]).sorted(by: { $0.key < $1.key }) {
                guard let histogram = Self.histogram(parts) else { continue }
                series.histograms[series.times.count] = histogram
                series.times.append(time)
                series.values.append(SampleValue.normalNaN)
            }
            return series
        }
    }

    /// nil when the counts are not cumulative or do not reach the total.
    private static func histogram(_ parts: Parts) -> FloatHistogram? {
        var buckets = parts.buckets.sorted { $0.bound < $1.bound }
        if buckets.last?.bound != .infinity {
            buckets.append((.infinity, parts.count ?? buckets.last?.count ?? 0))
        }
        var histogram = FloatHistogram(
            schema: FloatHistogram.customBucketsSchema, sum: parts.sum,
            positiveSpans: [.init(offset: 0, length: UInt32(clamping: buckets.count))],
            customValues: buckets.dropLast().map(\.bound))
        var previous = 0.0
        for bucket in buckets {
            guard bucket.count >= previous else { return nil }
            histogram.positiveBuckets.append(bucket.count - previous)
            previous = bucket.count
        }
        histogram.count = parts.count ?? previous
        guard histogram.count == previous else { return nil }
        return histogram.compacted()
    }
}
