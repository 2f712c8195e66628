import Answers
public import PromQL
public import PromQLEngine
public import TimeSeries

/// Judges an answer by the engine's over a union: values within a tolerance that suits the query,
/// and of `topk`, `sort` and their like exactly what they promise.
public struct AnswerJudgement: Sendable {
    /// Of the engine that says what could have been chosen by `topk` and its like.
    public var options: EngineOptions
    public var parsing: ParserOptions
    /// Whether values must be equal to the last bit, variances left out: they depend on an order.
    public var isExact = false

    public init(options: EngineOptions, parsing: ParserOptions) {
        self.options = options
        self.parsing = parsing
    }

    /// The first difference in words, or nil.
    public func difference(
        _ expected: QueryResult.Value, _ actual: QueryResult.Value, of query: String,
        on grid: StepGrid, over union: any SeriesSource
    ) -> String? {
        // Variances of large, nearly equal numbers keep few digits in every computation.
        let isVariance = query.contains("stddev") || query.contains("stdvar")
        let comparison =
            isExact && !isVariance
            ? ResultComparison(.none)
            : ResultComparison(
                Tolerance(relative: isVariance ? 1e-6 : 1e-9, absolute: 1e-12))
        guard let order = RootOrder(of: query), case .vector(let wanted) = expected,
            case .vector(let given) = actual
        else { return comparison.difference(expected, actual) }
        switch order {
        case .sorted:
            let inOrder = grid.isInstant ? comparison.difference(inOrder: wanted, given) : nil
            return inOrder ?? comparison.difference(expected, actual)
        case .chosen(let choice):
            guard let all = try? evaluate(choice.source, on: grid, over: union).value,
                case .vector(let candidates) = all
            else { return "the operand of the choice fails" }
            return comparison.difference(
                wanted, given, chosenBy: choice, among: candidates, steps: grid.count)
        }
    }

    /// The engine's own answer.
    public func evaluate(
        _ query: String, on grid: StepGrid, over source: any SeriesSource
    ) throws -> QueryResult {
        try Engine(options: options).evaluate(
            try parseExpression(query, options: parsing), on: grid, query: query, source: source)
    }
}

/// What the root of a query promises beyond the elements of a vector.
enum RootOrder {
    /// `sort` and its like: an order, where the query is an instant one.
    case sorted
    /// `topk` and its like: a number of elements of each group, not which among equals.
    case chosen(Choice)

    struct Choice {
        /// Text of the vector that is chosen from.
        var source: String
        var grouping: LabelNames
        var isWithout: Bool
        /// `topk` and `bottomk`: the values are promised. `limitk`: only their number.
        var byValue: Bool

        func group(of labels: LabelSet) -> LabelSet {
            isWithout ? labels.removing(grouping) : labels.keeping(grouping)
        }
    }

    init?(of query: String) {
        guard var root = try? parseExpression(query, options: .everything) else { return nil }
        while case .paren(let paren) = root { root = paren.expression }
        switch root {
        case .call(let call):
            guard [.sort, .sortDesc, .sortByLabel, .sortByLabelDesc].contains(call.function) else {
                return nil
            }
            self = .sorted
        case .aggregation(let aggregation):
            guard [.topk, .bottomk, .limitk].contains(aggregation.op) else { return nil }
            let names = aggregation.grouping + (aggregation.isWithout ? ["__name__"] : [])
            self = .chosen(
                Choice(
                    source: aggregation.expression.description, grouping: LabelNames(names),
                    isWithout: aggregation.isWithout, byValue: aggregation.op != .limitk))
        default: return nil
        }
    }
}

extension ResultComparison {
    /// Values at the first step, in the order given; equals may change places.
    func difference(inOrder expected: [StepSeries], _ actual: [StepSeries]) -> String? {
        for (x, y) in zip(expected, actual)
        where x.histograms.isEmpty && y.histograms.isEmpty && !isClose(x.values[0], y.values[0]) {
            return "order: \(y.labels.pairs) stands where \(x.labels.pairs) should"
        }
        return nil
    }

    /// By step and group the same number of elements, and the same values where values choose;
    /// every element must be one that could be chosen.
    func difference(
        _ expected: [StepSeries], _ actual: [StepSeries], chosenBy choice: RootOrder.Choice,
        among candidates: [StepSeries], steps: Int
    ) -> String? {
        let candidates = Dictionary(candidates.map { ($0.labels, $0) }) { first, _ in first }
        for step in 0..<steps {
            let wanted = groups(expected, by: choice, at: step)
            let given = groups(actual, by: choice, at: step)
            guard Set(wanted.keys) == Set(given.keys) else { return "groups at step \(step)" }
            for (group, values) in wanted {
                let others = given[group] ?? []
                let areSame =
                    values.count == others.count
                    && (!choice.byValue || zip(values, others).allSatisfy { isClose($0, $1) })
                if !areSame {
                    return "step \(step), group \(group.pairs): \(others) for \(values)"
                }
            }
            for one in actual where one.hasValue(at: step) {
                let source = candidates[one.labels]
                let isCandidate =
                    source.map {
                        isClose($0.values[step], one.values[step])
                            && ($0.histograms[step] == nil) == (one.histograms[step] == nil)
                    } ?? false
                if !isCandidate { return "step \(step): \(one.labels.pairs) is no candidate" }
            }
        }
        return nil
    }

    /// Values by group, ordered; NaN first.
    private func groups(
        _ series: [StepSeries], by choice: RootOrder.Choice, at step: Int
    ) -> [LabelSet: [Double]] {
        var groups: [LabelSet: [Double]] = [:]
        for one in series where one.hasValue(at: step) {
            let value = one.histograms[step] == nil ? one.values[step] : 0
            groups[choice.group(of: one.labels), default: []].append(value)
        }
        return groups.mapValues { values in
            values.sorted { a, b in b.isNaN ? false : a.isNaN || a < b }
        }
    }
}
