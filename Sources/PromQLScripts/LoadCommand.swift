public import GoText
public import TimeSeries

/// `load <step>`: series to add.
public struct LoadCommand: Sendable {
    /// A series, with a start time offset for each point (relative to the point's time; nil
    /// where the point has none), or without any.
    public struct Entry: Sendable {
        public var series: SeriesDescription
        public var startOffsets: [Milliseconds?]
    }

    /// From 1.
    public var line: Int
    /// Between points; the first point stands at 0.
    public var step: Milliseconds
    /// Classic histograms are also stored as native ones with custom buckets.
    public var addsCustomHistograms: Bool
    public var entries: [Entry] = []

    /// Reads the lines after the command's own, up to the first empty one.
    init(_ line: ScriptLine, _ lines: inout ScriptLines) throws(ScriptSyntaxError) {
        self.line = line.number
        let words = line.text.split(maxSplits: 1) { $0.isWhitespace }
        guard words.count == 2, words[0] == "load" || words[0] == "load_with_nhcb" else {
            throw line.error("a load command is written load[_with_nhcb] <step>")
        }
        addsCustomHistograms = words[0] == "load_with_nhcb"
        step = try line.reading { () throws(NotationError) in
            try DurationNotation.length(ScriptLines.trimmed(words[1]))
        }
        var defaults: [Milliseconds?] = []
        var pending: (labels: SeriesDescription, offsets: [Milliseconds?], line: ScriptLine)?
        while let next = lines.nextLine() {
            if StartTimeNotation.isStartTimeLine(next.text) {
                if let pending { throw pending.line.error("@st line has no following sample line") }
                let read = try next.reading { () throws(NotationError) in
                    try StartTimeNotation.read(next.text)
                }
                if read.metric.isEmpty {
                    defaults = read.offsets
                } else {
                    let labels = try next.reading { () throws(NotationError) in
                        try SeriesNotation.read(read.metric)
                    }
                    pending = (labels, read.offsets, next)
                }
                continue
            }
            let series = try next.reading { () throws(NotationError) in
                try SeriesNotation.read(next.text)
            }
            var offsets: [Milliseconds?] = []
            if let pending {
                guard pending.labels.labels == series.labels else {
                    throw pending.line.error("@st metric is not that of the following line")
                }
                guard pending.offsets.count == series.values.count else {
                    throw pending.line.error(
                        "@st line has \(pending.offsets.count) values but sample line has "
                            + "\(series.values.count)")
                }
                offsets = pending.offsets
            } else if !defaults.isEmpty {
                offsets = series.values.indices.map { defaults[$0 % defaults.count] }
            }
            pending = nil
            entries.append(Entry(series: series, startOffsets: offsets))
        }
        if let pending { throw pending.line.error("@st line has no following sample line") }
    }
}

extension LoadCommand {
    /// The samples that the command adds. Of a series written twice the last line counts.
    ///
    /// Native histograms get the counter reset hints that a Prometheus gives them when it reads
    /// what it stored: a histogram that continues the one before is no reset, gauges and resets
    /// that were said to be such stay so, of all others nothing is known.
    public func series() -> [SampleSeries] {
        var order: [LabelSet] = []
        var byLabels: [LabelSet: SampleSeries] = [:]
        for entry in entries {
            if byLabels[entry.series.labels] == nil { order.append(entry.series.labels) }
            byLabels[entry.series.labels] = samples(of: entry)
        }
        var all = order.compactMap { byLabels[$0] }
        if addsCustomHistograms { all += CustomHistograms(of: all).series }
        return all.map(\.withStoredHints)
    }

    private func samples(of entry: Entry) -> SampleSeries {
        var samples = SampleSeries(labels: entry.series.labels)
        for (i, value) in entry.series.values.enumerated() {
            let time = Timestamp(milliseconds: Int64(i) &* step.count)
            switch value {
            case .omitted: continue
            case .float(let float):
                samples.values.append(float)
            case .histogram(let histogram, _):
                samples.histograms[samples.times.count] = histogram
                samples.values.append(SampleValue.normalNaN)
            }
            samples.times.append(time)
            if !entry.startOffsets.isEmpty {
                samples.startTimes.append(entry.startOffsets[i].map { time &+ $0 } ?? 0)
            }
        }
        return samples
    }
}

extension SampleSeries {
    fileprivate var withStoredHints: SampleSeries {
        guard !histograms.isEmpty else { return self }
        var out = self
        var previous: FloatHistogram?
        for i in times.indices {
            guard var histogram = histograms[i] else {
                previous = nil
                continue
            }
            switch histogram.counterResetHint {
            case .gauge, .reset: break
            case .unknown, .notReset: histogram.counterResetHint = .unknown
            }
            if histogram.counterResetHint == .unknown, let previous,
                previous.counterResetHint != .gauge, !histogram.isReset(after: previous)
            {
                histogram.counterResetHint = .notReset
            }
            out.histograms[i] = histogram
            previous = histogram
        }
        return out
    }
}

/// Classic histograms put together as native ones with custom buckets, one series for each set
/// of `_bucket`, `_sum` and `_count` series.
struct CustomHistograms {
    private struct Parts {
        /// Cumulative counts by upper bound.
        var buckets: [(bound: Double, count: Double)] = []
        var sum = 0.0
        var count: Double?
    }

    private var parts: [LabelSet: [Timestamp: Parts]] = [:]
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
