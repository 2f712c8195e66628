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
