extension FloatHistogram {
    /// Two histograms cannot be brought to one bucket layout.
    public enum LayoutError: Error, Sendable, Hashable {
        /// One has custom buckets and the other exponential ones.
        case incompatible
        /// Their custom bounds differ, and are not to be reconciled.
        case differentBounds
        /// Their custom bounds differ, and bounds that are not known would decide the result.
        case unknownBounds
    }

    /// Where the buckets of a histogram lie.
    struct Layout: Equatable {
        var schema: Int32
        var zeroThreshold: Double
        var customValues: [Double]
        var knowledge = LayoutKnowledge.whole
    }

    var layout: Layout {
        Layout(
            schema: schema, zeroThreshold: zeroThreshold, customValues: customValues,
            knowledge: layoutKnowledge)
    }

    var positive: HistogramSide {
        get { HistogramSide(positiveSpans, positiveBuckets) }
        set {
            positiveSpans = newValue.spans
            positiveBuckets = newValue.counts
        }
    }

    var negative: HistogramSide {
        get { HistogramSide(negativeSpans, negativeBuckets) }
        set {
            negativeSpans = newValue.spans
            negativeBuckets = newValue.counts
        }
    }

    /// The finest layout both histograms can be brought to without cutting a populated bucket:
    /// the coarser schema, the wider zero bucket (widened further to the end of any populated
    /// bucket it would cut), the common custom bounds. Where nothing is known of one, the other's.
    ///
    /// `reconciled`: custom bounds differed and only the common ones were kept. Without
    /// `reconciling` that is an error; bounds that may be equal are taken for such.
    func commonLayout(
        with other: FloatHistogram, reconciling: Bool = true
    ) throws(LayoutError) -> (layout: Layout, reconciled: Bool) {
        if layoutKnowledge == .nothing { return (other.layout, false) }
        if other.layoutKnowledge == .nothing { return (layout, false) }
        guard usesCustomBuckets == other.usesCustomBuckets else { throw .incompatible }
        if usesCustomBuckets {
            let common = commonBounds(with: other)
            if common.differ, !reconciling { throw .differentBounds }
            guard common.isCertain else { throw .unknownBounds }
            let layout = Layout(
                schema: schema, zeroThreshold: 0, customValues: common.bounds,
                knowledge: common.knowledge)
            return (layout, common.differ)
        }
        var threshold = max(zeroThreshold, other.zeroThreshold)
        while true {
            let widened = other.zeroThreshold(atLeast: self.zeroThreshold(atLeast: threshold))
            if !(widened > threshold) { break }
            threshold = widened
        }
        let layout = Layout(
            schema: min(schema, other.schema), zeroThreshold: threshold, customValues: [])
        return (layout, false)
    }

    /// The least threshold from `threshold` on that lies inside no populated bucket.
    func zeroThreshold(atLeast threshold: Double) -> Double {
        if threshold == zeroThreshold { return threshold }
        var threshold = threshold
        let sides = [positive, negative]
        var settled = false
        while !settled {
            settled = true
            for side in sides {
                for i in side.indexes.indices where side.counts[i] != 0 {
                    let lower = Self.bound(at: side.indexes[i] &- 1, schema: schema)
                    if lower >= threshold { break }
                    let upper = Self.bound(at: side.indexes[i], schema: schema)
                    if upper > threshold {
                        threshold = upper
                        settled = false
                    }
                }
            }
        }
        return threshold
    }

    /// The same observations in a layout that this histogram's layout can be coarsened to.
    func adapted(to target: Layout) -> FloatHistogram {
        if layout == target { return self }
        var out = self
        out.layoutKnowledge = target.knowledge
        if layoutKnowledge == .nothing {
            out.schema = target.schema
            out.zeroThreshold = target.zeroThreshold
            out.customValues = target.customValues
            return out
        }
        if usesCustomBuckets {
            let old = customValues
            let new = target.customValues
            out.customValues = new
            if old != new {
                out.positive = positive.moved { index in
                    guard index >= 0, Int(index) < old.count else { return Int32(new.count) }
                    let bound = old[Int(index)]
                    return Int32(new.firstIndex { $0 >= bound } ?? new.count)
                }
            }
            return out
        }
        if target.zeroThreshold > zeroThreshold {
            out.zeroThreshold = target.zeroThreshold
            func absorb(_ side: HistogramSide) -> HistogramSide {
                side.filtered { index, count in
                    let lower = Self.bound(at: index &- 1, schema: schema)
                    guard lower < target.zeroThreshold else { return true }
                    out.zeroCount += count
                    return false
                }
            }
            out.positive = absorb(positive)
            out.negative = absorb(negative)
        }
        return out.reduced(toSchema: target.schema)
    }

