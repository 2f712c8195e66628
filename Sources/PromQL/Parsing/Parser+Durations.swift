extension Parser {
    /// Operators, signs and parentheses in one duration; far beyond any use, and few enough for
    /// functions that call themselves.
    private static let maximumDurationParts = 100

    /// What a duration stands in, for messages.
    struct DurationContext {
        var name: String
        var expected: String
    }

    /// A range or a step. A constant must be greater than 0 already here.
    mutating func positiveDuration(
        _ name: String, _ expected: String
    ) throws(ParseError) -> DurationValue {
        let context = DurationContext(name: name, expected: expected)
        durationParts = 0
        let expression = try durationExpression(context, atLeast: 0)
        guard case .number(let literal) = expression else { return .expression(expression) }
        guard literal.value > 0 else {
            throw error("duration must be greater than 0", at: literal.range)
        }
        // Less than a millisecond would print as nothing at all.
        let milliseconds = literal.roundedMilliseconds
        return milliseconds > 0 ? .fixed(milliseconds) : .expression(expression)
    }

    /// What follows `offset`; nil for an offset of zero.
    ///
    /// A number or a call ends the offset, whatever operator follows: `x offset 5m + 1` adds to x.
    /// Parentheses do not, unless they have a sign: `x offset (5m) + 1` is an offset of 301 s, since
    /// that is how Prometheus's grammar resolves the conflict.
    mutating func offsetDuration() throws(ParseError) -> DurationValue? {
        let context = DurationContext(
            name: "offset", expected: "number, duration, step(), or range()")
        durationParts = 0
        let expression: DurationExpression
        switch try peek().kind {
        case .number, .duration, .queryWord: expression = try durationPrimary(context)
        case .binary(.add), .binary(.subtract):
            let sign = try take()
            switch try peek().kind {
            case .binary(.add), .binary(.subtract):
                let operand = try durationExpression(
                    context, atLeast: Binary.Operator.power.precedence)
                let lhs = try signed(sign, operand)
                let whole = try durationExpression(context, atLeast: 0, after: lhs)
                // In parentheses it stays whole when it is printed without the needless sign.
                if case .binary = whole { expression = .paren(whole) } else { expression = whole }
            default: expression = try signed(sign, try durationPrimary(context))
            }
        default: expression = try durationExpression(context, atLeast: 0)
        }
        guard case .number(let literal) = expression else { return .expression(expression) }
        let milliseconds = literal.roundedMilliseconds
        return milliseconds == 0 ? nil : .fixed(milliseconds)
    }

    // MARK: - Arithmetic

    private mutating func durationExpression(
        _ context: DurationContext, atLeast minimum: Int, after first: DurationExpression? = nil
    ) throws(ParseError) -> DurationExpression {
        var lhs: DurationExpression
        if let first {
            lhs = first
        } else {
            lhs = try durationOperand(context)
        }
        while case .binary(let op) = try peek().kind, op.isArithmetic,
            op.precedence >= minimum
        {
            let token = try takePart()
            let next = op == .power ? op.precedence : op.precedence + 1
            let rhs = try durationExpression(context, atLeast: next)
            try require(lhs)
            if case .number(let literal) = rhs, literal.value == 0 {
                if op == .divide { throw error("division by zero", at: token.range) }
                if op == .modulo { throw error("modulo by zero", at: token.range) }
            }
            lhs = .binary(op, lhs, rhs)
        }
        return lhs
    }

    @discardableResult
    private mutating func takePart() throws(ParseError) -> Token {
        let token = try take()
        durationParts += 1
        guard durationParts <= Self.maximumDurationParts else {
            throw error(
                "duration has more than \(Self.maximumDurationParts) operators and parentheses",
                at: token.range)
        }
        return token
    }

    private mutating func durationOperand(
        _ context: DurationContext
    ) throws(ParseError) -> DurationExpression {
        switch try peek().kind {
        case .binary(.add), .binary(.subtract):
            let sign = try takePart()
            let operand = try durationExpression(
                context, atLeast: Binary.Operator.power.precedence)
            return try signed(sign, operand)
        default: return try durationPrimary(context)
        }
    }

    private mutating func durationPrimary(
        _ context: DurationContext
    ) throws(ParseError) -> DurationExpression {
        let token = try peek()
        switch token.kind {
        case .number, .duration:
            let literal = try numberLiteral()
            guard literal.isInDurationRange else {
                throw error("duration out of range", at: literal.range)
            }
            return .number(literal)
        case .queryWord(.step), .queryWord(.range):
            try take()
            guard try accept(.leftParen), try accept(.rightParen) else {
                throw unexpected(context)
            }
            let range = SourceRange(start: token.range.start, end: previousEnd)
            let expression: DurationExpression =
                token.kind == .queryWord(.step) ? .step(range) : .range(range)
            try require(expression)
            return expression
        case .queryWord(.minOf), .queryWord(.maxOf):
            try takePart()
            guard try accept(.leftParen) else { throw unexpected(context) }
            let lhs = try durationExpression(context, atLeast: 0)
            guard try accept(.comma) else { throw unexpected(context) }
            let rhs = try durationExpression(context, atLeast: 0)
            guard try accept(.rightParen) else { throw unexpected(context) }
            let expression: DurationExpression =
                token.kind == .queryWord(.minOf) ? .minOf(lhs, rhs) : .maxOf(lhs, rhs)
            try require(expression)
            return expression
        case .leftParen:
            try takePart()
            let inner = try durationExpression(context, atLeast: 0)
            guard try accept(.rightParen) else { throw unexpected(context) }
            try require(inner)
            // One pair of parentheses says as much as two.
            if case .paren = inner { return inner }
            return .paren(inner)
        default: throw unexpected(context)
        }
    }

    private mutating func unexpected(_ context: DurationContext) -> ParseError {
        unexpected(context.name, context.expected)
    }

    /// A sign folds into a number; a plus is dropped.
    private func signed(
        _ sign: Token, _ operand: DurationExpression
    ) throws(ParseError) -> DurationExpression {
        let isMinus = sign.kind == .binary(.subtract)
        guard case .number(var literal) = operand else {
            return isMinus ? .unary(.minus, operand) : operand
        }
        if isMinus { literal.value = -literal.value }
        literal.range.start = sign.range.start
        return .number(literal)
    }

    private func require(_ expression: DurationExpression) throws(ParseError) {
        guard options.durationExpressions else {
            throw error(
                "experimental duration expression is not enabled", at: expression.sourceRange)
        }
    }
}

extension NumberLiteral {
    /// Whether the seconds fit in the nanoseconds of Go's `time.Duration`.
    fileprivate var isInDurationRange: Bool { abs(value) <= 0x1p63 / 1e9 }

    /// The seconds as milliseconds: rounded to nanoseconds, then truncated. A duration has whole
    /// milliseconds, which nanoseconds in floating point would not keep over all its range.
    var roundedMilliseconds: Int64 {
        if isDuration { return Int64((value * 1000).rounded(.toNearestOrAwayFromZero)) }
        let nanoseconds = (value * 1e9).rounded(.toNearestOrAwayFromZero)
        return (Int64(exactly: nanoseconds) ?? (value < 0 ? .min : .max)) / 1_000_000
    }
}
