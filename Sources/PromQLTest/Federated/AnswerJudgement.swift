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
            ? ResultComparison(tolerance: 0, absolute: 0)
            : ResultComparison(tolerance: isVariance ? 1e-6 : 1e-9)
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
