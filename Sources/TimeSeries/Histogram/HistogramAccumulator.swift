/// Sums or averages histograms with Kahan-Neumaier compensation in every field, as `sum`, `avg`,
/// `sum_over_time` and `avg_over_time` do.
public struct HistogramAccumulator: Sendable {
    public enum Goal: Sendable, Hashable { case sum, mean }

    private let goal: Goal
    private let reconciling: Bool
    /// The running sum, or the running mean once a sum would have overflowed.
    private var total: FloatHistogram
    /// What rounding took away from each field of `total`, in the same bucket layout.
    private var lost: FloatHistogram
    private var isMean = false
    public private(set) var count = 1
    /// Some histogram was marked as a reset and some other as none.
    public var hintsCollide: Bool { sawReset && sawNotReset }
    /// Custom bounds differed and only the common ones were kept.
    public private(set) var boundsReconciled = false
    private var sawReset: Bool
    private var sawNotReset: Bool

    /// - Parameter reconciling: whether different custom bounds can be brought together.
    public init(_ first: FloatHistogram, goal: Goal, reconciling: Bool = true) {
        self.goal = goal
        self.reconciling = reconciling
        total = first
        lost = first.mapped { _ in 0 }
        sawReset = first.counterResetHint == .reset
        sawNotReset = first.counterResetHint == .notReset
    }

    /// Takes one more histogram. On an error nothing has changed.
    public mutating func add(_ next: FloatHistogram) throws(FloatHistogram.LayoutError) {
        let (common, reconciled) = try total.commonLayout(with: next, reconciling: reconciling)
        if reconciled { boundsReconciled = true }
        sawReset = sawReset || next.counterResetHint == .reset
        sawNotReset = sawNotReset || next.counterResetHint == .notReset
        let hint = FloatHistogram.hint(total.counterResetHint, plus: next.counterResetHint).hint
        if total.layout != common {
            // Both have the same buckets, so both move the same way.
            lost = lost.adapted(to: common)
            total = total.adapted(to: common)
        }
        total.counterResetHint = hint
        count += 1
        let addend = next.adapted(to: common)
        guard goal == .mean else {
            increase(by: addend)
            return
        }
        if !isMean {
            let before = (total, lost)
            increase(by: addend)
            if !total.overflows { return }
            (total, lost) = before
            isMean = true
            let n = Double(count - 1)
            total = total.mapped { $0 / n }
            lost = lost.mapped { $0 / n }
        }
        let n = Double(count)
        let weight = (n - 1) / n
        total = total.mapped { $0 * weight }
        lost = lost.mapped { $0 * weight }
        increase(by: addend.mapped { $0 / n })
    }

    /// The sum, or the mean, of all histograms; compacted.
    public var result: FloatHistogram {
        var out = total
        let n = goal == .mean && !isMean ? Double(count) : 1
        out.count = total.count / n + lost.count / n
        out.sum = total.sum / n + lost.sum / n
        out.zeroCount = total.zeroCount / n + lost.zeroCount / n
        for i in out.positiveBuckets.indices {
            out.positiveBuckets[i] = total.positiveBuckets[i] / n + lost.positiveBuckets[i] / n
        }
        for i in out.negativeBuckets.indices {
            out.negativeBuckets[i] = total.negativeBuckets[i] / n + lost.negativeBuckets[i] / n
        }
        return out.compacted()
    }

    private mutating func increase(by addend: FloatHistogram) {
        Self.increase(&total.count, &lost.count, by: addend.count)
        Self.increase(&total.sum, &lost.sum, by: addend.sum)
        Self.increase(&total.zeroCount, &lost.zeroCount, by: addend.zeroCount)
        if Self.sameShape(total, addend, \.positiveSpans, \.positiveBuckets) {
            Self.increase(
                &total.positiveBuckets, &lost.positiveBuckets, by: addend.positiveBuckets)
        } else {
            let (a, b) = Self.increased(total.positive, lost.positive, by: addend.positive)
            (total.positive, lost.positive) = (a, b)
        }
        if Self.sameShape(total, addend, \.negativeSpans, \.negativeBuckets) {
            Self.increase(
                &total.negativeBuckets, &lost.negativeBuckets, by: addend.negativeBuckets)
        } else {
            let (a, b) = Self.increased(total.negative, lost.negative, by: addend.negative)
            (total.negative, lost.negative) = (a, b)
        }
    }

    private static func sameShape(
        _ total: FloatHistogram, _ addend: FloatHistogram,
        _ spans: KeyPath<FloatHistogram, [FloatHistogram.Span]>,
        _ buckets: KeyPath<FloatHistogram, [Double]>
    ) -> Bool {
        total[keyPath: spans] == addend[keyPath: spans]
            && total[keyPath: buckets].count == addend[keyPath: buckets].count
    }

    private static func increased(
        _ total: HistogramSide, _ lost: HistogramSide, by addend: HistogramSide
    ) -> (HistogramSide, HistogramSide) {
        // Merging with empty counts gives all three the same indexes.
        var grown = total.merged(with: addend) { a, _ in a }
        var grownLost = lost.merged(with: addend) { a, _ in a }
        let grownAddend = total.merged(with: addend) { _, b in b }
        increase(&grown.counts, &grownLost.counts, by: grownAddend.counts)
        return (grown, grownLost)
    }

    private static func increase(
        _ total: inout [Double], _ lost: inout [Double], by addend: [Double]
    ) {
        for i in addend.indices { increase(&total[i], &lost[i], by: addend[i]) }
    }

    /// One Kahan-Neumaier step.
    private static func increase(_ sum: inout Double, _ lost: inout Double, by x: Double) {
        let next = sum + x
        if next.isInfinite {
            lost = 0
        } else if sum.magnitude >= x.magnitude {
            lost += (sum - next) + x
        } else {
            lost += (x - next) + sum
        }
        sum = next
    }
}

extension FloatHistogram {
    /// Whether any field became infinite.
    var overflows: Bool {
        count.isInfinite || sum.isInfinite || zeroCount.isInfinite
            || positiveBuckets.contains { $0.isInfinite }
            || negativeBuckets.contains { $0.isInfinite }
    }
}
