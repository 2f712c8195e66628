extension FloatHistogram {
    /// The bucketwise sum, in the finest common layout; not compacted.
    ///
    /// `collision`: one operand says its counter was reset and the other says it was not.
    /// `reconciled`: custom bounds differed and only the common ones were kept; an error without
    /// `reconciling`.
    public func adding(
        _ other: FloatHistogram, reconciling: Bool = true
    ) throws(LayoutError)
        -> (sum: FloatHistogram, collision: Bool, reconciled: Bool)
    {
        try combined(with: other, reconciling: reconciling, +)
    }

    /// The bucketwise difference, a gauge; otherwise as `adding`.
    public func subtracting(
        _ other: FloatHistogram, reconciling: Bool = true
    ) throws(LayoutError)
        -> (sum: FloatHistogram, collision: Bool, reconciled: Bool)
    {
        var result = try combined(with: other, reconciling: reconciling, -)
        result.sum.counterResetHint = .gauge
        return result
    }

    private func combined(
        with other: FloatHistogram, reconciling: Bool, _ combine: (Double, Double) -> Double
    ) throws(LayoutError) -> (sum: FloatHistogram, collision: Bool, reconciled: Bool) {
        let (common, reconciled) = try commonLayout(with: other, reconciling: reconciling)
        var out = adapted(to: common)
        let addend = other.adapted(to: common)
        let hint = Self.hint(counterResetHint, plus: other.counterResetHint)
        out.counterResetHint = hint.hint
        out.count = combine(out.count, addend.count)
        out.sum = combine(out.sum, addend.sum)
        out.zeroCount = combine(out.zeroCount, addend.zeroCount)
        if out.positiveSpans == addend.positiveSpans,
            out.positiveBuckets.count == addend.positiveBuckets.count
        {
            for i in out.positiveBuckets.indices {
                out.positiveBuckets[i] = combine(out.positiveBuckets[i], addend.positiveBuckets[i])
            }
        } else {
            out.positive = out.positive.merged(with: addend.positive, combine)
        }
        if out.negativeSpans == addend.negativeSpans,
            out.negativeBuckets.count == addend.negativeBuckets.count
        {
            for i in out.negativeBuckets.indices {
                out.negativeBuckets[i] = combine(out.negativeBuckets[i], addend.negativeBuckets[i])
            }
        } else {
            out.negative = out.negative.merged(with: addend.negative, combine)
        }
        return (out, hint.collision, reconciled)
    }

    /// The hint of a sum: equal hints stay, a gauge wins, anything else is not known.
    static func hint(
        _ a: CounterResetHint, plus b: CounterResetHint
    )
        -> (hint: CounterResetHint, collision: Bool)
    {
        switch (a, b) {
        case _ where a == b: (a, false)
        case (.gauge, _), (_, .gauge): (.gauge, false)
        case (.reset, .notReset), (.notReset, .reset): (.unknown, true)
        default: (.unknown, false)
        }
    }

    /// The same with the hint of another one.
    public func hinted(as other: FloatHistogram) -> FloatHistogram {
        var out = self
        out.counterResetHint = other.counterResetHint
        return out
    }

    /// Every count and the sum multiplied; a negative factor makes a gauge.
    public func scaled(by factor: Double) -> FloatHistogram {
        var out = mapped { $0 * factor }
        if factor < 0 { out.counterResetHint = .gauge }
        return out
    }

    /// Every count and the sum divided; division by zero takes the buckets away, for they would
    /// all be infinite. A negative divisor makes a gauge.
    public func divided(by divisor: Double) -> FloatHistogram {
        var out = mapped { $0 / divisor }
        if divisor == 0 {
            out.positiveSpans = []
            out.positiveBuckets = []
            out.negativeSpans = []
            out.negativeBuckets = []
        }
        if divisor < 0 { out.counterResetHint = .gauge }
        return out
    }

    func mapped(_ transform: (Double) -> Double) -> FloatHistogram {
        var out = self
        out.count = transform(count)
        out.sum = transform(sum)
        out.zeroCount = transform(zeroCount)
        for i in out.positiveBuckets.indices {
            out.positiveBuckets[i] = transform(out.positiveBuckets[i])
        }
        for i in out.negativeBuckets.indices {
            out.negativeBuckets[i] = transform(out.negativeBuckets[i])
        }
        return out
    }
}

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
