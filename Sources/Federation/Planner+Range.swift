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
        let (first, last) = reach(of: matrix.selector, window: matrix.window, on: grid)
        let time = StepGrid.instant(last)
        let trees = part.rewritten.map { tree -> Expression? in
            guard case .matrixSelector(var raw)? = tree.map(Self.withoutParens) else { return nil }
            raw.selector.offset = nil
            raw.selector.at = nil
            raw.selector.extended = nil
            raw.window = .fixed(Self.clampedSum(last, -first))
            return .matrixSelector(raw)
        }
        let requests = grid.count > 0 ? requests(trees, on: time, form: .samples) : []
        var fetches: [Int] = []
        for request in requests.map(yieldingToStored) {
            fetches +=
                scope.stored.fetches.contains(request)
                ? stored(matrix.selector, of: [request.member], from: first, through: last)
                : [add(request)]
        }
        let id = leaf(.samples(fetches), on: time)
        note(
            .matrixSelector(matrix),
            "raw samples are fetched: a function of them has an argument that is known only here")
        return .matrixSelector(
            MatrixSelector(
                FragmentSelector.selector(id, keeping: [], like: matrix.selector),
                window: matrix.window, range: matrix.range))
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
