/// The buckets of one sign, as parallel columns of bucket index and count: what operations on
/// histograms work on, spans being a form for storage.
///
/// Invariant: indexes ascend strictly.
struct HistogramSide: Equatable {
    var indexes: [Int32]
    var counts: [Double]

    init() {
        indexes = []
        counts = []
    }

    /// Far beyond any bucket that a double can fall into (2^18 at the finest schema); between
    /// indexes up to here every gap fits an offset.
    private static let greatestIndex: Int64 = 1 << 30

    /// Spans may come from elsewhere and lie: what exceeds the counts, the span lengths or the
    /// range of an index is left out.
    init(_ spans: [FloatHistogram.Span], _ buckets: [Double]) {
        self.init()
        indexes.reserveCapacity(buckets.count)
        counts.reserveCapacity(buckets.count)
        var next: Int64 = 0
        for span in spans {
            next += Int64(span.offset)
            let length = min(Int(span.length), buckets.count - indexes.count)
            for _ in 0..<length {
                guard next.magnitude <= Self.greatestIndex.magnitude else { return }
                let index = Int32(next)
                if let last = indexes.last, last >= index { return }
                counts.append(buckets[indexes.count])
                indexes.append(index)
                next += 1
            }
            if length < Int(span.length) { return }
        }
    }

    var spans: [FloatHistogram.Span] {
        var spans: [FloatHistogram.Span] = []
        var end: Int64 = 0
        for index in indexes {
            if !spans.isEmpty, Int64(index) == end {
                spans[spans.count - 1].length += 1
            } else {
                let offset = Int32(clamping: Int64(index) - end)
                spans.append(FloatHistogram.Span(offset: offset, length: 1))
            }
            end = Int64(index) + 1
        }
        return spans
    }

    mutating func append(_ index: Int32, _ count: Double) {
        if let last = indexes.last, last == index {
            counts[counts.count - 1] += count
        } else {
            indexes.append(index)
            counts.append(count)
        }
    }

    /// Moves every bucket; `target` must not descend. Buckets that meet are added.
    func moved(_ target: (Int32) -> Int32) -> HistogramSide {
        var out = HistogramSide()
        out.indexes.reserveCapacity(indexes.count)
        out.counts.reserveCapacity(indexes.count)
        for i in indexes.indices { out.append(target(indexes[i]), counts[i]) }
        return out
    }

    func filtered(_ keep: (Int32, Double) -> Bool) -> HistogramSide {
        var out = HistogramSide()
        for i in indexes.indices where keep(indexes[i], counts[i]) {
            out.indexes.append(indexes[i])
            out.counts.append(counts[i])
        }
        return out
    }

    /// The buckets of both sides, missing ones taken as empty.
    func merged(
        with other: HistogramSide, _ combine: (Double, Double) -> Double
    )
        -> HistogramSide
    {
        var out = HistogramSide()
        if indexes == other.indexes {
            out.indexes = indexes
            out.counts = counts.indices.map { combine(counts[$0], other.counts[$0]) }
            return out
        }
        out.indexes.reserveCapacity(max(indexes.count, other.indexes.count))
        out.counts.reserveCapacity(max(indexes.count, other.indexes.count))
        var i = 0
        var j = 0
        while i < indexes.count || j < other.indexes.count {
            let index: Int32
            if j == other.indexes.count {
                index = indexes[i]
            } else if i == indexes.count {
                index = other.indexes[j]
            } else {
                index = min(indexes[i], other.indexes[j])
            }
            var a = 0.0
            var b = 0.0
            if i < indexes.count, indexes[i] == index {
                a = counts[i]
                i += 1
            }
            if j < other.indexes.count, other.indexes[j] == index {
                b = other.counts[j]
                j += 1
            }
            out.indexes.append(index)
            out.counts.append(combine(a, b))
        }
        return out
    }

    /// The index a bucket gets `levels` schemas lower: ⌈index / 2^levels⌉.
    static func reducedIndex(_ index: Int32, levels: Int32) -> Int32 {
        Int32(clamping: ((Int64(index) - 1) >> Int64(min(levels, 62))) + 1)
    }
}
