internal import PromQL
internal import RegularExpressions
internal import TimeSeries

extension Evaluator {
    mutating func labelReplace(
        _ arguments: [Expression]
    ) throws(EvaluationError) -> [StepSeries] {
        let destination = try string(arguments[1])
        let replacement = try string(arguments[2])
        let source = try string(arguments[3])
        let pattern = try string(arguments[4])
        // The dot matches a line break, in 2.x not.
        let asked = options.dialect == .prometheus2 ? "(?-s:\(pattern))" : pattern
        let expression: RegularExpression
        do {
            expression = try RegularExpression(asked)
        } catch {
            throw .execution("invalid regular expression in label_replace(): \(pattern)")
        }
        guard expression.groupCount <= RegularExpression.mostGroups else {
            throw .execution(
                "regular expression in label_replace() has \(expression.groupCount) groups; at most "
                    + "\(RegularExpression.mostGroups) are allowed")
        }
        guard isLabelName(destination) else {
            throw .execution("invalid destination label name in label_replace(): \(destination)")
        }
        let references = replacement.utf8.count { $0 == UInt8(ascii: "$") }
        return try relabelled(
            arguments[0], destination,
            longest: { labels in
                let (most, overflows) = references.multipliedReportingOverflow(
                    by: labels.valueLength(of: source))
                return overflows ? .max : most
            },
            { labels in expression.expand(labels[source] ?? "", template: replacement) })
    }

    mutating func labelJoin(
        _ arguments: [Expression]
    ) throws(EvaluationError) -> [StepSeries] {
        let destination = try string(arguments[1])
        let separator = try string(arguments[2])
        var sources: [String] = []
        for argument in arguments.dropFirst(3) {
            let source = try string(argument)
            guard isLabelName(source) else {
                throw .execution("invalid source label name in label_join(): \(source)")
            }
            sources.append(source)
        }
        guard isLabelName(destination) else {
            throw .execution("invalid destination label name in label_join(): \(destination)")
        }
        let separators = separator.utf8.count * max(0, sources.count - 1)
        return try relabelled(
            arguments[0], destination,
            longest: { labels in
                sources.reduce(separators) { $0 + labels.valueLength(of: $1) }
            },
            { labels in sources.map { labels[$0] ?? "" }.joined(separator: separator) })
    }

    /// Sets a label of every series of `argument` to what `value` makes of its labels (nil: leaves
    /// it). Series that become equal are merged.
    ///
    /// - Parameter longest: About how many bytes `value` takes at most, besides constant text.
    private mutating func relabelled(
        _ argument: Expression, _ destination: String, longest: (LabelSet) -> Int,
        _ value: (LabelSet) -> String?
    ) throws(EvaluationError) -> [StepSeries] {
        let before = budget.labelBytes
        var series = try vector(argument)
        let ofArgument = budget.labelBytes
        var kept = 0
        var work = WorkCounter(budget)
        for i in series.indices {
            let labels = series[i].labels
            let most = longest(labels)
            try work.add(64 + labels.key.count / 8 + min(most, EvaluationBudget.longestLabel) / 8)
            if most > EvaluationBudget.longestLabel { throw .tooLongLabel }
            try budget.reserve(labelBytes: labels.key.count + most)
            guard let text = value(labels) else {
                budget.settle(labelBytes: budget.labelBytes - labels.key.count - most)
                if ofArgument > before { kept += labels.key.count }
                continue
            }
            if text.utf8.count > EvaluationBudget.longestLabel { throw .tooLongLabel }
            series[i].labels = labels.setting(destination, to: text)
            budget.settle(labelBytes: budget.labelBytes - labels.key.count - most)
            try budget.reserve(labelBytes: series[i].labels.key.count)
            if destination == "__name__" { series[i].dropsName = false }
        }
        let made = budget.labelBytes - ofArgument
        let result = try merged(series)
        // The argument's labels are gone, but for those of series that were left as they are.
        budget.settle(labelBytes: before + made + kept)
        return result
    }

    private func isLabelName(_ name: String) -> Bool {
        switch options.dialect {
        case .prometheus3: !name.isEmpty && !name.unicodeScalars.contains("\u{FFFD}")
        case .prometheus2: LabelName.isLegacy(name)
        }
    }
}

/// The labels that say what a series measures; most operations drop them.
enum ReservedLabels {
    static let all = LabelNames(["__name__", "__type__", "__unit__"])
    static let name = LabelNames(["__name__"])
}

extension Evaluator {
    /// Drops the reserved labels of every series, or marks them to be dropped at the end. Series
    /// that become equal are merged.
    func droppingNames(_ series: [StepSeries]) throws(EvaluationError) -> [StepSeries] {
        var changed = series
        if options.delayedNameRemoval {
            for i in changed.indices { changed[i].dropsName = true }
            return changed
        }
        var changes = false
        var work = WorkCounter(budget)
        for i in changed.indices {
            try work.add(16)
            let labels = changed[i].labels.withoutReserved
            if labels.key.count != changed[i].labels.key.count {
                changed[i].labels = labels
                changes = true
            }
        }
        return changes ? try merged(changed) : changed
    }

    func merged(_ series: [StepSeries]) throws(EvaluationError) -> [StepSeries] {
        if series.count < 2 { return series }
        var merger = SeriesMerger(reserving: series.count)
        for one in series { try merger.add(one, within: budget) }
        return merger.series
    }

    /// Drops the names that were marked to be dropped.
    func removingMarkedNames(_ series: [StepSeries]) throws(EvaluationError) -> [StepSeries] {
        guard series.contains(where: \.dropsName) else { return series }
        return try merged(
            series.map { one in
                guard one.dropsName else { return one }
                var bare = one
                bare.labels = one.labels.withoutReserved
                bare.dropsName = false
                return bare
            })
    }
}

extension LabelSet {
    var withoutReserved: LabelSet { removing(ReservedLabels.all) }

    /// The bytes of a label's value, 0 for none.
    func valueLength(of name: String) -> Int { self[name]?.utf8.count ?? 0 }
}

/// Collects the series of a result. Series with equal labels become one, and must not both have a
/// value at the same step.
struct SeriesMerger {
    private(set) var series: [StepSeries] = []
    private var positions: [LabelSet: Int] = [:]
    /// Since the clock was looked at.
    private var work = 0

    init(reserving count: Int = 0) {
        series.reserveCapacity(count)
        positions.reserveCapacity(count)
    }

    mutating func add(
        _ next: StepSeries, within budget: EvaluationBudget
    ) throws(EvaluationError) {
        work += 16
        if work >= WorkCounter.interval {
            work = 0
            try budget.check()
        }
        guard let position = positions[next.labels] else {
            positions[next.labels] = series.count
            series.append(next)
            return
        }
        try budget.reserve(next.values.count)
        for steps in StepChunks(next.values.count) {
            work += steps.count
            if work >= WorkCounter.interval {
                work = 0
                try budget.check()
            }
            for step in steps where next.hasValue(at: step) {
                if series[position].hasValue(at: step) { throw .sameLabels }
                series[position].values[step] = next.values[step]
                if let histogram = next.histograms[step] {
                    series[position].histograms[step] = histogram
                }
            }
        }
        series[position].dropsName = series[position].dropsName || next.dropsName
    }
}

extension EvaluationError {
    static var sameLabels: EvaluationError {
        .execution("vector cannot contain metrics with the same labelset")
    }

    static var tooLongLabel: EvaluationError {
        .execution(
            "query processing would make a label longer than \(EvaluationBudget.longestLabel) bytes"
        )
    }
}
