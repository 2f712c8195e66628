public import GoText

/// One series out of what several replicas have of it.
///
/// The samples are those of the preferred replica, the first one. Where it has a hole, they are those
/// of the next replica that has some there, and so on. A hole is a stretch without a sample that is
/// longer than three times the usual interval of the series, and than a minute; or one in which the
/// replica is known to have none. Within a stretch the samples are those of one replica.
///
/// A counter that another replica read a moment earlier has a lower value, which `rate` would take for
/// a reset. Such samples are left out where a stretch begins.
public struct ReplicaMerge: Sendable {
    /// What one replica has of the series.
    public struct Part: Sendable {
        /// The times of samples that count, both ends included; others are left out.
        public var from: Timestamp
        public var through: Timestamp
        /// Stretches in which the replica is known to have stored nothing, in order of time.
        public var outages: [ClosedRange<Timestamp>]
        public var series: SampleSeries

        public init(
            _ series: SampleSeries, from: Timestamp, through: Timestamp,
            outages: [ClosedRange<Timestamp>] = []
        ) {
            self.series = series
            self.from = from
            self.through = through
            self.outages = outages
        }
    }

    /// Consecutive samples of one replica.
    public struct Slice: Sendable, Equatable {
        /// The place of the part.
        public var part: Int
        /// Of its samples.
        public var samples: Range<Int>

        public init(part: Int, samples: Range<Int>) {
            self.part = part
            self.samples = samples
        }
    }

    /// The shortest hole that is filled.
    public static let shortestHole: Milliseconds = 60_000
    /// A hole is longer than so many intervals.
    public static let intervals: Int64 = 3

    private let parts: [Part]
    private let isCounter: Bool
    /// Samples that count, by part: those within its times.
    private let counted: [Range<Int>]
    /// Samples that are no staleness markers, by part.
    private let present: [[Int]]
    private let longestGaps: [Milliseconds]

    /// - Parameter parts: of one series, the preferred replica's first.
    public init(_ parts: [Part]) {
        self.parts = parts
        counted = parts.map { part in
            let times = part.series.times
            let first = times.firstPlace { $0 >= part.from }
            return first..<max(first, times.firstPlace { $0 > part.through })
        }
        present = zip(parts, counted).map { part, range in
            range.filter { !part.series.isStaleMarker(at: $0) }
        }
        let intervals = zip(parts, present).map { Self.interval(of: $0.series, at: $1) }
        let known = intervals.compactMap { $0 }.max()
        longestGaps = intervals.map { interval in
            let usual = interval ?? known ?? .zero
            return max(
                Self.shortestHole, Milliseconds(min(usual.count, Int64.max / 4) * Self.intervals))
        }
        isCounter = Self.isCounter(parts, present)
    }

    /// The merged series, with the labels of the first part.
    public var series: SampleSeries { series(of: slices) }

    /// The series that is made of these slices, with the labels of the first part.
    public func series(of slices: [Slice]) -> SampleSeries {
        guard let first = parts.first else { return SampleSeries(labels: .empty) }
        if slices.count == 1, let only = slices.first,
            only.samples == parts[only.part].series.times.indices
        {
            var series = parts[only.part].series
            series.labels = first.series.labels
            return series
        }
        var merged = SampleSeries(labels: first.series.labels)
        let hasStarts = slices.contains { !parts[$0.part].series.startTimes.isEmpty }
        for (place, slice) in slices.enumerated() {
            let series = parts[slice.part].series
            for index in slice.samples {
                if var histogram = series.histograms[index] {
                    // It speaks of the sample before it, which is another one now.
                    if place > 0, index == slice.samples.lowerBound,
                        histogram.counterResetHint != .gauge
                    {
                        histogram.counterResetHint = .unknown
                    }
                    merged.histograms[merged.times.count] = histogram
                }
                merged.times.append(series.times[index])
                merged.values.append(series.values[index])
            }
            if hasStarts {
                merged.startTimes +=
                    series.startTimes.isEmpty
                    ? [Timestamp](repeating: 0, count: slice.samples.count)
                    : Array(series.startTimes[slice.samples])
            }
        }
        return merged
    }

