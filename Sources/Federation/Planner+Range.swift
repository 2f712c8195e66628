import PromQL
import TimeSeries

extension Planner {
    /// A range vector that is needed here, because a function of it takes an argument that only
    /// the union knows (`quantile_over_time(scalar(q), x[5m])`).
    mutating func localRange(_ part: PerMember, on grid: StepGrid) -> Expression {
        switch part.original {
        case .paren(let paren):
            let inside = PerMember(
                paren.expression, part.rewritten.map { $0.map(Self.withoutParens) },
                inner: part.inner)
            return .paren(Paren(localRange(inside, on: grid), range: paren.range))
        case .subquery(var subquery):
            guard let inner = part.inner else { return part.original }
            let innerGrid = self.innerGrid(of: subquery, on: grid)
            subquery.expression = local(inner, on: innerGrid)
            return .subquery(subquery)
        case .matrixSelector(let matrix):
            return localSamples(of: matrix, part, on: grid)
        case .number, .string, .unary, .binary, .aggregation, .call, .vectorSelector, .fragment:
            // No other node has the type of a range vector.
            return part.original
        }
    }

    /// Raw samples of a selector: one instant query whose range reaches from the first window's
    /// start to the last window's end; the local engine cuts the windows.
    private mutating func localSamples(
        of matrix: MatrixSelector, _ part: PerMember, on grid: StepGrid
    ) -> Expression {
        let selector = matrix.selector
        let offset = Self.milliseconds(selector.offset) ?? 0
        var first = grid.start
        var last = grid.count > 0 ? grid.time(at: grid.count - 1) : grid.end
        if case .timestamp(let fixed)? = selector.at { (first, last) = (fixed, fixed) }
        var window = Self.milliseconds(matrix.window) ?? 0
        switch selector.extended {
        case nil: break
        case .anchored: window = Self.clampedSum(window, scope.lookback)
        case .smoothed:
            window = Self.clampedSum(window, 2 * scope.lookback)
            last = Self.clampedSum(last, scope.lookback)
        }
        let whole = Self.clampedSum(window, last - first)
        let time = StepGrid.instant(Self.clampedSum(last, -offset))
        let trees = part.rewritten.map { tree -> Expression? in
            guard case .matrixSelector(var raw)? = tree.map(Self.withoutParens) else { return nil }
            raw.selector.offset = nil
            raw.selector.at = nil
            raw.selector.extended = nil
            raw.window = .fixed(whole)
            return .matrixSelector(raw)
        }
        let id = leaf(
            .samples(grid.count > 0 ? fetch(trees, on: time, form: .samples) : []), on: time)
        note(
            .matrixSelector(matrix),
            "raw samples are fetched: a function of them has an argument that is known only here")
        return .matrixSelector(
            MatrixSelector(
                FragmentSelector.selector(id, keeping: [], like: selector), window: matrix.window,
                range: matrix.range))
    }

    static func withoutParens(_ expression: Expression) -> Expression {
        var inner = expression
        while case .paren(let paren) = inner { inner = paren.expression }
        return inner
    }

    static func clampedSum(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? (b < 0 ? .min : .max) : sum
    }
}
