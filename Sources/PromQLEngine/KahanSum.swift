/// A running sum with Neumaier's compensation, as Prometheus `util/kahansum`.
struct KahanSum {
    var sum: Double
    var compensation: Double

    init(_ sum: Double = 0, compensation: Double = 0) {
        self.sum = sum
        self.compensation = compensation
    }

    @inline(__always)
    mutating func add(_ value: Double) {
        let next = sum + value
        if next.isInfinite {
            compensation = 0
        } else if sum.magnitude >= value.magnitude {
            compensation += (sum - next) + value
        } else {
            compensation += (value - next) + sum
        }
        sum = next
    }

    var total: Double { sum + compensation }
}

/// A mean that is the compensated sum over the count as long as the sum is finite, and is carried
/// on step by step from the first value that would make it infinite.
struct KahanMean {
    private var state: KahanSum
    private var isIncremental = false
    private var count: Double = 1

    init(_ first: Double) { state = KahanSum(first) }

    mutating func add(_ value: Double) {
        count += 1
        if !isIncremental {
            var next = state
            next.add(value)
            if !next.sum.isInfinite {
                state = next
                return
            }
            isIncremental = true
            state.sum /= count - 1
            state.compensation /= count - 1
        }
        let share = (count - 1) / count
        state = KahanSum(share * state.sum, compensation: share * state.compensation)
        state.add(value / count)
    }

    var mean: Double {
        isIncremental ? state.total : state.sum / count + state.compensation / count
    }
}
