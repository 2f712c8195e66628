import GoText

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A native histogram with absolute bucket counts, as Prometheus
/// `model/histogram/float_histogram.go`.
public struct FloatHistogram: Sendable, Hashable {
    public enum CounterResetHint: String, Sendable, Hashable {
        case unknown, reset, notReset = "not_reset", gauge
    }
    /// A run of consecutive buckets: `offset` is the gap to the end of the span before it (for the
    /// first span: the index of its first bucket).
    public struct Span: Sendable, Hashable {
        public var offset: Int32
        public var length: UInt32
        public init(offset: Int32, length: UInt32) {
            self.offset = offset
            self.length = length
        }
    }
    /// How much of the bucket layout is known of a histogram that was read from buckets in print,
    /// where the empty ones are left out.
    public enum LayoutKnowledge: Sendable, Hashable {
        /// All of it.
        case whole
        /// The custom bounds of populated buckets; others may lie inside of empty ones.
        case populated
        /// Nothing: no bucket was populated.
        case nothing
        /// The bounds are those of the exponential schema given, but could be those of another
        /// one, or custom ones. Nothing may be computed from such a histogram.
        case undecided
    }
    /// The schema of histograms with custom bucket bounds.
    public static let customBucketsSchema: Int32 = -53

    public var counterResetHint: CounterResetHint
    public var schema: Int32
    public var zeroThreshold: Double
    public var zeroCount: Double
    public var count: Double
    public var sum: Double
    public var positiveSpans: [Span]
    public var negativeSpans: [Span]
    /// Absolute counts, in the order of the spans' buckets.
    public var positiveBuckets: [Double]
    public var negativeBuckets: [Double]
    /// Upper bounds of custom buckets, +Inf left out; empty for exponential schemas.
    public var customValues: [Double]
    public var layoutKnowledge = LayoutKnowledge.whole

    public init(
        counterResetHint: CounterResetHint = .unknown, schema: Int32 = 0,
        zeroThreshold: Double = 0, zeroCount: Double = 0, count: Double = 0, sum: Double = 0,
        positiveSpans: [Span] = [], negativeSpans: [Span] = [], positiveBuckets: [Double] = [],
        negativeBuckets: [Double] = [], customValues: [Double] = []
    ) {
        self.counterResetHint = counterResetHint
        self.schema = schema
        self.zeroThreshold = zeroThreshold
        self.zeroCount = zeroCount
        self.count = count
        self.sum = sum
        self.positiveSpans = positiveSpans
        self.negativeSpans = negativeSpans
        self.positiveBuckets = positiveBuckets
        self.negativeBuckets = negativeBuckets
        self.customValues = customValues
    }

    public var usesCustomBuckets: Bool { schema == Self.customBucketsSchema }
}

extension FloatHistogram {
    /// `{count:3, sum:1.5, (0.5,1]:2, …}`: populated buckets in ascending order. The value that
    /// `count_values` gives a histogram.
    public var goDescription: String {
        var text = "{count:" + GoFloat.general(count)
        text += ", sum:" + GoFloat.general(sum)
        func append(_ bucket: Bucket) {
            guard bucket.count != 0 else { return }
            text += ", " + (bucket.lowerInclusive ? "[" : "(")
            text += GoFloat.general(bucket.lower) + ","
            text += GoFloat.general(bucket.upper)
            text += bucket.upperInclusive ? "]:" : "):"
            text += GoFloat.general(bucket.count)
        }
        let negative = negative
        for i in negative.indexes.indices.reversed() {
            append(negativeBucket(at: negative.indexes[i], count: negative.counts[i]))
        }
        append(zeroBucket)
        let positive = positive
        for i in positive.indexes.indices {
            append(positiveBucket(at: positive.indexes[i], count: positive.counts[i]))
        }
        return text + "}"
    }
}

extension FloatHistogram {
    /// One bucket with its bounds.
    public struct Bucket: Sendable, Hashable {
        public var lower: Double
        public var upper: Double
        public var lowerInclusive: Bool
        public var upperInclusive: Bool
        public var count: Double

