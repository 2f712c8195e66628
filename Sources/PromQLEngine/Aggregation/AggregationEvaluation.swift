internal import PromQL
internal import TimeSeries

extension Evaluator {
    mutating func evaluateAggregation(
        _ aggregation: Aggregation
    ) throws(EvaluationError) -> [StepSeries] {
        switch aggregation.op {
        case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar:
            let input = try vector(aggregation.expression)
            return try reduce(input, aggregation, quantiles: [])
        case .quantile:
            let quantiles = try parameter(of: aggregation)
            warnOfQuantiles(quantiles, aggregation)
            let input = try vector(aggregation.expression)
            return try reduce(input, aggregation, quantiles: quantiles)
        case .topk, .bottomk, .limitk:
            let parameter = try parameter(of: aggregation)
            let input = try vector(aggregation.expression)
            return try select(input, aggregation, counts: try counts(parameter, of: input))
        case .limitRatio:
            let parameter = try parameter(of: aggregation)
            let input = try vector(aggregation.expression)
            return try sample(input, try ratios(parameter, of: input, aggregation))
        case .countValues:
            return try countValues(aggregation)
        }
    }

    private mutating func parameter(
        of aggregation: Aggregation
    ) throws(EvaluationError) -> [Double] {
        guard let parameter = aggregation.parameter else {
            throw .execution("unexpected error: \(aggregation.op.rawValue) needs a parameter")
        }
        return try scalar(parameter)
    }

    private mutating func reduce(
        _ input: [StepSeries], _ aggregation: Aggregation, quantiles: [Double]
    ) throws(EvaluationError) -> [StepSeries] {
        let grouping = try Grouping(input, by: GroupingKey(aggregation), within: budget)
        let reduction = GroupReduction(
            aggregation.op, steps: grid.count, dialect: options.dialect, quantiles: quantiles,
            budget: budget)
        var work = WorkCounter(budget)
        var result: [StepSeries] = []
        result.reserveCapacity(grouping.groups.count)
        for group in grouping.groups {
            try work.add(16)
            let cells = budget.cells
            try budget.reserve(grid.count)
            var output = StepSeries(
                labels: group.labels, absentFor: grid.count, dropsName: group.dropsName)
            let hasHistograms = group.members.contains { !input[$0].histograms.isEmpty }
            if hasHistograms {
                try mixedReduction(input, group.members, aggregation, reduction, into: &output)
            } else {
                try reduction.reduce(group.members.map { input[$0].values }, into: &output.values)
            }
            if output.isEmpty {
                try budget.settle(cells: cells)
            } else {
                result.append(output)
            }
        }
        return result
    }

    private mutating func warnOfQuantiles(_ quantiles: [Double], _ aggregation: Aggregation) {
        guard let parameter = aggregation.parameter else { return }
        let (least, greatest) = Self.extremes(of: quantiles)
        let position = position(parameter.sourceRange)
        if least.isNaN { state.annotations.add(.quantileOutOfRange(.nan), at: position) }
        if greatest > 1 { state.annotations.add(.quantileOutOfRange(greatest), at: position) }
        if least < 0 { state.annotations.add(.quantileOutOfRange(least), at: position) }
    }

    /// The least and the greatest of a parameter's values; both NaN if one value is.
    static func extremes(of parameter: [Double]) -> (least: Double, greatest: Double) {
        var least = Double.infinity
        var greatest = -Double.infinity
        for value in parameter {
            if value.isNaN { return (.nan, .nan) }
            least = min(least, value)
            greatest = max(greatest, value)
        }
        return (least, greatest)
    }
}

/// Which series belong together, found once for all steps.
struct Grouping {
    struct Group {
        var labels: LabelSet
        /// Indices of the series, in input order.
        var members: [Int]
        var dropsName: Bool
    }

    /// In order of first appearance.
    private(set) var groups: [Group] = []

    init(
        _ series: [StepSeries], by key: GroupingKey, within budget: EvaluationBudget
    ) throws(EvaluationError) {
        var positions: [LabelSet: Int] = [:]
        var work = WorkCounter(budget)
        for (index, one) in series.enumerated() {
            try work.add(16)
            let labels = key.labels(of: one.labels)
            if let position = positions[labels] {
                groups[position].members.append(index)
                if one.dropsName { groups[position].dropsName = true }
            } else {
                positions[labels] = groups.count
                groups.append(
                    Group(labels: labels, members: [index], dropsName: one.dropsName))
            }
        }
    }
}

/// `by (…)` or `without (…)`.
struct GroupingKey {
    private let names: LabelNames
    private let isWithout: Bool

    init(_ aggregation: Aggregation, adding name: String? = nil) {
        isWithout = aggregation.isWithout
        var listed = aggregation.grouping
        if isWithout {
            listed.append("__name__")
        } else if let name {
            listed.append(name)
        }
        names = LabelNames(listed)
    }

    func labels(of labels: LabelSet) -> LabelSet {
        isWithout ? labels.removing(names) : labels.keeping(names)
    }
}
