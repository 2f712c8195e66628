public import GoText
public import PromQL
internal import RegularExpressions
public import TimeSeries

extension Evaluator {
    /// `info`: adds the labels of info series (`target_info` unless the second argument says
    /// otherwise) that have the same `instance` and `job`, as Prometheus `promql/info.go`.
    mutating func info(_ arguments: [Expression]) throws(EvaluationError) -> [StepSeries] {
        let base = try vector(arguments[0])
        var asked: [LabelMatcher] = []
        if arguments.count > 1 {
            guard case .vectorSelector(let selector) = arguments[1].unwrapped else {
                throw .execution("unexpected error: expected a label selector")
            }
            asked = selector.matchers
        }
        var names = asked.filter { $0.name == "__name__" }
        let data = asked.filter { $0.name != "__name__" }
        if names.isEmpty {
            names = [LabelMatcher("__name__", .equal, "target_info")]
        } else if names.allSatisfy({ $0.op == .notEqual || $0.op == .regexNoMatch }) {
            // Only said which not to take: of the metrics that are named as info metrics are.
            names.append(LabelMatcher("__name__", .regexMatch, ".+_info"))
        }
        let nameTests = try MatcherTest.all(names)
        let isInfo = base.map { nameTests.allSatisfy(matching: $0.labels.metricName) }
        let others = zip(base, isInfo).filter { !$0.1 }.map(\.0)
        let found = try infoSeries(for: others, names + data, as: arguments[0])
        let enrichment = InfoEnrichment(
            found, steps: grid.count, budget: budget, dataLabels: Set(data.map(\.name)),
            dropsUnmatched: try !MatcherTest.all(data).allSatisfy(matching: ""))
        return try enrichment.enrich(base, isInfo)
    }

    /// The info series that could belong to the base series; their values are the times of their
    /// samples.
    private mutating func infoSeries(
        for base: [StepSeries], _ matchers: [LabelMatcher], as argument: Expression
    ) throws(EvaluationError) -> [StepSeries] {
        var identifying: [LabelMatcher] = []
        for name in InfoEnrichment.identifyingLabels {
            let values = Set(base.compactMap { $0.labels[name].map { Array($0.utf8) } })
            if values.isEmpty { continue }
            let alternatives = values.map { RegularExpression.quoted($0) }.sorted()
            identifying.append(
                LabelMatcher(name, .regexMatch, alternatives.joined(separator: "|")))
        }
        if identifying.isEmpty { return [] }
        let reference = try referenceOfFirstSelector(in: argument)
        let selector = VectorSelector(
            matchers: matchers + identifying, offset: .fixed(reference.offset),
            at: reference.fixed.map { .timestamp($0) })
        let values = try instantVector(selector, giving: .value)
        if values.contains(where: { !$0.histograms.isEmpty }) {
            throw .execution("info sample should be float")
        }
        return try instantVector(selector, giving: .time)
    }

    /// The time, relative to the step or fixed, at which the first selector of an expression is
    /// evaluated. (The offset is not yet subtracted from the fixed time.)
    private func referenceOfFirstSelector(
        in expression: Expression
    ) throws(EvaluationError) -> (offset: Milliseconds, fixed: Timestamp?) {
        try Engine.referenceOfFirstSelector(in: expression, on: query)
    }
}

extension Engine {
    /// The time at which the first selector of an expression is evaluated: so many milliseconds
    /// before the step, or before the time it is fixed to. `query` is what `start()` and `end()`
    /// refer to.
    public static func referenceOfFirstSelector(
        in expression: Expression, on query: StepGrid
    ) throws(EvaluationError) -> (offset: Milliseconds, fixed: Timestamp?) {
        // With what the subqueries around say.
        var pending: [(part: Expression, reference: SelectorReference)] = [
            (expression, SelectorReference())
        ]
        while let next = pending.popLast() {
            var reference = next.reference
            switch next.part {
            case .subquery(let subquery):
                try reference.add(subquery.offset, subquery.at, query)
            case .vectorSelector(let selector):
                try reference.add(selector.offset, selector.at, query)
                return (reference.offset, reference.fixed)
            case .matrixSelector(let matrix):
                try reference.add(matrix.selector.offset, matrix.selector.at, query)
                return (reference.offset, reference.fixed)
            case .number, .string, .paren, .unary, .binary, .aggregation, .call: break
            }
            pending += next.part.children.reversed().map { ($0, reference) }
        }
        return (0, nil)
    }
}

/// The time at which a part of an expression is evaluated: see `Engine.referenceOfFirstSelector`.
private struct SelectorReference {
    var offset: Milliseconds = 0
    var fixed: Timestamp?

    mutating func add(
        _ offset: DurationValue?, _ at: AtModifier?, _ query: StepGrid
    ) throws(EvaluationError) {
        let own =
            try offset.map { value throws(EvaluationError) in try value.fixedLength() } ?? 0
        switch at {
        case nil: self.offset = self.offset &+ own
        case .timestamp(let time): (fixed, self.offset) = (time, own)
        case .start: (fixed, self.offset) = (query.start, own)
        case .end: (fixed, self.offset) = (query.end, own)
        }
    }
}

