import TimeSeries

/// Native histograms from the buckets that answers list. Schema, spans and hints are not sent, so
/// they are recognised from the bounds; empty buckets and the hints are lost.
enum HistogramRebuild {
    typealias Bucket = (rule: UInt8, lower: Double, upper: Double, count: Double)

    /// The histogram, or nil where its schema cannot be recognised without doubt.
    static func histogram(count: Double, sum: Double, buckets: [Bucket]) -> FloatHistogram? {
        var rebuilt = FloatHistogram(count: count, sum: sum)
        if buckets.isEmpty {
            // Whatever it meets keeps its own resolution.
            rebuilt.schema = 8
            return rebuilt
        }
        // Only custom buckets reach to an infinity.
        if buckets.contains(where: { $0.lower == -.infinity || $0.upper == .infinity }) {
            return custom(rebuilt, buckets)
        }
        var positive: [Bucket] = []
        var negative: [Bucket] = []
        for bucket in buckets {
            switch bucket.rule {
            case 0: positive.append(bucket)
            case 1: negative.append((0, -bucket.upper, -bucket.lower, bucket.count))
            default:
                rebuilt.zeroThreshold = bucket.upper
                rebuilt.zeroCount = bucket.count
            }
        }
        negative.reverse()
        let isZeroSeen = buckets.contains { $0.rule == 3 }
        guard let schema = schema(of: positive + negative, threshold: rebuilt.zeroThreshold) else {
            return nil
        }
        // Bounds that are powers of two could be somebody's custom bounds as well.
        if schema <= 0, negative.isEmpty, !isZeroSeen { return nil }
        rebuilt.schema = schema
        (rebuilt.positiveSpans, rebuilt.positiveBuckets) = spans(positive, schema)
        (rebuilt.negativeSpans, rebuilt.negativeBuckets) = spans(negative, schema)
        return rebuilt
    }

    /// The one schema whose bounds these are; the finest when there is no bucket to tell.
    private static func schema(of buckets: [Bucket], threshold: Double) -> Int32? {
        if buckets.isEmpty { return 8 }
        return (-4...8).first { schema in
            buckets.allSatisfy { bucket in
                guard let index = index(of: bucket.upper, schema) else { return false }
                let lower = FloatHistogram.bound(at: index - 1, schema: schema)
                return lower == bucket.lower
                    || (bucket.lower == threshold && threshold > lower)
            }
        }
    }

    /// The index of the bucket that ends at a bound.
    private static func index(of bound: Double, _ schema: Int32) -> Int32? {
        guard bound > 0 else { return nil }
        var low: Int32 = schema < 0 ? -1100 >> -schema : -1100 << schema
        var high: Int32 = schema < 0 ? (1100 >> -schema) + 1 : 1100 << schema
        while low < high {
            let middle = low + (high - low) / 2
            if FloatHistogram.bound(at: middle, schema: schema) < bound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return FloatHistogram.bound(at: low, schema: schema) == bound ? low : nil
    }

    private static func spans(
        _ buckets: [Bucket], _ schema: Int32
    )
        -> ([FloatHistogram.Span], [Double])
    {
        var spans: [FloatHistogram.Span] = []
        var counts: [Double] = []
        var next: Int32?
        for bucket in buckets {
            guard let index = index(of: bucket.upper, schema) else { continue }
            if next == index {
                spans[spans.count - 1].length += 1
            } else {
                spans.append(FloatHistogram.Span(offset: index - (next ?? 0), length: 1))
            }
            counts.append(bucket.count)
            next = index + 1
        }
        return (spans, counts)
    }

    /// Custom buckets, only if none is left out between them.
    private static func custom(_ base: FloatHistogram, _ buckets: [Bucket]) -> FloatHistogram? {
        guard let first = buckets.first else { return nil }
        for (a, b) in zip(buckets, buckets.dropFirst()) where a.upper != b.lower { return nil }
        var rebuilt = base
        rebuilt.schema = FloatHistogram.customBucketsSchema
        var bounds = buckets.map(\.upper)
        if first.lower != -.infinity { bounds.insert(first.lower, at: 0) }
        if bounds.last == .infinity { bounds.removeLast() }
        rebuilt.customValues = bounds
        rebuilt.positiveSpans = [
            FloatHistogram.Span(
                offset: first.lower == -.infinity ? 0 : 1, length: UInt32(buckets.count))
        ]
        rebuilt.positiveBuckets = buckets.map(\.count)
        return rebuilt
    }
}
