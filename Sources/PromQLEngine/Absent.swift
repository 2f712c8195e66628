internal import PromQL
internal import TimeSeries

extension Evaluator {
    /// 1 at the steps where no series has a value.
    func absence(of series: [StepSeries], from argument: Expression) -> [StepSeries] {
        var values = [Double](repeating: 1, count: grid.count)
        for one in series {
            for step in values.indices where one.hasValue(at: step) {
                values[step] = SampleValue.absent
            }
        }
        if values.allSatisfy(SampleValue.isAbsent) { return [] }
        return [StepSeries(labels: Self.labelsWhereAbsent(argument), values: values)]
    }

    mutating func absentOverTime(
        _ argument: Expression
    ) throws(EvaluationError) -> [StepSeries] {
        let vector = try rangeVector(argument)
        try refuse(vector.extended, in: .absentOverTime)
        var values = [Double](repeating: 1, count: grid.count)
        for series in vector.series {
            try state.check()
            var cursor = WindowCursor(vector.windows)
            for step in values.indices where !cursor.window(at: step, of: series).isEmpty {
                values[step] = SampleValue.absent
            }
        }
        if values.allSatisfy(SampleValue.isAbsent) { return [] }
        return [StepSeries(labels: Self.labelsWhereAbsent(argument), values: values)]
    }

    /// The labels that a selector asks for by `=`; a label named twice is left out.
    private static func labelsWhereAbsent(_ argument: Expression) -> LabelSet {
        let matchers: [LabelMatcher]
        switch argument.unwrapped {
        case .vectorSelector(let selector): matchers = selector.matchers
        case .matrixSelector(let matrix): matchers = matrix.selector.matchers
        case .number, .string, .paren, .unary, .binary, .aggregation, .call, .subquery, .fragment:
            return .empty
        }
        var labels = LabelSet.empty
        var seen: Set<String> = []
        for matcher in matchers where matcher.name != "__name__" {
            let isFirst = !seen.contains(matcher.name)
            if matcher.op == .equal, isFirst {
                labels = labels.setting(matcher.name, to: matcher.value)
                seen.insert(matcher.name)
            } else {
                labels = labels.setting(matcher.name, to: "")
            }
        }
        return labels
    }
}
