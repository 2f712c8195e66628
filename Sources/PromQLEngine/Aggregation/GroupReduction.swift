internal import PromQL
internal import TimeSeries

/// Reduces the columns of a group to one, step by step in the order of the series.
struct GroupReduction {
    private let op: Aggregation.Operator
    private let steps: Int
    private let dialect: EngineOptions.Dialect
    private let quantiles: [Double]
    private let budget: EvaluationBudget

    init(
        _ op: Aggregation.Operator, steps: Int, dialect: EngineOptions.Dialect,
        quantiles: [Double], budget: EvaluationBudget
    ) {
        self.budget = budget
        self.op = op
        self.steps = steps
        self.dialect = dialect
        self.quantiles = quantiles
    }

    /// `result` comes filled with absence.
    ///
    /// Some steps of all columns come before the next steps, so that what is kept beside the result
    /// is small, and the clock is looked at.
    func reduce(
        _ columns: [[Double]], into result: inout [Double]
    ) throws(EvaluationError) {
        var work = WorkCounter(budget)
        for steps in StepChunks(steps) {
            switch op {
            case .sum:
                if dialect == .prometheus2 {
                    try fold(columns, steps, &result, &work) { $0 + $1 }
                } else {
                    try sum(columns, steps, &result, &work)
                }
            case .avg: try average(columns, steps, &result, &work)
            case .min:
                try fold(columns, steps, &result, &work) { $0 > $1 || $0.isNaN ? $1 : $0 }
            case .max:
                try fold(columns, steps, &result, &work) { $0 < $1 || $0.isNaN ? $1 : $0 }
            case .count:
                for column in columns {
                    try work.add(steps.count)
                    for step in steps where !SampleValue.isAbsent(column[step]) {
                        result[step] = SampleValue.isAbsent(result[step]) ? 1 : result[step] + 1
                    }
                }
            case .group:
                for column in columns {
                    try work.add(steps.count)
                    for step in steps where !SampleValue.isAbsent(column[step]) {
                        result[step] = 1
                    }
                }
            case .stddev, .stdvar: try variance(columns, steps, &result, &work)
            case .quantile:
                for step in steps {
                    try work.add(columns.count)
                    let values = Self.values(columns, at: step)
                    if values.isEmpty { continue }
                    result[step] = try Quantile.value(
                        quantiles[step], of: values, within: budget)
                }
            case .topk, .bottomk, .limitk, .limitRatio, .countValues: break
            }
        }
    }

    @inline(__always)
    private func fold(
        _ columns: [[Double]], _ steps: Range<Int>, _ result: inout [Double],
        _ work: inout WorkCounter, _ combine: (Double, Double) -> Double
    ) throws(EvaluationError) {
        for column in columns {
            try work.add(steps.count)
            for step in steps {
                let value = column[step]
                if SampleValue.isAbsent(value) { continue }
                let known = result[step]
                result[step] = SampleValue.isAbsent(known) ? value : combine(known, value)
            }
        }
    }

    private func sum(
        _ columns: [[Double]], _ steps: Range<Int>, _ result: inout [Double],
        _ work: inout WorkCounter
    ) throws(EvaluationError) {
        let first = steps.lowerBound
        var compensations = [Double](repeating: 0, count: steps.count)
        for column in columns {
            try work.add(steps.count)
            for step in steps {
                let value = column[step]
                if SampleValue.isAbsent(value) { continue }
                if SampleValue.isAbsent(result[step]) {
                    result[step] = value
                    continue
                }
                var sum = KahanSum(result[step], compensation: compensations[step - first])
                sum.add(value)
                result[step] = sum.sum
                compensations[step - first] = sum.compensation
            }
        }
        for step in steps where !SampleValue.isAbsent(result[step]) {
            result[step] += compensations[step - first]
        }
    }

