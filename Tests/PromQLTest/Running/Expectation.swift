import GoText
import PromQLEngine
import PromQLScripts
import RegularExpressions
import TimeSeries

/// What a command says of the answer, compared as the Prometheus project compares: values within
/// a relative 1e-6, counter reset hints only where they are named.
struct Expectation {
    private let command: EvaluateCommand

    init(_ command: EvaluateCommand) { self.command = command }

    func check(_ annotations: Annotations) throws(Mismatch) {
        try check(
            annotations.warnings, "warning", command.warnings, allowed: command.allowsWarnings)
        try check(annotations.infos, "info", command.infos, allowed: command.allowsInfos)
    }

    /// Everything expected must be there; when anything is expected, nothing else may be.
    private func check(
        _ texts: Set<String>, _ kind: String, _ patterns: [EvaluateCommand.Pattern], allowed: Bool
    ) throws(Mismatch) {
        let found = texts.sorted()
        if !allowed, !found.isEmpty { throw Mismatch("unexpected \(kind): \(found)") }
        for pattern in patterns where !found.contains(where: pattern.matches) {
            throw Mismatch("no \(kind) \(pattern) in \(found)")
        }
        guard !patterns.isEmpty else { return }
        for text in found where !patterns.contains(where: { $0.matches(text) }) {
            throw Mismatch("unexpected \(kind): \(text)")
        }
    }

    /// Checks a value at the steps of `grid`.
    func check(_ value: QueryResult.Value, on grid: StepGrid) throws(Mismatch) {
        switch (command.values, value) {
        case (.string(let expected), .string(let actual)):
            guard Array(expected.utf8) == Array(actual.utf8) else {
                throw Mismatch("expected string \"\(expected)\" but got \"\(actual)\"")
            }
        case (.scalar(let expected), .scalar(let actual)) where grid.isInstant:
            guard actual.count == 1, Closeness.isClose(expected, actual[0]) else {
                throw Mismatch("expected scalar \(expected) but got \(actual)")
            }
        case (.series(let expected), .scalar(let values)) where !grid.isInstant:
            try check(expected, [StepSeries(labels: .empty, values: values)], on: grid)
        case (.series(let expected), .vector(let series)):
            if !grid.isInstant { try checkOrder(series) }
            try check(expected, series, on: grid)
        case (.series(let expected), .rangeVector(let series)):
            guard let grid = command.rangeVectorGrid else {
                throw Mismatch("got a range vector, which was not expected")
            }
            var columns: [StepSeries] = []
            for one in series { columns.append(try one.onGrid(grid)) }
            try check(expected, columns, on: grid)
        default: throw Mismatch("got a value of another type: \(value)")
        }
    }

    private func checkOrder(_ series: [StepSeries]) throws(Mismatch) {
        for (a, b) in zip(series, series.dropFirst()) where b.labels < a.labels {
            throw Mismatch("\(b.labels.pairs) stands after \(a.labels.pairs)")
        }
    }

    private func check(
        _ expected: [SeriesDescription], _ actual: [StepSeries], on grid: StepGrid
    ) throws(Mismatch) {
        var positions: [LabelSet: Int] = [:]
        for (i, series) in expected.enumerated() { positions[series.labels] = i }
        var seen: Set<LabelSet> = []
        for (position, series) in actual.enumerated() {
            guard let wanted = positions[series.labels] else {
                throw Mismatch("unexpected \(series.labels.notation) \(series.text)")
            }
            seen.insert(series.labels)
            if command.isOrdered, wanted != position {
                throw Mismatch(
                    "\(series.labels.notation) stands at \(position + 1), not at \(wanted + 1)")
            }
            try check(expected[wanted], series, on: grid)
        }
        for series in expected where !seen.contains(series.labels) {
            throw Mismatch("\(series.labels.notation) is missing")
        }
    }

    private func check(
        _ expected: SeriesDescription, _ actual: StepSeries, on grid: StepGrid
    ) throws(Mismatch) {
        guard expected.values.count <= grid.count else {
            throw Mismatch("\(expected.values.count) points for \(grid.count) steps")
        }
        for step in 0..<grid.count {
            let value = step < expected.values.count ? expected.values[step] : .omitted
            let matches =
                switch (value, actual.histograms[step]) {
                case (.omitted, nil): SampleValue.isAbsent(actual.values[step])
                case (.float(let float), nil):
                    !SampleValue.isAbsent(actual.values[step])
                        && Closeness.isClose(float, actual.values[step])
                case (.histogram(let wanted, let hintIsGiven), .some(let histogram)):
                    Closeness.isClose(wanted, histogram)
                        && (!hintIsGiven
                            || wanted.counterResetHint == histogram.counterResetHint)
                default: false
                }
            if !matches {
                throw Mismatch(
                    "\(actual.labels.notation) at \(grid.time(at: step)) ms: expected "
                        + "\(value.text), got \(actual.text(at: step))")
            }
        }
    }
}

extension EvaluateCommand.Pattern {
    func matches(_ text: String) -> Bool {
        switch self {
        case .anything: true
        case .exactly(let message): Array(message.utf8) == Array(text.utf8)
        case .matching(let pattern):
            (try? RegularExpression("(?s:.*)(?:\(pattern))(?s:.*)"))?.matches(text) ?? false
        }
    }
}

extension SampleSeries {
    /// The samples as columns on a grid that they must all stand on.
    fileprivate func onGrid(_ grid: StepGrid) throws(Mismatch) -> StepSeries {
        var series = StepSeries(
            labels: labels,
            values: [Double](repeating: SampleValue.absent, count: grid.count))
        for (i, time) in times.enumerated() {
            guard grid.step > 0, time >= grid.start, time <= grid.end,
                (time - grid.start) % grid.step == 0
            else { throw Mismatch("\(labels.notation) has a sample at \(time) ms") }
            let step = Int((time - grid.start) / grid.step)
            if let histogram = histograms[i] {
                series.histograms[step] = histogram
            } else {
                series.values[step] = values[i]
            }
        }
        return series
    }
}

/// Equality within a relative 1e-6.
enum Closeness {
    private static let tolerance = 1e-6

    static func isClose(_ a: Double, _ b: Double) -> Bool {
        if SampleValue.isStale(a) || SampleValue.isStale(b) {
            return SampleValue.isStale(a) && SampleValue.isStale(b)
        }
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        let sum = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || sum < .leastNormalMagnitude {
            return difference < tolerance * .leastNormalMagnitude
        }
        return difference / min(sum, .greatestFiniteMagnitude) < tolerance
    }

    /// All fields but the hint; empty buckets do not count.
    static func isClose(_ a: FloatHistogram, _ b: FloatHistogram) -> Bool {
        let a = a.compacted()
        let b = b.compacted()
        func areClose(_ x: [Double], _ y: [Double]) -> Bool {
            x.count == y.count && zip(x, y).allSatisfy { isClose($0, $1) }
        }
        return a.schema == b.schema && isClose(a.count, b.count) && isClose(a.sum, b.sum)
            && (!a.usesCustomBuckets || a.customValues == b.customValues)
            && a.zeroThreshold == b.zeroThreshold && isClose(a.zeroCount, b.zeroCount)
            && a.positiveSpans == b.positiveSpans && a.negativeSpans == b.negativeSpans
            && areClose(a.positiveBuckets, b.positiveBuckets)
            && areClose(a.negativeBuckets, b.negativeBuckets)
    }
}
