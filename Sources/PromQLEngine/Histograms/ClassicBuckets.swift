/// The buckets of a classic histogram at one step: upper bounds and cumulative counts.
struct ClassicBuckets {
    struct Bucket {
        var bound: Double
        var count: Double
    }

    /// How far counts had to be raised so that none is smaller than the one before.
    struct Raised {
        var leastBound: Double
        var greatestBound: Double
        var largestDifference: Double
    }

    /// Ascending by bound, each bound once.
    private var buckets: [Bucket] = []

    /// Takes buckets in ascending order of bounds; those of equal bounds are added.
    init(ascending: [Bucket]) {
        buckets.reserveCapacity(ascending.count)
        for bucket in ascending {
            if let last = buckets.last, last.bound == bucket.bound {
                buckets[buckets.count - 1].count += bucket.count
            } else {
                buckets.append(bucket)
            }
        }
    }

    /// The quantile, interpolated inside its bucket, as Prometheus `promql/quantile.go`.
    func quantile(_ quantile: Double) -> (value: Double, raised: Raised?) {
        if quantile.isNaN { return (.nan, nil) }
        if quantile < 0 { return (-.infinity, nil) }
        if quantile > 1 { return (.infinity, nil) }
        guard buckets.last?.bound == .infinity else { return (.nan, nil) }
        var fixed = self
        let raised = fixed.makeCumulative()
        return (fixed.quantileOfCumulative(quantile), raised)
    }

    private func quantileOfCumulative(_ quantile: Double) -> Double {
        guard buckets.count > 1, let total = buckets.last?.count, total != 0 else { return .nan }
        let rank = quantile * total
        guard let place = buckets.dropLast().firstIndex(where: { $0.count >= rank }) else {
            return buckets[buckets.count - 2].bound
        }
        let bucket = buckets[place]
        if place == 0 {
            if bucket.bound <= 0 { return bucket.bound }
            return bucket.bound * (rank / bucket.count)
        }
        let before = buckets[place - 1]
        return before.bound
            + (bucket.bound - before.bound)
            * ((rank - before.count) / (bucket.count - before.count))
    }

    /// The share of observations between two values.
    func fraction(from lower: Double, to upper: Double) -> Double {
        guard let last = buckets.last, last.bound == .infinity, last.count != 0, !lower.isNaN,
            !upper.isNaN
        else { return .nan }
        if lower >= upper { return 0 }
        return (rank(of: upper) - rank(of: lower)) / last.count
    }

    /// How many observations lie below a value.
    private func rank(of value: Double) -> Double {
        var below = 0.0
        for (i, bucket) in buckets.enumerated() {
            let start = i > 0 ? buckets[i - 1].bound : bucket.bound > 0 ? 0 : -.infinity
            if start >= value { return below }
            if bucket.bound > value {
                if start == -.infinity { return bucket.count }
                let share = (value - start) / (bucket.bound - start)
                return below + (bucket.count - below) * share
            }
            below = bucket.count
        }
        return below
    }

    /// Raises counts that are smaller than the one before. Differences that only rounding can
    /// have made are taken away in silence, whichever way they go.
    private mutating func makeCumulative() -> Raised? {
        var raised: Raised?
        guard var greatest = buckets.first?.count else { return nil }
        for i in buckets.indices.dropFirst() {
            let count = buckets[i].count
            if count == greatest { continue }
            if Self.areAlmostEqual(count, greatest) {
                buckets[i].count = greatest
            } else if count < greatest {
                buckets[i].count = greatest
                let bound = buckets[i].bound
                let difference = greatest - count
                raised = Raised(
                    leastBound: min(raised?.leastBound ?? bound, bound),
                    greatestBound: max(raised?.greatestBound ?? bound, bound),
                    largestDifference: max(raised?.largestDifference ?? difference, difference))
            } else {
                greatest = count
            }
        }
        return raised
    }

    private static func areAlmostEqual(_ a: Double, _ b: Double) -> Bool {
        let tolerance = 1e-12
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        let sum = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || sum < .leastNormalMagnitude {
            return difference < tolerance * .leastNormalMagnitude
        }
        return difference / min(sum, .greatestFiniteMagnitude) < tolerance
    }
}
