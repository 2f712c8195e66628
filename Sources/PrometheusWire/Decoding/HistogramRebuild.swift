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
/// What is rebuilt may be added to other histograms, so each says of itself how much of its layout
/// is known (`FloatHistogram.LayoutKnowledge`).
enum HistogramRebuild {
    typealias Bucket = PrintedHistogram.Bucket

    /// The histogram as far as its own buckets tell, or nil where Prometheus prints none such.
    static func histogram(_ printed: PrintedHistogram) -> FloatHistogram? {
        var rebuilt = FloatHistogram(count: printed.count, sum: printed.sum)
        guard areAscending(printed.buckets) else { return nil }
        if printed.buckets.isEmpty {
            // Whatever it meets keeps its own resolution.
            rebuilt.schema = finest
            rebuilt.layoutKnowledge = .nothing
            return rebuilt
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
            case 3 where bucket.lower == -bucket.upper && bucket.upper.isFinite && !isZeroSeen:
                isZeroSeen = true
                rebuilt.zeroThreshold = bucket.upper
                rebuilt.zeroCount = bucket.count
            default: return custom(printed)
            }
        }
        negative.reverse()
        let isPositive = negative.isEmpty && !isZeroSeen
        var schemas = schemas(of: positive + negative, threshold: rebuilt.zeroThreshold)
        if schemas.isEmpty, !isZeroSeen {
            // An empty zero bucket is not in print, but what it overlaps begins where it ends.
            let cut = (positive.prefix(1) + negative.prefix(1)).map(\.lower).min() ?? 0
            schemas = Self.schemas(of: positive + negative, threshold: cut)
            rebuilt.zeroThreshold = cut
        }
        guard let schema = schemas.last else { return isPositive ? custom(printed) : nil }
        if schemas.count > 1
            || (isPositive && couldBeCustom(positive, besides: rebuilt.zeroThreshold))
        {
            rebuilt.layoutKnowledge = .undecided
        }
        rebuilt.schema = schema
        (rebuilt.positiveSpans, rebuilt.positiveBuckets) = spans(positive, schema)
        (rebuilt.negativeSpans, rebuilt.negativeBuckets) = spans(negative, schema)
        return rebuilt
    }

    /// Custom bounds come as short decimals. Powers of two are such; of the irrational bounds of
    /// the finer schemas two are no chance any more.
    ///
    /// - Parameter cut: an end of a zero bucket, which can be anything.
    private static func couldBeCustom(_ buckets: [Bucket], besides cut: Double) -> Bool {
        var irrational: Set<Double> = []
        for bucket in buckets {
            for bound in [bucket.lower, bucket.upper]
            where bound.isFinite && bound != .greatestFiniteMagnitude && bound != cut
                && index(of: bound, 0) == nil
            {
                irrational.insert(bound)
            }
        }
        return irrational.count < 2
    }

    /// Whether a bound in print is one that Prometheus prints, or would be but for the rounding of
    /// another writer: the table of Prometheus has errors of its own, which others need not have.
    private static func isNear(_ bound: Double, _ exact: Double) -> Bool {
        if bound == exact { return true }
        let distance = bound.bitPattern.subtractingReportingOverflow(exact.bitPattern)
        let places = distance.overflow ? 0 &- distance.partialValue : distance.partialValue
        return places <= tolerance && bound.isFinite && exact.isFinite
            && bound.sign == exact.sign
    }

    /// Units in the last place.
    private static let tolerance: UInt64 = 2

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

    /// The schemas whose bounds these are, ascending; the finest when there is no bucket to tell.
    private static func schemas(of buckets: [Bucket], threshold: Double) -> [Int32] {
        if buckets.isEmpty { return [finest] }
        func fits(_ schema: Int32) -> Bool {
            buckets.allSatisfy { bucket in
                guard let index = index(of: bucket.upper, schema) else { return false }
                let lower = FloatHistogram.bound(at: index - 1, schema: schema)
                // A bucket that the zero bucket overlaps is printed from the threshold on.
                return isNear(bucket.lower, lower)
                    || (bucket.lower == threshold && threshold > lower)
            }
        }
        guard let whole = buckets.first(where: { $0.lower != threshold && $0.upper.isFinite })
        else { return (coarsest...finest).filter(fits) }
        // Two bounds of one bucket are those of one schema only.
        let schema = -log2(log2(whole.upper) - log2(whole.lower)).rounded()
        guard schema >= Double(coarsest), schema <= Double(finest), fits(Int32(schema)) else {
            return []
        }
        return [Int32(schema)]
    }

    /// The index of the bucket that ends at a bound.
    private static func index(of bound: Double, _ schema: Int32) -> Int32? {
        guard bound > 0 else { return nil }
        if bound == .infinity {
            // Behind the bucket that ends at the greatest double.
            return index(of: .greatestFiniteMagnitude, schema).map { $0 + 1 }
        }
        let near = (log2(bound) * exp2(Double(schema))).rounded()
        let index = Int32(near)
        return isNear(bound, FloatHistogram.bound(at: index, schema: schema)) ? index : nil
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

    /// Custom buckets: the first begins at -Inf, closed; all others are open there.
    private static func custom(_ printed: PrintedHistogram) -> FloatHistogram? {
        var bounds: [Double] = []
        var buckets: [FloatHistogram.Bucket] = []
        for bucket in printed.buckets {
            let isFirst = bucket.lower == -.infinity
            guard bucket.rule == (isFirst ? 3 : 0) else { return nil }
            if !isFirst, bounds.last != bucket.lower { bounds.append(bucket.lower) }
            if bucket.upper != .infinity { bounds.append(bucket.upper) }
            buckets.append(
                FloatHistogram.Bucket(
                    lower: bucket.lower, upper: bucket.upper, lowerInclusive: isFirst,
                    upperInclusive: true, count: bucket.count))
        }
        return .custom(count: printed.count, sum: printed.sum, buckets, bounds)
    }
}

/// A native histogram as answers print it: populated buckets with their bounds, and no word of
/// schema, spans and hints.
struct PrintedHistogram {
    struct Bucket {
        /// 0 for (lower, upper], 1 for [lower, upper), 2 for open, 3 for closed.
        var rule: UInt8
        var lower: Double
        var upper: Double
        var count: Double
    }

    var count = 0.0
    var sum = 0.0
    /// In ascending order.
    var buckets: [Bucket] = []
}
