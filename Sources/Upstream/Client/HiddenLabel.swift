import PromQL
import PrometheusWire
import TimeSeries
import UpstreamSettings

/// Takes a label off the series that a query reads, within the query: the server then groups, joins
/// and compares as one whose series never had the label.
///
/// All of these series have the label with one value, so that they differ without it too. Each
/// instant selector and each call over a range selector is wrapped in
/// `label_replace(…, "label", "", "", "")`, which sets the label to the value of no label. What a
/// query is written around that may make a label of this name of its own.
struct HiddenLabel: Sendable {
    let name: String

    /// The query over series without the label. Range selectors that no function takes stay as they
    /// are: the label is taken off the samples that they give.
    func takenOff(_ expression: Expression) -> Expression {
        // Selectors that functions must see as they are, inside of `timestamp` and `absent`. Trees
        // have no identity, so the walk goes from the outer nodes to the inner ones.
        expression.recursing { self.rewritten(expression) }
    }

    private func rewritten(_ expression: Expression) -> Expression {
        switch expression {
        case .number, .string, .matrixSelector: return expression
        case .vectorSelector: return removing(expression)
        case .call(var call):
            switch call.function {
            // They make labels of the matchers of a selector, and give none of its series.
            case .absent, .absentOverTime:
                if Self.isSelector(call.arguments.first) { return expression }
            // It gives the times of samples where its argument is a selector.
            case .timestamp:
                if Self.isSelector(call.arguments.first) { return removing(expression) }
            // Its second argument is no selector of series.
            case .info:
                if let first = call.arguments.first { call.arguments[0] = rewritten(first) }
                return .call(call)
            default: break
            }
            let readsRange = call.arguments.contains { argument in
                if case .matrixSelector = Self.withoutParens(argument) { true } else { false }
            }
            call.arguments = call.arguments.map(rewritten)
            return readsRange ? removing(.call(call)) : .call(call)
        case .paren, .unary, .binary, .aggregation, .subquery:
            return expression.replacingChildren(expression.children.map(rewritten))
        }
    }

    /// Whether a query gives the samples of a range selector as they are stored, with their labels.
    static func isOfSamples(_ query: String) -> Bool {
        guard let expression = try? parseExpression(query, options: .everything) else {
            return false
        }
        if case .matrixSelector = withoutParens(expression) { return true }
        return false
    }

    private static func isSelector(_ argument: Expression?) -> Bool {
        switch argument.map(withoutParens) {
        case .vectorSelector, .matrixSelector: true
        default: false
        }
    }

    private static func withoutParens(_ expression: Expression) -> Expression {
        var inner = expression
        while case .paren(let paren) = inner { inner = paren.expression }
        return inner
    }

    private func removing(_ expression: Expression) -> Expression {
        let empty = Expression.string(StringLiteral(""))
        return .call(
            Call(.labelReplace, [expression, .string(StringLiteral(name)), empty, empty, empty]))
    }
}

extension UpstreamClient {
    /// The label of the server's series that answers do not show; nil for none.
    var hiddenLabel: String? { configuration.selector?.hiddenLabel }

    /// What is done to label sets of the answer to a query. The query itself has taken the label off,
    /// and may have made one of its name; samples of a range selector come with the server's labels.
    func shown(by transfer: QueryTransfer) -> LabelInjection? {
        let injection = transfer.options.injection
        guard hiddenLabel != nil, transfer.expected == .matrix, transfer.path == "/api/v1/query",
            let query = transfer.parameters.pairs.first(where: { $0.name == "query" })?.value,
            HiddenLabel.isOfSamples(query)
        else { return injection }
        return shown(injection)
    }

    /// What is done to label sets of the server's other answers, beside what the question asks for.
    func shown(_ injection: LabelInjection?) -> LabelInjection? {
        hiddenLabel.map { (injection ?? .none).removing($0) } ?? injection
    }

    func shown(_ injection: LabelInjection) -> LabelInjection {
        hiddenLabel.map(injection.removing) ?? injection
    }
}
