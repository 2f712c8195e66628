internal import PromQL
internal import TimeSeries

/// Reduces the columns of a group to one, step by step in the order of the series.
struct GroupReduction {
    private let op: Aggregation.Operator
    private let steps: Int
    private let dialect: EngineOptions.Dialect
    private let quantiles: [Double]

    init(
        _ op: Aggregation.Operator, steps: Int, dialect: EngineOptions.Dialect,
        quantiles: [Double]
    ) {
        self.op = op
        self.steps = steps
        self.dialect = dialect
        self.quantiles = quantiles
    }

    /// `result` comes filled with absence.
    func reduce(_ columns: some Sequence<[Double]>, into result: inout [Double]) {
        switch op {
        case .sum:
            if dialect == .prometheus2 {
                fold(columns, &result) { $0 + $1 }
            } else {
                sum(columns, &result)
            }
        case .avg: average(columns, &result)
        case .min: fold(columns, &result) { $0 > $1 || $0.isNaN ? $1 : $0 }
        case .max: fold(columns, &result) { $0 < $1 || $0.isNaN ? $1 : $0 }
        case .count:
            for column in columns {
                for step in 0..<steps where !SampleValue.isAbsent(column[step]) {
                    result[step] = SampleValue.isAbsent(result[step]) ? 1 : result[step] + 1
                }
            }
        case .group:
            for column in columns {
                for step in 0..<steps where !SampleValue.isAbsent(column[step]) {
                    result[step] = 1
                }
            }
        case .stddev, .stdvar: variance(columns, &result)
        case .quantile:
            let gathered = Array(columns)
            for step in 0..<steps {
                let values = Self.values(gathered, at: step)
                if !values.isEmpty { result[step] = Quantile.value(quantiles[step], of: values) }
            }
        case .topk, .bottomk, .limitk, .limitRatio, .countValues: break
        }
    }

    @inline(__always)
    private func fold(
        _ columns: some Sequence<[Double]>, _ result: inout [Double],
        _ combine: (Double, Double) -> Double
    ) {
        for column in columns {
            for step in 0..<steps {
                let value = column[step]
                if SampleValue.isAbsent(value) { continue }
                let known = result[step]
                result[step] = SampleValue.isAbsent(known) ? value : combine(known, value)
            }
        }
    }

    private func sum(_ columns: some Sequence<[Double]>, _ result: inout [Double]) {
        var compensations = [Double](repeating: 0, count: steps)
        for column in columns {
            for step in 0..<steps {
                let value = column[step]
                if SampleValue.isAbsent(value) { continue }
                if SampleValue.isAbsent(result[step]) {
                    result[step] = value
                    continue
                }
                var sum = KahanSum(result[step], compensation: compensations[step])
                sum.add(value)
                result[step] = sum.sum
                compensations[step] = sum.compensation
            }
        }
        for step in 0..<steps where !SampleValue.isAbsent(result[step]) {
            result[step] += compensations[step]
        }
    }

    private func average(_ columns: some Sequence<[Double]>, _ result: inout [Double]) {
        if dialect == .prometheus2 {
            runningAverage(columns, &result)
            return
        }
        var means = [KahanMean?](repeating: nil, count: steps)
        for column in columns {
            for step in 0..<steps where !SampleValue.isAbsent(column[step]) {
                if means[step] == nil {
                    means[step] = KahanMean(column[step])
                } else {
                    means[step]?.add(column[step])
                }
            }
        }
        for step in 0..<steps {
            if let mean = means[step] { result[step] = mean.mean }
        }
    }

    /// As 2.42: a mean carried on from value to value.
    private func runningAverage(_ columns: some Sequence<[Double]>, _ result: inout [Double]) {
        var counts = [Double](repeating: 0, count: steps)
        for column in columns {
            for step in 0..<steps where !SampleValue.isAbsent(column[step]) {
                let value = column[step]
                counts[step] += 1
                guard counts[step] > 1 else {
                    result[step] = value
                    continue
                }
                let mean = result[step]
                if mean.isInfinite {
                    if value.isInfinite, (mean > 0) == (value > 0) { continue }
                    if value.isFinite { continue }
                }
                result[step] = mean + (value / counts[step] - mean / counts[step])
            }
        }
    }

    /// Welford's method, without compensation.
    private func variance(_ columns: some Sequence<[Double]>, _ result: inout [Double]) {
        var counts = [Double](repeating: 0, count: steps)
        var means = counts
        for column in columns {
            for step in 0..<steps where !SampleValue.isAbsent(column[step]) {
                let value = column[step]
                counts[step] += 1
                guard counts[step] > 1 else {
                    means[step] = value
                    // 2.x starts from 0 whatever the value.
                    result[step] = value.isFinite || dialect == .prometheus2 ? 0 : .nan
                    continue
                }
                let delta = value - means[step]
                means[step] += delta / counts[step]
                result[step] += delta * (value - means[step])
            }
        }
        for step in 0..<steps where counts[step] > 0 {
            let variance = result[step] / counts[step]
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
    static func value(_ quantile: Double, of values: [Double]) -> Double {
        if values.isEmpty || quantile.isNaN { return .nan }
        if quantile < 0 { return -.infinity }
        if quantile > 1 { return .infinity }
        let sorted = values.sorted { $0.isNaN ? !$1.isNaN : $0 < $1 }
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
