internal import GoText
internal import PromQL
internal import TimeSeries

extension Evaluator {
    /// `count_values`: one series for every value that occurs, the value in a label.
    mutating func countValues(
        _ aggregation: Aggregation
    ) throws(EvaluationError) -> [StepSeries] {
        guard let parameter = aggregation.parameter else {
            throw .execution("unexpected error: count_values needs a parameter")
        }
        let name = try string(parameter)
        let isValid: Bool
        switch options.dialect {
        // Any text that is valid UTF-8; bytes that are not were replaced when it was read.
        case .prometheus3: isValid = !name.isEmpty && !name.unicodeScalars.contains("\u{FFFD}")
        case .prometheus2: isValid = LabelName.isLegacy(name)
        }
        if !isValid {
            throw .execution("invalid label name \(asWritten(parameter) ?? GoQuoting.quote(name))")
        }
        let input = try vector(aggregation.expression)
        let key = GroupingKey(aggregation, adding: name)
        var positions: [LabelSet: Int] = [:]
        var result: [StepSeries] = []
        var work = WorkCounter(budget)
        for one in input {
            var known: [UInt64: Int] = [:]
            for step in 0..<grid.count {
                try work.add(4)
                guard one.hasValue(at: step) else { continue }
                let position: Int
                if let histogram = one.histograms[step] {
                    position = try self.position(
                        of: histogram.goDescription, name, one, key, &positions, &result)
                } else if let found = known[one.values[step].bitPattern] {
                    position = found
                } else {
                    position = try self.position(
                        of: GoFloat.plain(one.values[step]), name, one, key, &positions, &result)
                    known[one.values[step].bitPattern] = position
                }
                let count = result[position].values[step]
                result[position].values[step] = SampleValue.isAbsent(count) ? 1 : count + 1
            }
        }
        return result
    }

    /// A string literal in the words of the query: what is not UTF-8 shows there only.
    private func asWritten(_ literal: Expression) -> String? {
        let range = literal.unwrapped.sourceRange
        let bytes = Array(text.utf8)
        guard range.start >= 0, range.start < range.end, range.end <= bytes.count else {
            return nil
        }
        let written = bytes[range.start..<range.end]
        return written.first == 0x22 ? String(decoding: written, as: UTF8.self) : nil
    }

    private func position(
        of text: String, _ name: String, _ series: StepSeries, _ key: GroupingKey,
        _ positions: inout [LabelSet: Int], _ result: inout [StepSeries]
    ) throws(EvaluationError) -> Int {
        let labels = key.labels(of: series.labels.setting(name, to: text))
        if let position = positions[labels] {
            if series.dropsName { result[position].dropsName = true }
            return position
        }
        try budget.reserve(labelBytes: labels.key.count)
        try budget.reserve(grid.count)
        positions[labels] = result.count
        result.append(
            StepSeries(labels: labels, absentFor: grid.count, dropsName: series.dropsName))
        return result.count - 1
    }
}
