import GatewayConfiguration
import GoText
import PromQL
import PrometheusWire
import TimeSeries

extension TokenLimits {
    /// - Throws: 422 for a query that looks at a longer time than the token may.
    func check(_ expression: Expression, on grid: StepGrid) throws(APIError) {
        guard maxRange != nil else { return }
        let resolved: Expression
        do throws(ParseError) {
            resolved = try expression.recursing { () throws(ParseError) -> Expression in
                try expression.resolved(
                    in: QueryContext(start: grid.start, end: grid.end, step: grid.step))
            }
        } catch {
            throw .parameter("query", error.description)
        }
        try check(Self.length(resolved, on: grid))
    }

    /// - Parameters:
    ///   - start: The first time that is looked at; nil for as far as there is data.
    ///   - end: The last one; nil likewise.
    /// - Throws: 422 for a longer time than the token may look at.
    func check(from start: Timestamp?, through end: Timestamp?) throws(APIError) {
        guard let start, let end else { return try check(.max) }
        try check(end.distance(from: start) ?? .max)
    }

    private func check(_ length: Milliseconds) throws(APIError) {
        guard let maxRange, length > Milliseconds(maxRange) else { return }
        let asked = length == .max ? "all time" : DurationText.text(length)
        throw APIError(
            .execution,
            "the request looks at \(asked); the token may look at "
                + "\(DurationText.text(Milliseconds(maxRange))) at most "
                + "(auth.tokens[].limits.maxRange)")
    }

    /// The longest time that a selector of a query is read for: the range of the query, unless `@`
    /// names one time, and the windows around the selector.
    private static func length(_ expression: Expression, on grid: StepGrid) -> Milliseconds {
        let whole = grid.end.distance(from: grid.start) ?? .max
        var longest: Milliseconds = grid.count > 0 ? whole : 0
        var pending: [(expression: Expression, range: Milliseconds, windows: Milliseconds)] = [
            (expression, whole, 0)
        ]
        while let (expression, range, windows) = pending.popLast() {
            var (inner, innerWindows) = (range, windows)
            switch expression {
            case .vectorSelector(let selector):
                let own = selector.at == nil ? range : 0
                longest = max(longest, own.clampedSum(windows))
            case .matrixSelector(let matrix):
                if case .fixed(let window) = matrix.window {
                    innerWindows = windows.clampedSum(window)
                }
            case .subquery(let subquery):
                if subquery.at != nil { inner = 0 }
                if case .fixed(let window) = subquery.window {
                    innerWindows = windows.clampedSum(window)
                }
            case .number, .string, .paren, .unary, .binary, .aggregation, .call: break
            }
            for child in expression.children { pending.append((child, inner, innerWindows)) }
        }
        return longest
    }
}
