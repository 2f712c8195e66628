extension Parser {
    /// A duration in brackets (`isWhole`), where arithmetic may stand bare, or after `offset`,
    /// which takes one operand.
    mutating func duration(_ context: String, isWhole: Bool) throws(ParseError) -> DurationValue {
        let start = token
        let expression =
            isWhole ? try durationSum(context, 0) : try durationOperand(context, allowsSign: true)
        let value: DurationValue
        if let seconds = Self.literal(expression) {
            // To whole nanoseconds first: 1.001 s would else become 1000 ms.
            let nanoseconds = (seconds * 1e9).rounded()
            let milliseconds = (nanoseconds / 1e6).rounded(.towardZero)
            guard abs(milliseconds) <= Double(DurationText.limit) else {
                throw error("duration out of range", start)
            }
            value = .fixed(Int64(milliseconds))
            if isWhole, milliseconds <= 0 {
                throw error("duration must be greater than 0", start)
            }
        } else {
            try checkConstantDivision(expression, start)
            value = .expression(expression)
        }
        return value
    }

    /// The seconds of a bare literal, a sign allowed.
    private static func literal(_ expression: DurationExpression) -> Double? {
        switch expression {
        case .number(let literal): literal.value
        case .unary(let sign, .number(let literal)):
            sign == .minus ? -literal.value : literal.value
        default: nil
        }
    }

    private func checkConstantDivision(_ expression: DurationExpression, _ start: Token)
        throws(ParseError)
    {
        switch expression {
        case .binary(let op, let lhs, let rhs):
            if case .number(let literal) = rhs, literal.value == 0 {
                if op == .divide { throw error("division by zero", start) }
                if op == .modulo { throw error("modulo by zero", start) }
            }
            try checkConstantDivision(lhs, start)
            try checkConstantDivision(rhs, start)
        case .unary(_, let inner), .paren(let inner): try checkConstantDivision(inner, start)
        case .minOf(let a, let b), .maxOf(let a, let b):
            try checkConstantDivision(a, start)
            try checkConstantDivision(b, start)
        case .number, .step, .range: return
        }
    }

    private mutating func durationSum(_ context: String, _ minimum: Int) throws(ParseError)
        -> DurationExpression
    {
        depth += 1
        defer { depth -= 1 }
        guard depth <= options.maximumDepth else {
            throw error(
                "expression nested too deeply, at most \(options.maximumDepth) levels", token)
        }
        var lhs = try durationOperand(context, allowsSign: true, bindsPowers: true)
        while case .op(let op) = token.kind {
            let precedence: Int
            switch op {
            case .add, .subtract: precedence = 1
            case .multiply, .divide, .modulo: precedence = 2
            case .power: precedence = 3
            default: return lhs
            }
            guard precedence >= minimum else { break }
            try advance()
            let rhs = try durationSum(context, op == .power ? precedence : precedence + 1)
            lhs = .binary(op, lhs, rhs)
        }
        return lhs
    }

    private mutating func durationOperand(
        _ context: String, allowsSign: Bool, bindsPowers: Bool = false
    ) throws(ParseError) -> DurationExpression {
        let wanted = "number, duration, step(), or range()"
        switch token.kind {
        case .number, .duration:
            let literal = try number(token)
            guard literal.value.isFinite else { throw unexpected(context, wanted) }
            try advance()
            return .number(literal)
        case .op(.add), .op(.subtract):
            guard allowsSign else { throw unexpected(context, wanted) }
            let sign: Unary.Operator = token.kind == .op(.subtract) ? .minus : .plus
            try advance()
            var operand = try durationOperand(context, allowsSign: false)
            // Inside arithmetic a sign binds weaker than a power.
            if bindsPowers, case .op(.power) = token.kind {
                try advance()
                operand = .binary(.power, operand, try durationSum(context, 3))
            }
            return .unary(sign, operand)
        case .leftParen:
            try advance()
            let inner = try durationSum(context, 0)
            try expect(.rightParen, context, "\")\"")
            return .paren(inner)
        case .keyword(let word):
            switch word {
            case .step, .range:
                try advance()
                try expect(.leftParen, context, "\"(\"")
                try expect(.rightParen, context, "\")\"")
                return word == .step ? .step : .range
            case .minOf, .maxOf:
                try advance()
                try expect(.leftParen, context, "\"(\"")
                let first = try durationSum(context, 0)
                try expect(.comma, context, "\",\"")
                let second = try durationSum(context, 0)
                try expect(.rightParen, context, "\")\"")
                return word == .minOf ? .minOf(first, second) : .maxOf(first, second)
            default: throw unexpected(context, wanted)
            }
        default: throw unexpected(context, wanted)
        }
    }
}