/// Adds the labels of info series to base series, step by step.
struct InfoEnrichment {
    static let identifyingLabels = ["instance", "job"]
    private static let identifying = LabelNames(identifyingLabels)

    private let info: [StepSeries]
    private let steps: Int
    private let budget: EvaluationBudget
    /// Empty for all labels.
    private let dataLabels: Set<String>
    private let dropsUnmatched: Bool
    /// Info metrics in order of their names, each with its series by identifying labels.
    private let metrics: [[LabelSet: [Int]]]

    init(
        _ info: [StepSeries], steps: Int, budget: EvaluationBudget, dataLabels: Set<String>,
        dropsUnmatched: Bool
    ) {
        self.info = info
        self.budget = budget
        self.steps = steps
        self.dataLabels = dataLabels
        self.dropsUnmatched = dropsUnmatched
        var byName: [String: [LabelSet: [Int]]] = [:]
        for (index, series) in info.enumerated() {
            let key = series.labels.keeping(Self.identifying)
            byName[series.labels.metricName, default: [:]][key, default: []].append(index)
        }
        metrics = byName.sorted { $0.key < $1.key }.map(\.value)
    }

    func enrich(
        _ base: [StepSeries], _ isInfo: [Bool]
    ) throws(EvaluationError) -> [StepSeries] {
        var result = SeriesMerger(reserving: base.count)
        for (series, passes) in zip(base, isInfo) {
            if passes {
                try result.add(series, within: budget)
                continue
            }
            for enriched in try enriched(series) { try result.add(enriched, within: budget) }
        }
        return result.series
    }

    /// The series that one base series becomes: several where its info series change over time.
    private func enriched(_ base: StepSeries) throws(EvaluationError) -> [StepSeries] {
        let key = base.labels.keeping(Self.identifying)
        let candidates = metrics.compactMap { $0[key] }
        var outputs: [[Int]: Int] = [:]
        var result: [StepSeries] = []
        var work = WorkCounter(budget)
        let effort = candidates.reduce(1) { $0 + $1.count }
        for step in 0..<steps {
            try work.add(effort)
            guard base.hasValue(at: step) else { continue }
            var chosen: [Int] = []
            for series in candidates {
                if let newest = try newest(of: series, at: step) { chosen.append(newest) }
            }
            if chosen.isEmpty, dropsUnmatched { continue }
            let position: Int
            if let known = outputs[chosen] {
                position = known
            } else {
                position = result.count
                outputs[chosen] = position
                let labels = try labels(base.labels, chosen)
                try budget.reserve(labelBytes: labels.key.count)
                try budget.reserve(steps)
                result.append(
                    StepSeries(labels: labels, absentFor: steps, dropsName: base.dropsName))
            }
            result[position].values[step] = base.values[step]
            if let histogram = base.histograms[step] {
                result[position].histograms[step] = histogram
            }
        }
        return result
    }

    private func newest(of series: [Int], at step: Int) throws(EvaluationError) -> Int? {
        var best: Int?
        for index in series where info[index].hasValue(at: step) {
            guard let known = best else {
                best = index
                continue
            }
            let (old, new) = (info[known].values[step], info[index].values[step])
            if old == new {
                let time = GoMath.integer((new * 1000).rounded())
                throw .execution(
                    "found duplicate series for info metric: existing "
                        + "\(info[known].labels.quotedText) @ \(time), new "
                        + "\(info[index].labels.quotedText) @ \(time)")
            }
            if new > old { best = index }
        }
        return best
    }

    private func labels(
        _ base: LabelSet, _ chosen: [Int]
    ) throws(EvaluationError) -> LabelSet {
        var added: [String: String] = [:]
        for index in chosen {
            for pair in info[index].labels.pairs where pair.name != "__name__" {
                if !dataLabels.isEmpty, !dataLabels.contains(pair.name) { continue }
                if let known = added[pair.name], known != pair.value {
                    throw .execution("conflicting label: \(pair.name)")
                }
                if base[pair.name] == nil { added[pair.name] = pair.value }
            }
        }
        var labels = base
        for (name, value) in added { labels = labels.setting(name, to: value) }
        return labels
    }
}

/// A label matcher ready to be tried.
struct MatcherTest {
    private let op: LabelMatcher.Operator
    private let value: String
    private let expression: RegularExpression?

    init(_ matcher: LabelMatcher) throws(EvaluationError) {
        op = matcher.op
        value = matcher.value
        switch matcher.op {
        case .equal, .notEqual: expression = nil
        case .regexMatch, .regexNoMatch:
            do {
                expression = try RegularExpression(matcher.value)
            } catch {
                throw .execution("\(error)")
            }
        }
    }

    static func all(_ matchers: [LabelMatcher]) throws(EvaluationError) -> [MatcherTest] {
        try matchers.map { matcher throws(EvaluationError) in try MatcherTest(matcher) }
    }

    func matches(_ text: String) -> Bool {
        switch op {
        case .equal: Array(text.utf8) == Array(value.utf8)
        case .notEqual: Array(text.utf8) != Array(value.utf8)
        case .regexMatch: expression?.matches(text) ?? false
        case .regexNoMatch: !(expression?.matches(text) ?? true)
        }
    }
}

extension [MatcherTest] {
    func allSatisfy(matching text: String) -> Bool { allSatisfy { $0.matches(text) } }
}
