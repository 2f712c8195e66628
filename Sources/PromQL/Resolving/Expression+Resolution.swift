public import GoText

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension Expression {
    /// The tree with durations that depend on the query, and the functions `start()`, `end()`,
    /// `step()` and `range()`, replaced by their values (seconds). `@ start()` and `@ end()` stay.
    ///
    /// - Throws: `ParseError` in the form `<start>:<end>: duration must be greater than 0`, byte
    ///   offsets into the query.
    public func resolved(in context: QueryContext) throws(ParseError) -> Expression {
        try transformed { (node) throws(ParseError) -> Expression in
            switch node {
            case .call(let call):
                guard let value = call.function.value(in: context) else { return node }
                return .number(NumberLiteral(value, range: call.range))
            case .vectorSelector(var selector):
                selector.offset = try selector.offset?.resolvedOffset(in: context)
                return .vectorSelector(selector)
            case .matrixSelector(var matrix):
                matrix.window = .fixed(try matrix.window.resolved(in: context))
                return .matrixSelector(matrix)
            case .subquery(var subquery):
                subquery.offset = try subquery.offset?.resolvedOffset(in: context)
                if let step = try subquery.step?.resolved(in: context) {
                    // Below a millisecond nothing is left, which means the default.
                    subquery.step = step == .zero ? nil : .fixed(step)
                }
                subquery.window = .fixed(try subquery.window.resolved(in: context))
                return .subquery(subquery)
            case .number, .string, .paren, .unary, .binary, .aggregation: return node
            }
        }
    }

    /// The tree with `@ start()` and `@ end()` replaced by times.
    public func withAbsoluteAt(start: Timestamp, end: Timestamp) -> Expression {
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
            case .number, .string, .paren, .unary, .binary, .aggregation, .call, .matrixSelector:
                return node
            }
        }
    }
}

extension Function {
    /// The value of a function of the query alone; nil for all others.
    fileprivate func value(in context: QueryContext) -> Double? {
        switch self {
        case .start: context.start.seconds
        case .end: context.end.seconds
        case .step: context.stepSeconds
        case .range: context.rangeSeconds
        default: nil
        }
    }
}

extension DurationValue {
    /// The length of a range or a step.
    fileprivate func resolved(in context: QueryContext) throws(ParseError) -> Milliseconds {
        switch self {
        case .fixed(let length): length
        case .expression(let expression):
            try expression.length(in: context, allowsNegative: false)
        }
    }

    /// nil for an offset of zero.
    fileprivate func resolvedOffset(
        in context: QueryContext
    ) throws(ParseError) -> DurationValue? {
        switch self {
        case .fixed: return self
        case .expression(let expression):
            let length = try expression.length(in: context, allowsNegative: true)
            return length == .zero ? nil : .fixed(length)
        }
    }
}

/// The query that an expression is evaluated for; `step` is 0 for instant queries.
public struct QueryContext: Sendable, Hashable {
    public var start: Timestamp
    public var end: Timestamp
    public var step: Milliseconds

    public init(start: Timestamp, end: Timestamp, step: Milliseconds) {
        self.start = start
        self.end = end
        self.step = step
    }

    var stepSeconds: Double { step.seconds }
    var rangeSeconds: Double { (end &- start).seconds }
}

extension DurationExpression {
    /// The value in seconds; calculated in floating point, as Prometheus `promql/durations.go`.
    func seconds(in context: QueryContext) throws(ParseError) -> Double {
        switch self {
        case .number(let literal): return literal.value
        case .step: return context.stepSeconds
        case .range: return context.rangeSeconds
        case .paren(let inner): return try inner.seconds(in: context)
        case .unary(let op, let operand):
            let value = try operand.seconds(in: context)
            return op == .minus ? -value : value
        case .minOf(let lhs, let rhs):
            let (a, b) = (try lhs.seconds(in: context), try rhs.seconds(in: context))
            return a.isNaN || b.isNaN ? .nan : min(a, b)
        case .maxOf(let lhs, let rhs):
            let (a, b) = (try lhs.seconds(in: context), try rhs.seconds(in: context))
            return a.isNaN || b.isNaN ? .nan : max(a, b)
        case .binary(let op, let lhs, let rhs):
            let (a, b) = (try lhs.seconds(in: context), try rhs.seconds(in: context))
            switch op {
            case .add: return a + b
            case .subtract: return a - b
            case .multiply: return a * b
            case .divide:
                if b == 0 { throw failure("division by zero") }
                return a / b
            case .modulo:
                if b == 0 { throw failure("modulo by zero") }
                return fmod(a, b)
            case .power: return pow(a, b)
            case .atan2, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .and,
                .or, .unless, .trimUpper, .trimLower:
                throw failure("unexpected duration expression operator \"\(op.rawValue)\"")
            }
        }
    }

    /// The value in whole milliseconds.
    func length(
        in context: QueryContext, allowsNegative: Bool
    ) throws(ParseError) -> Milliseconds {
        if case .number(let literal) = self { return literal.length }
        let seconds = try seconds(in: context)
        guard seconds.isFinite else { throw failure("duration is NaN or infinite") }
        guard seconds > 0 || allowsNegative else {
            throw failure("duration must be greater than 0")
        }
        guard abs(seconds) <= 0x1p63 / 1e9 else { throw failure("duration is out of range") }
        return Milliseconds(Int64(seconds * 1000))
    }

    /// Found after parsing: without `parse error`, and with byte offsets for a position.
    private func failure(_ message: String) -> ParseError {
        let range = sourceRange
        return ParseError("\(range.start):\(range.end): \(message)", range: range)
    }
}
