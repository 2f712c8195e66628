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
        guard isLabelName(destination) else {
            throw .execution("invalid destination label name in label_replace(): \(destination)")
        }
        return try relabelled(try vector(arguments[0]), destination) { labels in
            expression.expand(labels[source] ?? "", template: replacement)
        }
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
        return try relabelled(try vector(arguments[0]), destination) { labels in
            sources.map { labels[$0] ?? "" }.joined(separator: separator)
        }
    }

    /// Sets a label of every series to what `value` makes of its labels (nil: leaves it). Series
    /// that become equal are merged.
    private func relabelled(
        _ series: [StepSeries], _ destination: String, _ value: (LabelSet) -> String?
    ) throws(EvaluationError) -> [StepSeries] {
        try merged(
            series.map { one in
                guard let text = value(one.labels) else { return one }
                var changed = one
                changed.labels = one.labels.setting(destination, to: text)
                if destination == "__name__" { changed.dropsName = false }
                return changed
            })
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
        for i in changed.indices {
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
        for one in series { try merger.add(one) }
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
}

/// Collects the series of a result. Series with equal labels become one, and must not both have a
/// value at the same step.
struct SeriesMerger {
    private(set) var series: [StepSeries] = []
    private var positions: [LabelSet: Int] = [:]

    init(reserving count: Int = 0) {
        series.reserveCapacity(count)
        positions.reserveCapacity(count)
    }

    mutating func add(_ next: StepSeries) throws(EvaluationError) {
        guard let position = positions[next.labels] else {
            positions[next.labels] = series.count
            series.append(next)
            return
        }
        for step in next.values.indices where next.hasValue(at: step) {
            if series[position].hasValue(at: step) { throw .sameLabels }
            series[position].values[step] = next.values[step]
            if let histogram = next.histograms[step] {
                series[position].histograms[step] = histogram
            }
        }
        series[position].dropsName = series[position].dropsName || next.dropsName
    }
}

extension EvaluationError {
    static var sameLabels: EvaluationError {
        .execution("vector cannot contain metrics with the same labelset")
    }
}
