import RegularExpressions
import TimeSeries

extension PlanEvaluation {
    func aggregated(
        _ op: VectorAggregation.Operator, _ parameter: Int?, _ grouping: Grouping?,
        _ series: [StepSeries]
    ) -> [StepSeries] {
        let names = LabelNames(grouping?.labels ?? [])
        // In the order met, so that sums are the same each time.
        var groups: [(labels: LabelSet, members: [Int])] = []
        var places: [LabelSet: Int] = [:]
        for (index, one) in series.enumerated() {
            let isWithout = grouping?.isWithout ?? false
            let key = isWithout ? one.labels.removing(names) : one.labels.keeping(names)
            if let place = places[key] {
                groups[place].members.append(index)
            } else {
                places[key] = groups.count
                groups.append((key, [index]))
            }
        }
        switch op {
        case .sort, .sortDescending: return series
        case .topk, .approximateTopk:
            return ranked(parameter ?? 0, groups.map(\.members), series) { $0 > $1 }
        case .bottomk: return ranked(parameter ?? 0, groups.map(\.members), series) { $0 < $1 }
        case .sum, .avg, .max, .min, .count, .stddev, .stdvar:
            return groups.map { labels, members in
                var values: [Double] = []
                values.reserveCapacity(steps)
                for step in 0..<steps {
                    var total = RunningTotal()
                    for member in members where series[member].hasValue(at: step) {
                        total.add(series[member].values[step])
                    }
                    values.append(total.value(of: op))
                }
                return StepSeries(labels: labels, values: values)
            }
        }
    }

    /// Of each group, at each step, the first so many. What is not a number comes last, and of equals
    /// the one whose labels come first is first.
    private func ranked(
        _ count: Int, _ groups: [[Int]], _ series: [StepSeries],
        _ precedes: (Double, Double) -> Bool
    ) -> [StepSeries] {
        var out = series.map { StepSeries(labels: $0.labels, absentFor: steps) }
        for members in groups {
            let ordered = members.sorted { series[$0].labels < series[$1].labels }
            for step in 0..<steps {
                let present = ordered.filter { series[$0].hasValue(at: step) }
                let best = present.enumerated().sorted { a, b in
                    let (x, y) = (series[a.element].values[step], series[b.element].values[step])
                    if precedes(x, y) { return true }
                    if precedes(y, x) { return false }
                    if x.isNaN != y.isNaN { return y.isNaN }
                    return a.offset < b.offset
                }
                for (_, index) in best.prefix(count) {
                    out[index].values[step] = series[index].values[step]
                }
            }
        }
        return out
    }

    func replaced(
        _ series: [StepSeries], target: String, replacement: String, source: String,
        pattern: String
    ) throws(LogQLRefusal) -> [StepSeries] {
        guard let expression = try? RegularExpression(pattern) else { return series }
        let replaced = series.map { one in
            let value = one.labels[source] ?? ""
            guard let text = expression.expand(value, template: replacement) else { return one }
            var copy = one
            copy.labels = one.labels.setting(target, to: text)
            return copy
        }
        guard Set(replaced.map(\.labels)).count == replaced.count else {
            throw LogQLRefusal(
                .badRequest, "label_replace: several series have the same labels afterwards")
        }
        return replaced
    }
}

/// The values of one group at one step.
private struct RunningTotal {
    private var count = 0.0
    private var sum = 0.0
    private var mean = 0.0
    /// Of squares of differences from the mean.
    private var squares = 0.0
    private var least = Double.nan
    private var greatest = Double.nan

    mutating func add(_ value: Double) {
        count += 1
        sum += value
        let difference = value - mean
        mean += difference / count
        squares += difference * (value - mean)
        if least.isNaN || value < least { least = value }
        if greatest.isNaN || value > greatest { greatest = value }
    }

    /// `SampleValue.absent` for no values at all.
    func value(of op: VectorAggregation.Operator) -> Double {
        guard count > 0 else { return SampleValue.absent }
        return switch op {
        case .count: count
        case .avg: sum / count
        case .max: greatest
        case .min: least
        case .stddev: (squares / count).squareRoot()
        case .stdvar: squares / count
        case .sum, .bottomk, .topk, .approximateTopk, .sort, .sortDescending: sum
        }
    }
}
