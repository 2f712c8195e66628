extension FloatHistogram {
    /// The custom bounds that a sum of two histograms has.
    struct CommonBounds {
        var bounds: [Double]
        /// Whether the two have different bounds.
        var differ: Bool
        /// Whether the bounds are those of the sum, however the bounds that are not known lie.
        var isCertain: Bool
        /// What is known of the sum.
        var knowledge: LayoutKnowledge
    }

    /// Whether one has custom buckets and the other exponential ones, so that they never add up.
    public func isIncompatible(with other: FloatHistogram) -> Bool {
        usesCustomBuckets != other.usesCustomBuckets && layoutKnowledge != .nothing
            && other.layoutKnowledge != .nothing
    }

    /// The bounds that both have.
    ///
    /// Of a histogram in print the bounds inside of empty buckets are not known. Two histograms
    /// of which neither has a bound inside of a bucket of the other are taken to have the same
    /// bounds, all of those known of either. Else their bounds do differ; then each known bound
    /// must be known to be common or not, and no unknown one may lie where it would matter.
    func commonBounds(with other: FloatHistogram) -> CommonBounds {
        let isWhole = layoutKnowledge == .whole || other.layoutKnowledge == .whole
        let knowledge: LayoutKnowledge = isWhole ? .whole : .populated
        if customValues == other.customValues {
            return CommonBounds(
                bounds: customValues, differ: false, isCertain: true, knowledge: knowledge)
        }
        if layoutKnowledge == .whole, other.layoutKnowledge == .whole {
            return CommonBounds(
                bounds: Self.common(customValues, other.customValues), differ: true,
                isCertain: true, knowledge: .whole)
        }
        let united = Self.united(customValues, other.customValues)
        let ours = BoundsSeen(self)
        let theirs = BoundsSeen(other)
        let places = united.map { (ours.place(of: $0), theirs.place(of: $0)) }
        if !places.contains(where: { $0.0 == .noBound || $0.1 == .noBound }) {
            return CommonBounds(
                bounds: united, differ: false, isCertain: true, knowledge: knowledge)
        }
        var kept: [Double] = []
        var isCertain = true
        for (bound, place) in zip(united, places) where place.0 != .noBound && place.1 != .noBound {
            kept.append(bound)
            if place.0 == .unknown || place.1 == .unknown { isCertain = false }
        }
        if !isWhole {
            // Where neither has a bucket both could have a bound that is not known.
            let edges = [-.infinity] + united + [.infinity]
            let keptEdges = [-.infinity] + kept + [.infinity]
            for (lower, upper) in zip(keptEdges, keptEdges.dropFirst()) {
                guard
                    ours.hasBuckets(from: lower, to: upper)
                        || theirs.hasBuckets(from: lower, to: upper)
                else { continue }
                for (a, b) in zip(edges, edges.dropFirst())
                where a >= lower && b <= upper && !ours.hasBucket(over: a, b)
                    && !theirs.hasBucket(over: a, b)
                {
                    isCertain = false
                }
            }
        }
        return CommonBounds(
            bounds: kept, differ: true, isCertain: isCertain, knowledge: knowledge)
    }

    /// Bounds present in either list; both ascend.
    private static func united(_ a: [Double], _ b: [Double]) -> [Double] {
        var out: [Double] = []
        var i = 0
        var j = 0
        while i < a.count || j < b.count {
            let isFirst = j == b.count || (i < a.count && a[i] <= b[j])
            let bound = isFirst ? a[i] : b[j]
            if isFirst { i += 1 } else { j += 1 }
            if out.last != bound { out.append(bound) }
        }
        return out
    }

    /// The same with the custom bounds of other histograms of its series added, or nil where one
    /// of them lies inside of a populated bucket.
    func refined(by bounds: [Double]) -> FloatHistogram? {
        guard usesCustomBuckets else { return nil }
        let united = Self.united(customValues, bounds)
        let seen = BoundsSeen(self)
        if united.contains(where: { seen.place(of: $0) == .noBound }) { return nil }
        return adapted(
            to: Layout(
                schema: schema, zeroThreshold: 0, customValues: united,
                knowledge: layoutKnowledge))
    }

    /// The same counts in custom buckets with the bounds that the populated buckets have: what a
    /// histogram in print also could be that has positive exponential buckets only.
    public var withCustomBounds: FloatHistogram {
        var bounds: [Double] = []
        let buckets = allBuckets.filter { $0.count != 0 }
        for bucket in buckets {
            if bucket.lower != -.infinity, bounds.last != bucket.lower {
                bounds.append(bucket.lower)
            }
            if bucket.upper != .infinity { bounds.append(bucket.upper) }
        }
        return Self.custom(count: count, sum: sum, buckets, bounds)
    }

    /// A histogram with custom buckets of which the populated ones are known, in ascending order.
    public static func custom(
        count: Double, sum: Double, _ buckets: [Bucket], _ bounds: [Double]
    ) -> FloatHistogram {
        var out = FloatHistogram(
            schema: customBucketsSchema, count: count, sum: sum, customValues: bounds)
        var side = HistogramSide()
        for bucket in buckets {
            let index = bounds.firstIndex { $0 >= bucket.upper } ?? bounds.count
            side.append(Int32(index), bucket.count)
        }
        out.positive = side
        let reaches = buckets.first?.lower == -.infinity && buckets.last?.upper == .infinity
        let isGapless = zip(buckets, buckets.dropFirst()).allSatisfy { $0.upper == $1.lower }
        out.layoutKnowledge = reaches && isGapless ? .whole : .populated
        return out
    }
}

/// What the buckets of a histogram say about bounds.
private struct BoundsSeen {
    enum Place { case bound, noBound, unknown }

    private let bounds: Set<Double>
    private let isWhole: Bool
    /// Buckets that are there, even if empty by now.
    private let buckets: [FloatHistogram.Bucket]

    init(_ histogram: FloatHistogram) {
        bounds = Set(histogram.customValues)
        isWhole = histogram.layoutKnowledge == .whole
        let side = histogram.positive
        buckets = side.indexes.map { histogram.positiveBucket(at: $0, count: 0) }
    }

    func place(of bound: Double) -> Place {
        if bounds.contains(bound) { return .bound }
        if isWhole || buckets.contains(where: { $0.lower < bound && bound < $0.upper }) {
            return .noBound
        }
        return .unknown
    }

    /// Whether one bucket covers all between two values.
    func hasBucket(over lower: Double, _ upper: Double) -> Bool {
        buckets.contains { $0.lower <= lower && upper <= $0.upper }
    }

    /// Whether any bucket lies between two values.
    func hasBuckets(from lower: Double, to upper: Double) -> Bool {
        buckets.contains { $0.lower >= lower && $0.upper <= upper }
    }
}