        public init(
            lower: Double, upper: Double, lowerInclusive: Bool, upperInclusive: Bool, count: Double
        ) {
            self.lower = lower
            self.upper = upper
            self.lowerInclusive = lowerInclusive
            self.upperInclusive = upperInclusive
            self.count = count
        }
    }

    /// The upper bound of a positive bucket of an exponential schema, `2^(index · 2^-schema)`, as
    /// Prometheus computes it: rounded as `ExponentialBounds` says.
    ///
    /// Powers of two are exact. The bucket that would end at 2^1024 ends at the greatest finite
    /// double, so that the one after it holds the infinities.
    public static func bound(at index: Int32, schema: Int32) -> Double {
        if schema <= 0 {
            let exponent = Int(index) << Int(min(-Int64(schema), 31))
            return scaled(0.5, by: exponent + 1)
        }
        let octave = Int(index) >> Int(schema)
        let place = Int(index) - octave << Int(schema)
        let fraction =
            schema <= ExponentialBounds.finest
            ? ExponentialBounds.fraction(at: place, schema: schema)
            : exp2(ldexp(Double(place), -schema) - 1)
        return scaled(fraction, by: octave + 1)
    }

    /// A fraction in [0.5, 1) times a power of two.
    private static func scaled(_ fraction: Double, by exponent: Int) -> Double {
        // Normal numbers, which all but some are: the exponent's bits alone.
        if exponent > -1021, exponent < 1025 {
            let bits = fraction.bitPattern &+ UInt64(bitPattern: Int64(exponent)) << 52
            return Double(bitPattern: bits)
        }
        if fraction == 0.5, exponent == 1025 { return .greatestFiniteMagnitude }
        return ldexp(fraction, Int32(clamping: exponent))
    }

    /// The upper bound of the custom bucket at `index`.
    private func customBound(at index: Int32) -> Double {
        if index < 0 { return -.infinity }
        return Int(index) < customValues.count ? customValues[Int(index)] : .infinity
    }

    func positiveBucket(at index: Int32, count: Double) -> Bucket {
        if usesCustomBuckets {
            return Bucket(
                lower: customBound(at: index &- 1), upper: customBound(at: index),
                lowerInclusive: index == 0, upperInclusive: true, count: count)
        }
        return Bucket(
            lower: Self.bound(at: index &- 1, schema: schema),
            upper: Self.bound(at: index, schema: schema),
            lowerInclusive: false, upperInclusive: true, count: count)
    }

    func negativeBucket(at index: Int32, count: Double) -> Bucket {
        Bucket(
            lower: -Self.bound(at: index, schema: schema),
            upper: -Self.bound(at: index &- 1, schema: schema),
            lowerInclusive: true, upperInclusive: false, count: count)
    }

    var zeroBucket: Bucket {
        Bucket(
            lower: -zeroThreshold, upper: zeroThreshold, lowerInclusive: true,
            upperInclusive: true, count: zeroCount)
    }

    /// Every bucket, empty ones included, from the most negative to the most positive; the zero
    /// bucket only when it is populated. A bucket that overlaps the zero bucket begins at its
    /// threshold.
    public var allBuckets: [Bucket] {
        var all: [Bucket] = []
        all.reserveCapacity(negativeBuckets.count + positiveBuckets.count + 1)
        let negative = HistogramSide(negativeSpans, negativeBuckets)
        for i in negative.indexes.indices.reversed() {
            var bucket = negativeBucket(at: negative.indexes[i], count: negative.counts[i])
            if bucket.upper > -zeroThreshold { bucket.upper = -zeroThreshold }
            all.append(bucket)
        }
        if zeroCount > 0 { all.append(zeroBucket) }
        let positive = HistogramSide(positiveSpans, positiveBuckets)
        for i in positive.indexes.indices {
            var bucket = positiveBucket(at: positive.indexes[i], count: positive.counts[i])
            if bucket.lower > 0, bucket.lower < zeroThreshold { bucket.lower = zeroThreshold }
            all.append(bucket)
        }
        return all
    }
}
