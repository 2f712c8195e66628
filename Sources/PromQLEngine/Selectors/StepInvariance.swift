public import PromQL
internal import TimeSeries

/// Which expressions have the same value at every step, as Prometheus `promql/engine.go`,
/// `preprocessExprHelper`: every selector in them is fixed by `@`, and nothing asks for the time.
struct StepInvariance {
    /// Knows the selectors that mark the place of values; nil where there are none.
    private let source: (any SeriesSource)?

    init(_ source: (any SeriesSource)? = nil) { self.source = source }

    /// Whether it is worth evaluating the expression at one step only.
    func pays(for expression: Expression) -> Bool {
        switch expression {
        case .number, .string, .matrixSelector, .subquery, .paren: false
        case .unary, .binary, .aggregation, .call: isInvariant(expression)
        case .vectorSelector(let selector):
            source?.supplied(for: selector) == nil && isInvariant(expression)
        }
    }

    func isInvariant(_ expression: Expression) -> Bool {
        switch expression {
        case .number, .string: true
        case .paren(let paren): isInvariant(paren.expression)
        case .unary(let unary): isInvariant(unary.operand)
        case .binary(let binary): isInvariant(binary.lhs) && isInvariant(binary.rhs)
        // By its inner expression alone: a parameter that changes stays as at the first step.
        case .aggregation(let aggregation): isInvariant(aggregation.expression)
        case .call(let call): isInvariant(call)
        case .vectorSelector(let selector):
            source?.supplied(for: selector)?.isStepInvariant ?? (selector.at != nil)
        case .matrixSelector(let matrix): matrix.selector.at != nil
        case .subquery(let subquery): subquery.at != nil
        }
    }

    private func isInvariant(_ call: Call) -> Bool {
        switch call.function {
        case .daysInMonth, .dayOfMonth, .dayOfWeek, .dayOfYear, .hour, .minute, .month, .year,
            .predictLinear, .time:
            return false
        case .timestamp:
            guard let argument = call.arguments.first,
                case .vectorSelector(let selector) = argument.unwrapped,
                source?.supplied(for: selector) == nil
            else { return false }
            return isInvariant(argument)
        default:
            return call.arguments.allSatisfy(isInvariant)
        }
    }
}

extension Engine {
    /// Whether an expression has the same value at every step, so that it is evaluated at the
    /// first one only.
    public static func isStepInvariant(_ expression: Expression) -> Bool {
        StepInvariance().isInvariant(expression)
    }
}

extension EvaluatedValue {
    /// The value of one step, at every one of `count` steps.
    func repeated(
        _ count: Int, within budget: EvaluationBudget
    ) throws(EvaluationError) -> EvaluatedValue {
        switch self {
        case .scalar(let values):
            try budget.reserve(count)
            return .scalar([Double](repeating: values.first ?? .nan, count: count))
        case .vector(let series):
            try budget.reserve(count, columns: series.count)
            var work = WorkCounter(budget)
            return .vector(
                try series.map { one throws(EvaluationError) in
                    var many = one
                    try work.add(count)
                    many.values = [Double](
                        repeating: one.values.first ?? SampleValue.absent, count: count)
                    if let histogram = one.histograms[0] {
                        try budget.reserve(count, columns: histogram.cells)
                        for step in 0..<count {
                            try work.add()
                            many.histograms[step] = histogram
                        }
                    }
                    return many
                })
        case .string, .range:
            return self
        }
    }
}
