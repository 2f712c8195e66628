import TimeSeries

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Native histograms from the buckets that answers print. Schema and spans are recognised from the
/// bounds; empty buckets and the hints are lost.
///
/// What is rebuilt may be added to other histograms, so it must be the histogram that was printed
/// and no other: exponential buckets whose bounds fit one schema only, and custom buckets only
/// where all of them are populated, for the bounds of empty ones are not printed.
enum HistogramRebuild {
    typealias Bucket = PrintedHistogram.Bucket

    /// The histograms of one series, or nil where one cannot be recognised without doubt. An empty
    /// one has the bounds of the custom buckets before it, if there are any.
    static func histograms(_ printed: [PrintedHistogram]) -> [FloatHistogram]? {
        var all: [FloatHistogram] = []
        all.reserveCapacity(printed.count)
        for one in printed {
            guard var rebuilt = histogram(one) else { return nil }
            if one.buckets.isEmpty, let last = all.last, last.usesCustomBuckets {
                rebuilt.schema = last.schema
                rebuilt.customValues = last.customValues
            }
            all.append(rebuilt)
        }
        return all
    }

    /// The histogram, or nil where it cannot be recognised without doubt.
    static func histogram(_ printed: PrintedHistogram) -> FloatHistogram? {
        var rebuilt = FloatHistogram(count: printed.count, sum: printed.sum)
        guard areAscending(printed.buckets) else { return nil }
        if printed.buckets.isEmpty {
            // Whatever it meets keeps its own resolution.
            rebuilt.schema = finest
            return rebuilt
        }
        // Only custom buckets reach to an infinity.
        if printed.buckets.contains(where: { $0.lower == -.infinity || $0.upper == .infinity }) {
            return custom(rebuilt, printed.buckets)
        }
        var positive: [Bucket] = []
        var negative: [Bucket] = []
        var isZeroSeen = false
        for bucket in printed.buckets {
            switch bucket.rule {
            case 0 where bucket.lower >= 0: positive.append(bucket)
            case 1 where bucket.upper <= 0:
                negative.append(
                    Bucket(
                        rule: 0, lower: -bucket.upper, upper: -bucket.lower, count: bucket.count))
            case 3 where bucket.lower == -bucket.upper && !isZeroSeen:
                isZeroSeen = true
                rebuilt.zeroThreshold = bucket.upper
                rebuilt.zeroCount = bucket.count
            default: return nil
            }
        }
        negative.reverse()
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

    /// Schemas of exponential buckets.
    private static let coarsest: Int32 = -4
    private static let finest: Int32 = 8

    /// Whether buckets have a width and do not overlap; false where a bound is NaN.
    private static func areAscending(_ buckets: [Bucket]) -> Bool {
        var last = -Double.infinity
        for bucket in buckets {
            // A zero bucket may have no width.
            let isZero = bucket.rule == 3 && bucket.lower == bucket.upper
            guard bucket.lower >= last, bucket.lower < bucket.upper || isZero else { return false }
            last = bucket.upper
        }
        return true
    }

    /// The one schema whose bounds these are; the finest when there is no bucket to tell.
    private static func schema(of buckets: [Bucket], threshold: Double) -> Int32? {
        if buckets.isEmpty { return finest }
        func fits(_ schema: Int32) -> Bool {
            buckets.allSatisfy { bucket in
                guard let index = index(of: bucket.upper, schema) else { return false }
                let lower = FloatHistogram.bound(at: index - 1, schema: schema)
                // A bucket that the zero bucket overlaps is printed from the threshold on.
                return lower == bucket.lower
                    || (bucket.lower == threshold && threshold > lower)
            }
        }
        guard let whole = buckets.first(where: { $0.lower != threshold }) else {
            let fitting = (coarsest...finest).filter(fits)
            return fitting.count == 1 ? fitting[0] : nil
        }
        // Two bounds of one bucket are those of one schema only.
        let schema = -log2(log2(whole.upper / whole.lower)).rounded()
        guard schema >= Double(coarsest), schema <= Double(finest), fits(Int32(schema)) else {
            return nil
        }
        return Int32(schema)
    }

    /// The index of the bucket that ends at a bound.
    private static func index(of bound: Double, _ schema: Int32) -> Int32? {
        guard bound > 0, bound.isFinite else { return nil }
        let near = (log2(bound) * exp2(Double(schema))).rounded()
        let index = Int32(near)
        return FloatHistogram.bound(at: index, schema: schema) == bound ? index : nil
    }

    private static func spans(
        _ buckets: [Bucket], _ schema: Int32
    ) -> ([FloatHistogram.Span], [Double]) {
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

    /// Custom buckets from one infinity to the other, none left out between.
    private static func custom(_ base: FloatHistogram, _ buckets: [Bucket]) -> FloatHistogram? {
        guard buckets.first?.lower == -.infinity, buckets.last?.upper == .infinity else {
            return nil
        }
        for (a, b) in zip(buckets, buckets.dropFirst()) where a.upper != b.lower { return nil }
        var rebuilt = base
        rebuilt.schema = FloatHistogram.customBucketsSchema
        rebuilt.customValues = buckets.dropLast().map(\.upper)
        rebuilt.positiveSpans = [FloatHistogram.Span(offset: 0, length: UInt32(buckets.count))]
        rebuilt.positiveBuckets = buckets.map(\.count)
        return rebuilt
    }
}
