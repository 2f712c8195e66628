#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension FloatHistogram {
    /// `h </ limit`: the observations up to `limit`, a cut bucket split by interpolation.
    /// Compacted; itself when nothing was cut off.
    public func trimmed(upper limit: Double) -> FloatHistogram {
        trimmed(Trim(limit: limit, keepsBelow: true))
    }

    /// `h >/ limit`: the observations from `limit` on, otherwise as `trimmed(upper:)`.
    public func trimmed(lower limit: Double) -> FloatHistogram {
        trimmed(Trim(limit: limit, keepsBelow: false))
    }

    /// Which side of which limit is kept.
    private struct Trim {
        var limit: Double
        var keepsBelow: Bool
    }

    /// What is left of a bucket: its count and the value that stands for its observations.
    private struct Remainder {
        var count: Double
        var middle: Double
    }

    private func trimmed(_ trim: Trim) -> FloatHistogram {
        var out = self
        var wasCut = false
        var count = 0.0
        var sum = 0.0
        func keep(_ before: Double, _ remainder: Remainder) -> Double {
            if remainder.count != before { wasCut = true }
            count += remainder.count
            if remainder.count != 0 { sum += remainder.count * remainder.middle }
            return remainder.count
        }
        var negative = negative
        for i in negative.indexes.indices {
            let bucket = negativeBucket(at: negative.indexes[i], count: negative.counts[i])
            negative.counts[i] = keep(bucket.count, exponentialRemainder(of: bucket, trim))
        }
        if zeroCount != 0 { out.zeroCount = keep(zeroCount, zeroRemainder(trim)) }
        var positive = positive
        for i in positive.indexes.indices {
            let bucket = positiveBucket(at: positive.indexes[i], count: positive.counts[i])
            let remainder =
                usesCustomBuckets
                ? customRemainder(of: bucket, trim) : exponentialRemainder(of: bucket, trim)
            positive.counts[i] = keep(bucket.count, remainder)
        }
        guard wasCut else { return compacted() }
        out.negative = negative
        out.positive = positive
        out.count = count
        out.sum = sum
        return out.compacted()
    }

    /// Decides the buckets that the limit does not cut: nil for those it does.
    private func whole(
        _ bucket: Bucket, middle: @autoclosure () -> Double, _ trim: Trim
    ) -> Remainder? {
        if trim.keepsBelow {
            if bucket.upper <= trim.limit {
                return Remainder(count: bucket.count, middle: middle())
            }
            if bucket.lower >= trim.limit { return Remainder(count: 0, middle: 0) }
        } else {
            if bucket.lower >= trim.limit {
                return Remainder(count: bucket.count, middle: middle())
            }
            if bucket.upper <= trim.limit { return Remainder(count: 0, middle: 0) }
        }
        return nil
    }

    private func exponentialRemainder(of bucket: Bucket, _ trim: Trim) -> Remainder {
        func geometric(_ a: Double, _ b: Double) -> Double {
            let middle = a.magnitude.squareRoot() * b.magnitude.squareRoot()
            return bucket.upper > 0 ? middle : -middle
        }
        if let whole = whole(bucket, middle: geometric(bucket.lower, bucket.upper), trim) {
            return whole
        }
        if bucket.upper == .infinity || bucket.lower == -.infinity {
            return openRemainder(of: bucket, trim)
        }
        // The share of the bucket between its end nearer to zero and the limit, on a log scale.
        let inner = min(bucket.lower.magnitude, bucket.upper.magnitude)
        let outer = max(bucket.lower.magnitude, bucket.upper.magnitude)
        let limit = trim.limit.magnitude
        let innerShare = (log2(limit) - log2(inner)) / (log2(outer) - log2(inner))
        let keepsInner = (bucket.upper > 0) == trim.keepsBelow
        return Remainder(
            count: bucket.count * (keepsInner ? innerShare : 1 - innerShare),
            middle: keepsInner ? geometric(inner, limit) : geometric(limit, outer))
    }

    /// A bucket without end on one side, cut: kept whole, all at the limit, by a trim that keeps
    /// the open side; else dropped.
    private func openRemainder(of bucket: Bucket, _ trim: Trim) -> Remainder {
        let keepsOpenSide = trim.keepsBelow == (bucket.lower == -.infinity)
        return keepsOpenSide
            ? Remainder(count: bucket.count, middle: trim.limit) : Remainder(count: 0, middle: 0)
    }

    /// The zero bucket ends at 0 on the side where the histogram has no populated buckets.
    private func zeroRemainder(_ trim: Trim) -> Remainder {
        var bucket = zeroBucket
        let hasPositive = positiveBuckets.contains { $0 != 0 }
        let hasNegative = negativeBuckets.contains { $0 != 0 }
        if hasPositive, !hasNegative { bucket.lower = 0 }
        if hasNegative, !hasPositive { bucket.upper = 0 }
        return linearRemainder(of: bucket, trim)
    }

    private func linearRemainder(of bucket: Bucket, _ trim: Trim) -> Remainder {
        let middle = (bucket.lower + bucket.upper) / 2
        if let whole = whole(bucket, middle: middle, trim) { return whole }
        let below = (trim.limit - bucket.lower) / (bucket.upper - bucket.lower)
        return trim.keepsBelow
            ? Remainder(count: bucket.count * below, middle: (bucket.lower + trim.limit) / 2)
            : Remainder(count: bucket.count * (1 - below), middle: (trim.limit + bucket.upper) / 2)
    }

    private func customRemainder(of bucket: Bucket, _ trim: Trim) -> Remainder {
        var bucket = bucket
        if bucket.upper == .infinity, bucket.lower == -.infinity {
            // The only bucket says nothing about where its observations lie.
            let isAll = trim.limit == (trim.keepsBelow ? .infinity : -.infinity)
            return Remainder(count: isAll ? bucket.count : 0, middle: 0)
        }
        if bucket.upper == .infinity {
            return whole(bucket, middle: bucket.lower, trim) ?? openRemainder(of: bucket, trim)
        }
        guard bucket.lower == -.infinity else { return linearRemainder(of: bucket, trim) }
        // Observations of a first bucket that ends above 0 are taken to lie between 0 and there.
        if bucket.upper > 0, trim.limit >= 0 || trim.limit == -.infinity {
            if trim.limit >= 0 { bucket.lower = 0 }
            return linearOrWhole(bucket, trim)
        }
        if let whole = whole(bucket, middle: bucket.upper, trim) { return whole }
        if bucket.upper <= 0 { return openRemainder(of: bucket, trim) }
        return Remainder(count: 0, middle: 0)
    }

    /// As `linearRemainder`, for a bucket that begins at -Inf when the limit is there too.
    private func linearOrWhole(_ bucket: Bucket, _ trim: Trim) -> Remainder {
        if bucket.lower == -.infinity {
            return Remainder(
                count: trim.keepsBelow ? 0 : bucket.count, middle: bucket.upper / 2)
        }
        return linearRemainder(of: bucket, trim)
    }
}
