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
