internal import PromQL
internal import TimeSeries

/// `and`, `or` and `unless`: elements of one side are kept by whether the other side has their key
/// at the same step.
struct SetOperation {
    private let op: Binary.Operator
    private let key: MatchKey
    private let steps: Int

    init(_ op: Binary.Operator, _ matching: VectorMatching, steps: Int) {
        self.op = op
        key = MatchKey(matching)
        self.steps = steps
    }

    func evaluate(
        _ left: [StepSeries], _ right: [StepSeries], in evaluator: Evaluator
    ) throws(EvaluationError) -> [StepSeries] {
        let numbers = key.numbers(left, right)
        switch op {
        case .and:
            let present = presence(right, numbers.right, count: numbers.count)
            return filter(left, numbers.left) { number, step in
                present[number]?.steps[step] ?? false
            }
        case .unless:
            let present = presence(right, numbers.right, count: numbers.count)
            return filter(left, numbers.left) { number, step in
                !(present[number]?.steps[step] ?? false)
            }
        default:
            let present = presence(left, numbers.left, count: numbers.count)
            let others = filter(right, numbers.right) { number, step in
                !(present[number]?.steps[step] ?? false)
            }
            return try evaluator.merged(left + others)
        }
    }

    private func presence(
        _ series: [StepSeries], _ numbers: [Int], count: Int
    ) -> [Presence?] {
        var result = [Presence?](repeating: nil, count: count)
        for (one, number) in zip(series, numbers) {
            var presence = result[number] ?? Presence(steps: steps)
            result[number] = nil
            presence.add(one)
            result[number] = presence
        }
        return result
    }

    private func filter(
        _ series: [StepSeries], _ numbers: [Int], _ keeps: (_ number: Int, _ step: Int) -> Bool
    ) -> [StepSeries] {
        var result: [StepSeries] = []
        result.reserveCapacity(series.count)
        for (one, number) in zip(series, numbers) {
            var kept = one
            for step in kept.values.indices where !keeps(number, step) {
                kept.values[step] = SampleValue.absent
                if !kept.histograms.isEmpty { kept.histograms[step] = nil }
            }
            if !kept.isEmpty { result.append(kept) }
        }
        return result
    }
}
