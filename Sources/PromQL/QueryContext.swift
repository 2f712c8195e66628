/// The query a duration expression stands in. Milliseconds; `step` is 0 for instant queries.
public struct QueryContext: Sendable, Hashable {
    public var start: Int64
    public var end: Int64
    public var step: Int64

    public init(start: Int64, end: Int64, step: Int64) {
        self.start = start
        self.end = end
        self.step = step
    }
}

extension Expression {
    /// The tree with duration expressions and the functions `start()`, `end()`, `step()` and
    /// `range()` replaced by their values.
    ///
    /// - Throws: why a duration has no value.
    public func resolved(in context: QueryContext) throws(ParseError) -> Expression {
        try transformed { (node) throws(ParseError) -> Expression in
            switch node {
            case .call(let call):
                let seconds: Double
                switch call.function {
                case .start: seconds = Double(context.start) / 1000
                case .end: seconds = Double(context.end) / 1000
                case .step: seconds = Double(context.step) / 1000
                case .range: seconds = Double(context.end - context.start) / 1000
                default: return node
                }
                return .number(NumberLiteral(seconds, range: call.range))
            case .vectorSelector(var selector):
                selector.offset = try Self.resolve(
                    selector.offset, in: context, selector.range, isOffset: true)
                return .vectorSelector(selector)
            case .matrixSelector(var matrix):
                if let window = try Self.resolve(
                    matrix.window, in: context, matrix.range, isOffset: false)
                {
                    matrix.window = window
                }
                return .matrixSelector(matrix)
            case .subquery(var subquery):
                if let window = try Self.resolve(
                    subquery.window, in: context, subquery.range, isOffset: false)
                {
                    subquery.window = window
                }
                subquery.step = try Self.resolve(
                    subquery.step, in: context, subquery.range, isOffset: false)
                subquery.offset = try Self.resolve(
                    subquery.offset, in: context, subquery.range, isOffset: true)
                return .subquery(subquery)
            case .number, .string, .paren, .unary, .binary, .aggregation, .fragment: return node
            }
        }
    }

    /// The tree with `@ start()` and `@ end()` as times of their own (ms).
    public func withAbsoluteAt(start: Int64, end: Int64) -> Expression {
        func absolute(_ at: AtModifier?) -> AtModifier? {
            switch at {
            case .start: .timestamp(start)
            case .end: .timestamp(end)
            case .timestamp, nil: at
            }
        }
        return transformed { (node) throws(Never) -> Expression in
            switch node {
            case .vectorSelector(var selector):
                selector.at = absolute(selector.at)
                return .vectorSelector(selector)
            case .subquery(var subquery):
                subquery.at = absolute(subquery.at)
                return .subquery(subquery)
            case .number, .string, .paren, .unary, .binary, .aggregation, .call,
                .matrixSelector, .fragment:
                return node
            }
        }
    }

    private static func resolve(
        _ duration: DurationValue?, in context: QueryContext, _ range: SourceRange, isOffset: Bool
    ) throws(ParseError) -> DurationValue? {
        guard case .expression(let expression)? = duration else { return duration }
        let place = "\(range.start):\(range.end): "
        let seconds = try DurationArithmetic.seconds(expression, in: context, place: place)
        guard seconds.isFinite else { throw ParseError(place + "duration is NaN or infinite") }
        let milliseconds = (seconds * 1000).rounded(.towardZero)
        guard abs(milliseconds) <= Double(DurationText.limit) else {
            throw ParseError(place + "duration is out of range")
        }
        guard isOffset || milliseconds > 0 else {
            throw ParseError(place + "duration must be greater than 0")
        }
        return .fixed(Int64(milliseconds))
    }
}
