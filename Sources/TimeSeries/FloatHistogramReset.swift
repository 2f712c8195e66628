extension FloatHistogram {
    /// Whether the counter behind this histogram was reset since `previous`.
    ///
    /// A hint decides when there is one; otherwise any population that fell does, and any change
    /// of layout that a running counter cannot make. The sum never matters: negative observations
    /// lower it. As Prometheus `model/histogram/float_histogram.go`.
    ///
    /// - Parameter reconciling: whether custom bounds may change without a reset.
    public func isReset(after previous: FloatHistogram, reconciling: Bool = true) -> Bool {
        switch counterResetHint {
        case .reset: return true
        case .notReset: return false
        case .unknown, .gauge: break
        }
        if count < previous.count { return true }
        if layoutKnowledge == .nothing || previous.layoutKnowledge == .nothing { return false }
        if usesCustomBuckets != previous.usesCustomBuckets { return true }
        if usesCustomBuckets {
            let bounds = commonBounds(with: previous)
            if bounds.differ, !reconciling { return true }
            let common = Layout(
                schema: schema, zeroThreshold: zeroThreshold, customValues: bounds.bounds)
            return Self.fell(
                from: previous.adapted(to: common).positive, to: adapted(to: common).positive)
        }
        if schema > previous.schema || zeroThreshold < previous.zeroThreshold { return true }
        if hasShape(of: previous) {
            return zeroCount < previous.zeroCount
                || zip(positiveBuckets, previous.positiveBuckets).contains { $0 < $1 }
                || zip(negativeBuckets, previous.negativeBuckets).contains { $0 < $1 }
        }
        if previous.zeroThreshold(atLeast: zeroThreshold) != zeroThreshold { return true }
        let before = previous.adapted(to: layout)
        return zeroCount < before.zeroCount
            || Self.fell(from: before.positive, to: positive)
            || Self.fell(from: before.negative, to: negative)
    }

    /// Whether the buckets of both are the same ones, seen without unfolding the spans.
    private func hasShape(of other: FloatHistogram) -> Bool {
        layout == other.layout && positiveSpans == other.positiveSpans
            && negativeSpans == other.negativeSpans
            && positiveBuckets.count == other.positiveBuckets.count
            && negativeBuckets.count == other.negativeBuckets.count
    }

    /// Whether any bucket holds less than before, or is gone that was not empty: of what is no
    /// counter a bucket can hold less than nothing.
    private static func fell(from before: HistogramSide, to after: HistogramSide) -> Bool {
        var j = 0
        for i in before.indexes.indices {
            let index = before.indexes[i]
            while j < after.indexes.count, after.indexes[j] < index { j += 1 }
            if j < after.indexes.count, after.indexes[j] == index {
                if after.counts[j] < before.counts[i] { return true }
            } else if before.counts[i] != 0 {
                return true
            }
        }
        return false
    }
}
