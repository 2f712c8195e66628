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
