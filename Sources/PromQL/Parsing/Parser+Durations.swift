internal import GoText

extension Parser {
    /// Operators, signs and parentheses in one duration; far beyond any use, and few enough for
    /// what walks over durations to call itself.
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
        let expression = try durationExpression(context)
        guard case .number(let literal) = expression else { return .expression(expression) }
        guard literal.value > 0 else {
            throw error("duration must be greater than 0", at: literal.range)
        }
        // Less than a millisecond would print as nothing at all.
        let length = literal.length
        return length > .zero ? .fixed(length) : .expression(expression)
    }

    /// What follows `offset`; nil for an offset of zero.
    ///
    /// A number or a call ends the offset, whatever operator follows: `x offset 5m + 1` adds to x.
    /// Parentheses do not, unless they have a sign: `x offset (5m) + 1` is an offset of 301 s,
    /// since that is how Prometheus's grammar resolves the conflict.
    mutating func offsetDuration() throws(ParseError) -> DurationValue? {
        let context = DurationContext(
            name: "offset", expected: "number, duration, step(), or range()")
        durationParts = 0
        let expression: DurationExpression
        switch try peek().kind {
        case .binary(.add), .binary(.subtract):
            let sign = try take()
            switch try peek().kind {
            case .binary(.add), .binary(.subtract):
                let whole = try durationExpression(context, behind: sign)
                // In parentheses it stays whole when it is printed without a needless sign.
                if case .binary = whole { expression = .paren(whole) } else { expression = whole }
            default: expression = try signed(sign, try durationExpression(context, isSingle: true))
            }
        case .leftParen: expression = try durationExpression(context)
        default: expression = try durationExpression(context, isSingle: true)
        }
        guard case .number(let literal) = expression else { return .expression(expression) }
        let length = literal.length
        return length == .zero ? nil : .fixed(length)
    }

    // MARK: - Arithmetic

    /// Something open that waits for operands.
    private enum DurationFrame {
        case parenthesis
        /// `min_of` or `max_of`, with its first argument once that is known.
        case call(Token, first: DurationExpression?)
        case sign(Token)
        case binary(Binary.Operator, Token, lhs: DurationExpression)
    }

    /// Reads arithmetic, behind a sign if there is one; or a single operand, if so wanted.
    private mutating func durationExpression(
        _ context: DurationContext, behind sign: Token? = nil, isSingle: Bool = false
    ) throws(ParseError) -> DurationExpression {
        var frames = sign.map { [DurationFrame.sign($0)] } ?? []
        while true {
            guard var operand = try durationOperand(context, &frames) else { continue }
            var isComplete = true
            while isComplete {
                if isSingle, frames.isEmpty { return operand }
                if case .binary(let op) = try peek().kind, op.isArithmetic {
                    operand = try closingOperators(operand, before: op, &frames)
                    frames.append(.binary(op, try takePart(), lhs: operand))
                    isComplete = false
                    continue
                }
                operand = try closingOperators(operand, before: nil, &frames)
                switch frames.popLast() {
                case .parenthesis:
                    guard try accept(.rightParen) else { throw unexpected(context) }
                    try require(operand)
                    // One pair of parentheses says as much as two.
                    if case .paren = operand { continue }
                    operand = .paren(operand)
                case .call(let name, nil):
                    guard try accept(.comma) else { throw unexpected(context) }
                    frames.append(.call(name, first: operand))
                    isComplete = false
                case .call(let name, let first?):
                    guard try accept(.rightParen) else { throw unexpected(context) }
                    let isLeast = name.kind == .queryWord(.minOf)
                    operand = isLeast ? .minOf(first, operand) : .maxOf(first, operand)
                    try require(operand)
                case .sign, .binary, nil: return operand
                }
            }
        }
    }

    /// Reads an operand, or, returning nil, what opens one.
    private mutating func durationOperand(
        _ context: DurationContext, _ frames: inout [DurationFrame]
    ) throws(ParseError) -> DurationExpression? {
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
            let isStep = token.kind == .queryWord(.step)
            let expression: DurationExpression = isStep ? .step(range) : .range(range)
            try require(expression)
            return expression
        case .queryWord(.minOf), .queryWord(.maxOf):
            try takePart()
            guard try accept(.leftParen) else { throw unexpected(context) }
            frames.append(.call(token, first: nil))
            return nil
        case .leftParen:
            try takePart()
            frames.append(.parenthesis)
            return nil
        case .binary(.add), .binary(.subtract):
            frames.append(.sign(try takePart()))
            return nil
        default: throw unexpected(context)
        }
    }

    /// As `closingOperators(_:before:)` of expressions.
    private mutating func closingOperators(
        _ operand: DurationExpression, before next: Binary.Operator?,
        _ frames: inout [DurationFrame]
    ) throws(ParseError) -> DurationExpression {
        var operand = operand
        while let frame = frames.last {
            switch frame {
            case .sign(let sign):
                if let next, next.precedence > Binary.Operator.signPrecedence { return operand }
                operand = try signed(sign, operand)
            case .binary(let op, let token, let lhs):
                if let next, !op.groupsBefore(next) { return operand }
                try require(lhs)
                if case .number(let literal) = operand, literal.value == 0 {
                    if op == .divide { throw error("division by zero", at: token.range) }
                    if op == .modulo { throw error("modulo by zero", at: token.range) }
                }
                operand = .binary(op, lhs, operand)
            case .parenthesis, .call: return operand
            }
            frames.removeLast()
        }
        return operand
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
    var length: Milliseconds {
        if isDuration {
            return Milliseconds(Int64((value * 1000).rounded(.toNearestOrAwayFromZero)))
        }
        let nanoseconds = (value * 1e9).rounded(.toNearestOrAwayFromZero)
        return Milliseconds(
            (Int64(exactly: nanoseconds) ?? (value < 0 ? .min : .max)) / 1_000_000)
    }
}