    private func average(
        _ columns: [[Double]], _ steps: Range<Int>, _ result: inout [Double],
        _ work: inout WorkCounter
    ) throws(EvaluationError) {
        if dialect == .prometheus2 {
            try runningAverage(columns, steps, &result, &work)
            return
        }
        let first = steps.lowerBound
        var means = [KahanMean?](repeating: nil, count: steps.count)
        for column in columns {
            try work.add(steps.count)
            for step in steps where !SampleValue.isAbsent(column[step]) {
                if means[step - first] == nil {
                    means[step - first] = KahanMean(column[step])
                } else {
                    means[step - first]?.add(column[step])
                }
            }
        }
        for step in steps {
            if let mean = means[step - first] { result[step] = mean.mean }
        }
    }

    /// As 2.42: a mean carried on from value to value.
    private func runningAverage(
        _ columns: [[Double]], _ steps: Range<Int>, _ result: inout [Double],
        _ work: inout WorkCounter
    ) throws(EvaluationError) {
        let first = steps.lowerBound
        var counts = [Double](repeating: 0, count: steps.count)
        for column in columns {
            try work.add(steps.count)
            for step in steps where !SampleValue.isAbsent(column[step]) {
                let value = column[step]
                counts[step - first] += 1
                let count = counts[step - first]
                guard count > 1 else {
                    result[step] = value
                    continue
                }
                let mean = result[step]
                if mean.isInfinite {
                    if value.isInfinite, (mean > 0) == (value > 0) { continue }
                    if value.isFinite { continue }
                }
                result[step] = mean + (value / count - mean / count)
            }
        }
    }

    /// Welford's method, without compensation.
    private func variance(
        _ columns: [[Double]], _ steps: Range<Int>, _ result: inout [Double],
        _ work: inout WorkCounter
    ) throws(EvaluationError) {
        let first = steps.lowerBound
        var counts = [Double](repeating: 0, count: steps.count)
        var means = counts
        for column in columns {
            try work.add(steps.count)
            for step in steps where !SampleValue.isAbsent(column[step]) {
                let value = column[step]
                let place = step - first
                counts[place] += 1
                guard counts[place] > 1 else {
                    means[place] = value
                    // 2.x starts from 0 whatever the value.
                    result[step] = value.isFinite || dialect == .prometheus2 ? 0 : .nan
                    continue
                }
                let delta = value - means[place]
                means[place] += delta / counts[place]
                result[step] += delta * (value - means[place])
            }
        }
        for step in steps where counts[step - first] > 0 {
            let variance = result[step] / counts[step - first]
            result[step] = op == .stddev ? variance.squareRoot() : variance
        }
    }

    private static func values(_ columns: [[Double]], at step: Int) -> [Double] {
        var values: [Double] = []
        values.reserveCapacity(columns.count)
        for column in columns where !SampleValue.isAbsent(column[step]) {
            values.append(column[step])
        }
        return values
    }
}

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

/// The quantile of a set of floats, linearly interpolated, NaN smallest of all.
enum Quantile {
    static func value(
        _ quantile: Double, of values: [Double], within budget: EvaluationBudget
    ) throws(EvaluationError) -> Double {
        if values.isEmpty || quantile.isNaN { return .nan }
        if quantile < 0 { return -.infinity }
        if quantile > 1 { return .infinity }
        var sorted = values
        if sorted.count > WorkCounter.interval {
            try sorted.sort(within: budget) { $0.isNaN ? !$1.isNaN : $0 < $1 }
        } else {
            sorted.sort { $0.isNaN ? !$1.isNaN : $0 < $1 }
        }
        let rank = quantile * Double(sorted.count - 1)
        let lower = Int(max(0, rank.rounded(.down)))
        let upper = min(sorted.count - 1, lower + 1)
        let weight = rank - rank.rounded(.down)
        return sorted[lower] * (1 - weight) + sorted[upper] * weight
    }

    static func isOutside(_ quantile: Double) -> Bool {
        !(quantile >= 0 && quantile <= 1)
    }
}
