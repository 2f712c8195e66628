internal import TimeSeries

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Quantiles and fractions of native histograms, as Prometheus `promql/quantile.go`.
struct NativeQuantile {
    /// What NaN observations, which lie in no bucket, did to a quantile.
    enum NaNEffect { case resultIsNaN, resultIsSkewed }

    private let histogram: FloatHistogram
    private let buckets: [FloatHistogram.Bucket]

    init(_ histogram: FloatHistogram) {
        self.histogram = histogram
        buckets = histogram.allBuckets
    }

    /// Whether there are more observations than the buckets hold, for which only NaN accounts.
    private var hasNaNObservations: Bool {
        histogram.sum.isNaN && buckets.reduce(0) { $0 + $1.count } < histogram.count
    }

    func quantile(_ quantile: Double) -> (value: Double, effect: NaNEffect?) {
        if quantile < 0 { return (-.infinity, nil) }
        if quantile > 1 { return (.infinity, nil) }
        if histogram.count == 0 || quantile.isNaN { return (.nan, nil) }
        // From the nearer end, unless NaN observations make the upper end uncertain.
        let isUpward = histogram.sum.isNaN || quantile < 0.5
        var rank = isUpward ? quantile * histogram.count : (1 - quantile) * histogram.count
        var count = 0.0
        var found: FloatHistogram.Bucket?
        for i in buckets.indices {
            let bucket = buckets[isUpward ? i : buckets.count - 1 - i]
            if bucket.count == 0 { continue }
            count += bucket.count
            found = bucket
            if count >= rank { break }
        }
        guard var bucket = found else {
            return (.nan, hasNaNObservations ? .resultIsNaN : nil)
        }
        var bound: Double?
        if histogram.usesCustomBuckets {
            if bucket.lower == -.infinity {
                if bucket.upper <= 0 { bound = bucket.upper }
                bucket.lower = 0
            } else if bucket.upper == .infinity {
                bound = bucket.lower
            }
        } else if bucket.lower < 0, bucket.upper > 0 {
            bucket = endingAtZero(bucket)
        }
        let isShort = count < rank
        let effect: NaNEffect? =
            hasNaNObservations ? (isShort ? .resultIsNaN : .resultIsSkewed) : nil
        if isShort, histogram.sum.isNaN { return (.nan, effect) }
        if let bound { return (bound, effect) }
        // Rounding can bring the buckets above the total.
        count = min(count, histogram.count)
        if count < rank { return (bucket.upper, effect) }
        rank = isUpward ? rank - (count - bucket.count) : count - rank
        return (value(in: bucket, at: rank / bucket.count), effect)
    }

    /// The value at a fraction of a bucket.
    private func value(in bucket: FloatHistogram.Bucket, at fraction: Double) -> Double {
        if histogram.usesCustomBuckets || (bucket.lower <= 0 && bucket.upper >= 0) {
            return bucket.lower + (bucket.upper - bucket.lower) * fraction
        }
        let lower = log2(bucket.lower.magnitude)
        let upper = log2(bucket.upper.magnitude)
        if bucket.lower > 0 { return exp2(lower + (upper - lower) * fraction) }
        return -exp2(upper + (lower - upper) * (1 - fraction))
    }

    /// The share of observations between two values; NaN observations are between none.
    func fraction(
        from lower: Double, to upper: Double
    ) -> (value: Double, excludesNaN: Bool) {
        if histogram.count == 0 || lower.isNaN || upper.isNaN { return (.nan, false) }
        if lower >= upper { return (0, false) }
        let excludesNaN = hasNaNObservations
        let total =
            excludesNaN ? buckets.reduce(0) { $0 + $1.count } : histogram.count
        let difference = rank(of: upper, total: total) - rank(of: lower, total: total)
        return (difference / histogram.count, excludesNaN)
    }

    /// How many observations lie below a value.
    private func rank(of value: Double, total: Double) -> Double {
        var below = 0.0
        for var bucket in buckets {
            let holdsZero = bucket.lower <= 0 && bucket.upper >= 0
            if holdsZero { bucket = endingAtZero(bucket) }
            if bucket.lower >= value { return min(below, total) }
            if bucket.upper > value {
                let isLinear = histogram.usesCustomBuckets || holdsZero
                return min(below + bucket.count * share(of: bucket, below: value, isLinear), total)
            }
            below += bucket.count
        }
        return total
    }

    private func share(
        of bucket: FloatHistogram.Bucket, below value: Double, _ isLinear: Bool
    ) -> Double {
        if bucket.lower == -.infinity { return 1 }
        if bucket.upper == .infinity { return 0 }
        if isLinear { return (value - bucket.lower) / (bucket.upper - bucket.lower) }
        let lower = log2(bucket.lower.magnitude)
        let upper = log2(bucket.upper.magnitude)
        let place = log2(value.magnitude)
        return value > 0 ? (place - lower) / (upper - lower) : 1 - (place - upper) / (lower - upper)
    }

    /// A bucket around zero holds no negative values where no other bucket does, and likewise no
    /// positive ones.
    private func endingAtZero(_ bucket: FloatHistogram.Bucket) -> FloatHistogram.Bucket {
        var bucket = bucket
        if histogram.negativeBuckets.isEmpty, !histogram.positiveBuckets.isEmpty {
            bucket.lower = 0
        } else if histogram.positiveBuckets.isEmpty, !histogram.negativeBuckets.isEmpty {
            bucket.upper = 0
        }
        return bucket
    }
}
