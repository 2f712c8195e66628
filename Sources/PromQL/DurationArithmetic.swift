#if canImport(Glibc)
    import Glibc
#endif

/// Arithmetic of duration expressions, in seconds.
enum DurationArithmetic {
    static func seconds(
        _ expression: DurationExpression, in context: QueryContext, place: String
    ) throws(ParseError) -> Double {
        switch expression {
        case .number(let literal): return literal.value
        case .step: return Double(context.step) / 1000
        case .range: return Double(context.end - context.start) / 1000
        case .paren(let inner): return try seconds(inner, in: context, place: place)
        case .unary(let op, let inner):
            let value = try seconds(inner, in: context, place: place)
            return op == .minus ? -value : value
        case .minOf(let a, let b):
            return min(
                try seconds(a, in: context, place: place),
                try seconds(b, in: context, place: place))
        case .maxOf(let a, let b):
            return max(
                try seconds(a, in: context, place: place),
                try seconds(b, in: context, place: place))
        case .binary(let op, let lhs, let rhs):
            let a = try seconds(lhs, in: context, place: place)
            let b = try seconds(rhs, in: context, place: place)
            switch op {
            case .add: return a + b
            case .subtract: return a - b
            case .multiply: return a * b
            case .divide:
                if b == 0 { throw ParseError(place + "division by zero") }
                return a / b
            case .modulo:
                if b == 0 { throw ParseError(place + "modulo by zero") }
                return fmod(a, b)
            case .power: return pow(a, b)
            case .atan2, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .and,
                .or, .unless, .trimUpper, .trimLower:
                throw ParseError(place + "operator not allowed in a duration")
            }
        }
    }
}