    /// What is taken of each part, in order of time; none is empty.
    public var slices: [Slice] {
        var slices: [Slice] = []
        let from = parts.map(\.from).min() ?? .min
        let through = parts.map(\.through).max() ?? .max
        fill(from: 0, after: from.clampedSum(-1), before: through.clampedSum(1), &slices)
        slices = withoutLateValues(slices)
        endWhereOthersGoOn(&slices)
        return slices.filter { !$0.samples.isEmpty }
    }

    // MARK: - Holes

    /// Takes what the parts from this one on have between two times, neither included.
    private func fill(
        from part: Int, after start: Timestamp, before end: Timestamp, _ slices: inout [Slice]
    ) {
        guard part < parts.count else { return }
        let times = parts[part].series.times
        let all = present[part]
        let first = all.firstPlace { times[$0] > start }
        let places = all[first..<max(first, all.firstPlace { times[$0] >= end })]
        guard let head = places.first, let tail = places.last else {
            return fill(from: part + 1, after: start, before: end, &slices)
        }
        let known = (from: parts[part].from, through: parts[part].through)
        if isHole(part, from: max(start, known.from), to: times[head])
            || start.clampedSum(1) < known.from
        {
            fill(from: part + 1, after: start, before: times[head], &slices)
        }
        var begin = head
        for (place, next) in zip(places, places.dropFirst())
        where isHole(part, from: times[place], to: times[next]) {
            slices.append(Slice(part: part, samples: begin..<markersEnd(part, after: place)))
            fill(from: part + 1, after: times[place], before: times[next], &slices)
            begin = next
        }
        // Markers behind the last sample, as far as they lie before what follows.
        let last = markersEnd(part, after: tail)
        let ends = times[tail..<last].firstPlace { $0 >= end }
        slices.append(Slice(part: part, samples: begin..<ends))
        if isHole(part, from: times[tail], to: min(end, known.through))
            || end.clampedSum(-1) > known.through
        {
            fill(from: part + 1, after: times[tail], before: end, &slices)
        }
    }

    /// Where the staleness markers end that follow a sample.
    private func markersEnd(_ part: Int, after place: Int) -> Int {
        var end = place + 1
        while end < counted[part].upperBound, parts[part].series.isStaleMarker(at: end) { end += 1 }
        return end
    }

    private func isHole(_ part: Int, from: Timestamp, to: Timestamp) -> Bool {
        guard from < to else { return false }
        guard let length = to.distance(from: from), length <= longestGaps[part] else { return true }
        return parts[part].outages.contains { from <= $0.lowerBound && $0.upperBound <= to }
    }

    /// The median time between samples; nil for fewer than two.
    private static func interval(of series: SampleSeries, at places: [Int]) -> Milliseconds? {
        let gaps = zip(places, places.dropFirst()).map { series.times[$1] - series.times[$0] }
        return gaps.isEmpty ? nil : gaps.sorted()[gaps.count / 2]
    }

    // MARK: - Counters

    /// A series whose name says so, or of which no part ever falls and one rises: one that never
    /// changes has nothing to be late with.
    private static func isCounter(_ parts: [Part], _ present: [[Int]]) -> Bool {
        let name = parts.first?.series.labels.metricName ?? ""
        if ["_total", "_count", "_sum", "_bucket"].contains(where: name.hasSuffix) { return true }
        var rises = false
        for (part, places) in zip(parts, present) {
            for (place, next) in zip(places, places.dropFirst()) {
                if part.series.falls(from: place, to: part.series, next) { return false }
                rises = rises || part.series.falls(from: next, to: part.series, place)
            }
        }
        return rises
    }

    /// Without the samples at the beginnings of stretches that are lower than the one before them,
    /// although the counter was not reset.
    private func withoutLateValues(_ slices: [Slice]) -> [Slice] {
        guard isCounter else { return slices }
        var kept: [Slice] = []
        for var slice in slices {
            defer { if !slice.samples.isEmpty { kept.append(slice) } }
            guard let last = lastTaken(kept) else { continue }
            while let first = slice.samples.first(where: {
                !parts[slice.part].series.isStaleMarker(at: $0)
            }), isLate(slice.part, first, after: last) {
                slice.samples = (first + 1)..<slice.samples.upperBound
            }
        }
        return kept
    }