    /// Merges buckets down to a lower (coarser) schema; itself when the schema is not lower or
    /// the buckets are custom.
    public func reduced(toSchema target: Int32) -> FloatHistogram {
        guard target < schema, !usesCustomBuckets, target != Self.customBucketsSchema else {
            return self
        }
        var out = self
        let levels = schema &- target
        out.positive = positive.moved { HistogramSide.reducedIndex($0, levels: levels) }
        out.negative = negative.moved { HistogramSide.reducedIndex($0, levels: levels) }
        out.schema = target
        return out
    }

    /// Without empty buckets.
    public func compacted() -> FloatHistogram {
        guard
            positiveBuckets.contains(0) || negativeBuckets.contains(0)
                || !Self.isTight(positiveSpans, of: positiveBuckets.count)
                || !Self.isTight(negativeSpans, of: negativeBuckets.count)
        else { return self }
        var out = self
        out.positive = positive.filtered { _, count in count != 0 }
        out.negative = negative.filtered { _, count in count != 0 }
        return out
    }

    /// Whether spans cover as many buckets as there are, with a gap between any two.
    private static func isTight(_ spans: [Span], of bucketCount: Int) -> Bool {
        var covered = 0
        for (i, span) in spans.enumerated() {
            if span.length == 0 || (i > 0 && span.offset <= 0) { return false }
            covered += Int(span.length)
        }
        return covered == bucketCount
    }

    /// Bounds present in both lists, which ascend.
    static func common(_ a: [Double], _ b: [Double]) -> [Double] {
        if a == b { return a }
        var out: [Double] = []
        var j = 0
        for bound in a {
            while j < b.count, b[j] < bound { j += 1 }
            if j < b.count, b[j] == bound { out.append(bound) }
        }
        return out
    }

    /// Whether all fields but the hint are the same bit for bit, empty buckets included and
    /// however the spans are cut: what `==` means in PromQL.
    ///
    /// Of what is not known of a layout nothing is compared.
    public func hasSameFields(as other: FloatHistogram) -> Bool {
        if layoutKnowledge != .whole || other.layoutKnowledge != .whole {
            return hasSamePopulation(as: other)
        }
        func same(_ a: [Double], _ b: [Double]) -> Bool {
            a.count == b.count
                && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
        }
        guard schema == other.schema, count.bitPattern == other.count.bitPattern,
            sum.bitPattern == other.sum.bitPattern,
            zeroCount.bitPattern == other.zeroCount.bitPattern,
            zeroThreshold == other.zeroThreshold, same(customValues, other.customValues),
            same(positiveBuckets, other.positiveBuckets),
            same(negativeBuckets, other.negativeBuckets)
        else { return false }
        if positiveSpans == other.positiveSpans, negativeSpans == other.negativeSpans {
            return true
        }
        return positive.indexes == other.positive.indexes
            && negative.indexes == other.negative.indexes
    }

    private func hasSamePopulation(as other: FloatHistogram) -> Bool {
        guard count.bitPattern == other.count.bitPattern, sum.bitPattern == other.sum.bitPattern
        else { return false }
        let ours = allBuckets.filter { $0.count != 0 }
        let theirs = other.allBuckets.filter { $0.count != 0 }
        if !ours.isEmpty, usesCustomBuckets != other.usesCustomBuckets { return false }
        return ours == theirs
    }

    /// What the histogram counts against a query's sample limit, in floats.
    public var weight: Int {
        let items =
            positiveSpans.count + negativeSpans.count + positiveBuckets.count
            + negativeBuckets.count + customValues.count
        return (168 + 8 * items + 8) / 16
    }
}
