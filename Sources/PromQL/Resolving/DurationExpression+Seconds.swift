#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

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
    func milliseconds(
        in context: QueryContext, allowsNegative: Bool
    ) throws(ParseError) -> Int64 {
        if case .number(let literal) = self { return literal.roundedMilliseconds }
        let seconds = try seconds(in: context)
        guard seconds.isFinite else { throw failure("duration is NaN or infinite") }
        guard seconds > 0 || allowsNegative else {
            throw failure("duration must be greater than 0")
        }
        guard abs(seconds) <= 0x1p63 / 1e9 else { throw failure("duration is out of range") }
        return Int64(seconds * 1000)
    }

    /// Found after parsing: without `parse error`, and with byte offsets for a position.
    private func failure(_ message: String) -> ParseError {
        let range = sourceRange
        return ParseError("\(range.start):\(range.end): \(message)", range: range)
    }
}