    private func lastTaken(_ slices: [Slice]) -> (part: Int, place: Int)? {
        for slice in slices.reversed() {
            let place = slice.samples.last { !parts[slice.part].series.isStaleMarker(at: $0) }
            if let place { return (slice.part, place) }
        }
        return nil
    }

    /// Whether a sample is lower than the one taken before it, and neither part shows a reset between
    /// the two.
    private func isLate(_ part: Int, _ place: Int, after last: (part: Int, place: Int)) -> Bool {
        let (new, old) = (parts[part].series, parts[last.part].series)
        guard part != last.part, old.falls(from: last.place, to: new, place) else { return false }
        let time = old.times[last.place]
        // No replica reads a counter later than others by as long as a hole.
        let isSoon = new.times[place] - time <= max(longestGaps[part], longestGaps[last.part])
        // The part's own sample before the change, from which it rose or fell.
        let places = present[part]
        let behind = places.firstPlace { new.times[$0] > time }
        if behind > 0 {
            let before = places[behind - 1]
            let own = places[(behind - 1)...].prefix { $0 <= place }
            let fell = zip(own, own.dropFirst()).contains { new.falls(from: $0, to: new, $1) }
            if !fell { return true }
            // The other part may have shown that reset already.
            return isSoon && hasFallen(last.part, after: new.times[before], through: last.place)
        }
        if let next = present[last.part].first(where: { $0 > last.place }),
            old.times[next] <= new.times[place]
        {
            return !old.falls(from: last.place, to: old, next)
        }
        // Nothing tells.
        return isSoon
    }

    /// Whether a part falls somewhere between its first sample after a time and one of its samples.
    private func hasFallen(_ part: Int, after time: Timestamp, through place: Int) -> Bool {
        let series = parts[part].series
        let places = present[part]
        let behind = places.firstPlace { series.times[$0] > time }
        let own = places[max(0, behind - 1)...].prefix { $0 <= place }
        return zip(own, own.dropFirst()).contains { series.falls(from: $0, to: series, $1) }
    }

    // MARK: - Staleness

    /// Takes the staleness markers off the end of a stretch that another replica continues: the series
    /// did not end there.
    private func endWhereOthersGoOn(_ slices: inout [Slice]) {
        for index in slices.indices.dropLast() {
            let (slice, next) = (slices[index], slices[index + 1])
            let series = parts[slice.part].series
            guard slice.part != next.part,
                let last = slice.samples.last(where: { !series.isStaleMarker(at: $0) }),
                let first = next.samples.first
            else { continue }
            let pause = parts[next.part].series.times[first] - series.times[last]
            let time = parts[next.part].series.times[first]
            if pause <= longestGaps[slice.part] {
                slices[index].samples = slice.samples.lowerBound..<(last + 1)
            } else {
                let end = series.times[slice.samples].firstPlace { $0 >= time }
                slices[index].samples = slice.samples.lowerBound..<end
            }
        }
    }
}

extension SampleSeries {
    /// Whether the series says there that it has ended.
    public func isStaleMarker(at place: Int) -> Bool {
        if let histogram = histograms[place] { return SampleValue.isStale(histogram.sum) }
        return SampleValue.isStale(values[place])
    }

    /// Whether a counter would have been reset between a sample and one of another series.
    fileprivate func falls(from place: Int, to other: SampleSeries, _ next: Int) -> Bool {
        switch (histograms[place], other.histograms[next]) {
        case (let before?, var after?):
            if before.counterResetHint == .gauge || after.counterResetHint == .gauge {
                return false
            }
            // The hint is about the sample that the series itself has before it.
            after.counterResetHint = .unknown
            return after.isReset(after: before)
        case (nil, nil): return other.values[next] < values[place]
        case (nil, _?), (_?, nil): return false
        }
    }
}

extension RandomAccessCollection where Index == Int {
    /// The first index whose element is so, of which all behind it are too; the end for none.
    fileprivate func firstPlace(where isSo: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if isSo(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
