import GoText
import PromQL
import PromQLEngine
import TimeSeries

/// The series that a text reads, and the times of the samples that it reads of them.
struct TouchedSelectors: Sendable {
    struct Selector: Sendable, Hashable {
        var matchers: [LabelMatcher]
        /// Of the first and the last sample that can be read, both included.
        var from: Timestamp
        var through: Timestamp
    }

    private(set) var selectors: [Selector] = []
    private let grid: StepGrid
    private let lookback: Milliseconds

    /// - Parameters:
    ///   - grid: on which the text is evaluated.
    ///   - lookback: of instant vectors.
    /// - Throws: for durations that cannot be, in Prometheus's words.
    init(
        of expression: Expression, on grid: StepGrid, lookback: Milliseconds
    ) throws(ParseError) {
        self.grid = grid
        self.lookback = lookback
        let context = QueryContext(start: grid.start, end: grid.end, step: grid.step)
        let resolved = try expression.resolved(in: context)
            .withAbsoluteAt(start: grid.start, end: grid.end)
        guard grid.count > 0 else { return }
        var pending = [Visit(resolved, from: grid.start, through: grid.time(at: grid.count - 1))]
        while let visit = pending.popLast() { take(visit, &pending) }
    }

    /// The times from the first to the last sample; nil where nothing is read.
    var times: ClosedRange<Timestamp>? {
        guard let from = selectors.map(\.from).min(),
            let through = selectors.map(\.through).max(), from <= through
        else { return nil }
        return from...through
    }

    /// A part that is evaluated at times between two.
    private struct Visit {
        var expression: Expression
        var from: Timestamp
        var through: Timestamp

        init(_ expression: Expression, from: Timestamp, through: Timestamp) {
            self.expression = expression
            self.from = from
            self.through = through
        }
    }

    private mutating func take(_ visit: Visit, _ pending: inout [Visit]) {
        switch visit.expression {
        case .vectorSelector(let selector): add(selector, window: nil, visit)
        case .matrixSelector(let matrix):
            add(matrix.selector, window: Self.length(matrix.window), visit)
        case .subquery(let subquery):
            var (from, through) = (visit.from, visit.through)
            if case .timestamp(let fixed)? = subquery.at {
                // Prometheus reads on, as far as the range is long.
                from = fixed
                through = fixed.clampedSum(grid.end - grid.start)
            }
            let offset = Self.length(subquery.offset)
            let window = Self.length(subquery.window)
            pending.append(
                Visit(
                    subquery.expression,
                    from: from.clampedSum(-offset).clampedSum(-window),
                    through: through.clampedSum(-offset)))
        case .call(let call):
            if case .info = call.function { return addInformation(call, visit, &pending) }
            for argument in call.arguments {
                pending.append(Visit(argument, from: visit.from, through: visit.through))
            }
        case .number, .string, .paren, .unary, .binary, .aggregation:
            for child in visit.expression.children {
                pending.append(Visit(child, from: visit.from, through: visit.through))
            }
        }
    }

    private mutating func add(_ selector: VectorSelector, window: Milliseconds?, _ visit: Visit) {
        var (from, through) = (visit.from, visit.through)
        if case .timestamp(let fixed)? = selector.at { (from, through) = (fixed, fixed) }
        let offset = Self.length(selector.offset)
        var before = window ?? lookback
        if selector.extended != nil {
            before = before.clampedSum(lookback)
            through = through.clampedSum(lookback)
        }
        selectors.append(
            Selector(
                matchers: selector.matchers,
                from: from.clampedSum(-offset).clampedSum(-before),
                through: through.clampedSum(-offset)))
    }

    /// The series whose labels `info` adds: read at the times of its first argument.
    private mutating func addInformation(
        _ call: Call, _ visit: Visit, _ pending: inout [Visit]
    ) {
        guard let base = call.arguments.first else { return }
        var matchers: [LabelMatcher] = []
        call.arguments.dropFirst().first?.forEach { node in
            if case .vectorSelector(let data) = node { matchers = data.matchers }
        }
        if !matchers.contains(where: { $0.name == "__name__" && $0.op == .equal }) {
            let name =
                matchers.contains { $0.name == "__name__" }
                ? LabelMatcher("__name__", .regexMatch, ".+_info")
                : LabelMatcher("__name__", .equal, "target_info")
            matchers.append(name)
        }
        let first = selectors.count
        var inner = [Visit(base, from: visit.from, through: visit.through)]
        while let next = inner.popLast() { take(next, &inner) }
        let read = selectors[first...]
        guard let from = read.map(\.from).min(), let through = read.map(\.through).max() else {
            return
        }
        selectors.append(
            Selector(matchers: matchers, from: from.clampedSum(-lookback), through: through))
    }

    private static func length(_ duration: DurationValue?) -> Milliseconds {
        if case .fixed(let length)? = duration { length } else { 0 }
    }
}
