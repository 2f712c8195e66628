import PromQL
public import TimeSeries

extension MetricPlan {
    /// The value of the query, on the steps that the answers are on.
    ///
    /// - Parameters:
    ///   - steps: their number; 1 for an instant query.
    ///   - answers: by fetch, the member's series in the names that users see (`LogScope.visible`),
    ///     without the partition label, which is added here; each has a value, or
    ///     `SampleValue.absent`, for every step. Of a member that is missing none.
    /// - Returns: series that have a value at some step, in the order of their labels; by value where
    ///   the outermost part is `sort` or `sort_desc`, and there is one step. A number is one series
    ///   without labels.
    /// - Throws: an error of the query that only its data shows.
    public func value(
        on steps: Int, of answers: [[StepSeries]]
    ) throws(LogQLRefusal) -> [StepSeries] {
        let evaluation = PlanEvaluation(steps: steps, answers: labelled(answers))
        var series = try evaluation.series(of: root)
        series.removeAll(where: \.isEmpty)
        series.sort { $0.labels < $1.labels }
        guard steps == 1, case .aggregation(let op, _, _, _) = root,
            op == .sort || op == .sortDescending
        else { return series }
        // Stable, so that equal values stay in the order of labels. NaN comes last.
        return series.enumerated().sorted { a, b in
            let (x, y) = (a.element.values[0], b.element.values[0])
            if x == y || (x.isNaN && y.isNaN) { return a.offset < b.offset }
            if x.isNaN || y.isNaN { return y.isNaN }
            return op == .sort ? x < y : x > y
        }.map(\.element)
    }

    private func labelled(_ answers: [[StepSeries]]) -> [[StepSeries]] {
        fetches.indices.map { index in
            let answer = index < answers.count ? answers[index] : []
            guard fetches[index].addsLabel else { return answer }
            let label = labels[index]
            return answer.map { series in
                var series = series
                series.labels = series.labels.setting(label.name, to: label.value)
                return series
            }
        }
    }
}

/// Computes the parts of a plan, all steps at once.
struct PlanEvaluation {
    let steps: Int
    /// By fetch.
    let answers: [[StepSeries]]

    func series(of node: PlanNode) throws(LogQLRefusal) -> [StepSeries] {
        switch node {
        case .number(let number), .vector(let number): return [constant(number.value)]
        case .merged(let strategy, let fetches): return merged(strategy, fetches)
        case .average(let sums, let counts):
            return quotient(merged(.sum, sums), merged(.sum, counts))
        case .variance(let counts, let means, let variances, let isDeviation):
            return variance(counts, means, variances, isDeviation: isDeviation)
        case .absence(let fetches, let labels): return absence(fetches, labels)
        case .aggregation(let op, let parameter, let grouping, let inner):
            return aggregated(op, parameter, grouping, try series(of: inner))
        case .binary(let op, let returnsBool, let matching, let left, let right):
            return try binary(op, returnsBool: returnsBool, matching, left, right)
        case .labelReplace(let inner, let target, let replacement, let source, let pattern):
            return try replaced(
                try series(of: inner), target: target, replacement: replacement, source: source,
                pattern: pattern)
        }
    }

    private func constant(_ value: Double) -> StepSeries {
        StepSeries(labels: .empty, values: [Double](repeating: value, count: steps))
    }

    // MARK: - Merges

    private func merged(_ strategy: MergeStrategy, _ fetches: [Int]) -> [StepSeries] {
        let all = fetches.flatMap { answers[$0] }
        switch strategy {
        case .union: return all
        case .sum: return folded(all) { $0 + $1 }
        case .least: return folded(all) { $1 < $0 || $0.isNaN ? $1 : $0 }
        case .greatest: return folded(all) { $1 > $0 || $0.isNaN ? $1 : $0 }
        }
    }

    /// One series for each label set, with the values of a step put together.
    private func folded(
        _ series: [StepSeries], _ combine: (Double, Double) -> Double
    ) -> [StepSeries] {
        var out: [StepSeries] = []
        var places: [LabelSet: Int] = [:]
        for one in series {
            guard let place = places[one.labels] else {
                places[one.labels] = out.count
                out.append(one)
                continue
            }
            for step in 0..<steps where one.hasValue(at: step) {
                out[place].values[step] =
                    out[place].hasValue(at: step)
                    ? combine(out[place].values[step], one.values[step]) : one.values[step]
            }
        }
        return out
    }

    /// A sum that is not a number has no average, also where nothing could be counted.
    private func quotient(_ sums: [StepSeries], _ counts: [StepSeries]) -> [StepSeries] {
        let counts = Dictionary(
            counts.map { ($0.labels, $0.values) }, uniquingKeysWith: { first, _ in first })
        return sums.map { sum in
            var average = sum
            let count = counts[sum.labels]
            for step in 0..<steps where sum.hasValue(at: step) {
                let divisor = count?[step] ?? SampleValue.absent
                average.values[step] =
                    SampleValue.isAbsent(divisor)
                    ? (sum.values[step].isNaN ? .nan : SampleValue.absent)
                    : sum.values[step] / divisor
            }
            return average
        }
    }

    private func variance(
        _ counts: [Int], _ means: [Int], _ variances: [Int], isDeviation: Bool
    ) -> [StepSeries] {
        var pools: [(labels: LabelSet, steps: [Pool])] = []
        var places: [LabelSet: Int] = [:]
        for ((counts, means), variances) in zip(zip(counts, means), variances) {
            let means = Dictionary(
                answers[means].map { ($0.labels, $0) }, uniquingKeysWith: { first, _ in first })
            let variances = Dictionary(
                answers[variances].map { ($0.labels, $0) }, uniquingKeysWith: { first, _ in first })
            for part in answers[counts] {
                guard let mean = means[part.labels], let variance = variances[part.labels] else {
                    continue
                }
                let place = places[part.labels] ?? pools.count
                if place == pools.count {
                    places[part.labels] = place
                    pools.append((part.labels, [Pool](repeating: Pool(), count: steps)))
                }
                for step in 0..<steps
                where part.hasValue(at: step) && mean.hasValue(at: step)
                    && variance.hasValue(at: step)
                {
                    pools[place].steps[step].add(
                        count: part.values[step], mean: mean.values[step],
                        variance: variance.values[step])
                }
            }
        }
        return pools.map { labels, pools in
            StepSeries(
                labels: labels,
                values: pools.map { pool in
                    guard pool.count > 0 else { return SampleValue.absent }
                    let variance = pool.squares / pool.count
                    return isDeviation ? variance.squareRoot() : variance
                })
        }
    }

    private func absence(_ fetches: [Int], _ labels: LabelSet) -> [StepSeries] {
        let values = (0..<steps).map { step in
            let isAbsent = fetches.allSatisfy { fetch in
                answers[fetch].contains { $0.hasValue(at: step) }
            }
            return isAbsent ? 1 : SampleValue.absent
        }
        return [StepSeries(labels: labels, values: values)]
    }
}

/// Values of several members, by their number, mean and variance.
private struct Pool {
    var count = 0.0
    var mean = 0.0
    /// Of squares of differences from the mean.
    var squares = 0.0

    mutating func add(count other: Double, mean otherMean: Double, variance: Double) {
        let total = count + other
        let difference = otherMean - mean
        let share = other / total
        squares += variance * other + difference * difference * count * share
        mean += difference * share
        count = total
    }
}
