internal import GoText

extension Parser {
    /// Applies the ranges, `offset`, `@`, `anchored` and `smoothed` that follow an operand.
    mutating func withModifiers(_ operand: Operand) throws(ParseError) -> Operand {
        var operand = operand
        while true {
            switch try peek().kind {
            case .leftBracket: operand = try bracketed(operand)
            case .keyword(.offset):
                try take()
                let offset = try offsetDuration()
                operand.expression = try shifted(operand.expression, by: offset)
            case .at:
                try take()
                operand.expression = try fixed(operand.expression)
            case .keyword(.anchored):
                try take()
                operand.expression = try extended(operand.expression, .anchored)
            case .keyword(.smoothed):
                try take()
                operand.expression = try extended(operand.expression, .smoothed)
            default: return operand
            }
        }
    }

    // MARK: - Ranges and subqueries

    private mutating func bracketed(_ operand: Operand) throws(ParseError) -> Operand {
        let bracket = try take()
        let durations = "number, duration, step(), or range()"
        let window = try positiveDuration("subquery or range selector", durations)
        if try accept(.rightBracket) { return try matrix(operand, window, bracket) }
        guard try accept(.colon) else { throw unexpected("subquery or range", "\":\" or \"]\"") }
        var step: DurationValue?
        if try !accept(.rightBracket) {
            step = try positiveDuration(
                "subquery selector", "number, duration, step(), range(), or \"]\"")
            guard try accept(.rightBracket) else { throw unexpected("subquery selector", "\"]\"") }
        }
        let range = SourceRange(start: operand.expression.sourceRange.start, end: previousEnd)
        var fault = operand.fault
        if fault == nil, operand.type != .instantVector {
            fault = error(
                "subquery is only allowed on instant vector, got \(operand.type.internalName) "
                    + "instead", at: range)
        }
        let subquery = Subquery(operand.expression, window: window, step: step, range: range)
        return try node(.subquery(subquery), type: .rangeVector, fault: fault, over: [operand])
    }

    private func matrix(
        _ operand: Operand, _ window: DurationValue, _ bracket: Token
    ) throws(ParseError) -> Operand {
        let brackets = SourceRange(start: bracket.range.start, end: previousEnd)
        guard case .vectorSelector(let selector) = operand.expression else {
            throw error("ranges only allowed for vector selectors", at: brackets)
        }
        if case .fixed? = selector.offset {
            throw error("no offset modifiers allowed before range", at: brackets)
        }
        if case .timestamp? = selector.at {
            throw error("no @ modifiers allowed before range", at: brackets)
        }
        let range = SourceRange(start: selector.range.start, end: previousEnd)
        return try node(
            .matrixSelector(MatrixSelector(selector, window: window, range: range)),
            type: .rangeVector, fault: operand.fault, over: [operand])
    }

    // MARK: - offset

    private func shifted(
        _ expression: Expression, by offset: DurationValue?
    ) throws(ParseError) -> Expression {
        switch expression {
        case .vectorSelector(var selector):
            selector.offset = try only(selector.offset, offset, expression)
            selector.range.end = previousEnd
            return .vectorSelector(selector)
        case .matrixSelector(var matrix):
            matrix.selector.offset = try only(matrix.selector.offset, offset, expression)
            matrix.range.end = previousEnd
            return .matrixSelector(matrix)
        case .subquery(var subquery):
            subquery.offset = try only(subquery.offset, offset, expression)
            subquery.range.end = previousEnd
            return .subquery(subquery)
        case .number, .string, .paren, .unary, .binary, .aggregation, .call:
            throw misplaced("offset modifier", expression)
        }
    }

    /// An offset of zero counts as none, so that it may be given again.
    private func only(
        _ present: DurationValue?, _ new: DurationValue?, _ expression: Expression
    ) throws(ParseError) -> DurationValue? {
        guard present == nil else {
            throw error("offset may not be set multiple times", at: expression.sourceRange)
        }
        return new
    }

    private func misplaced(_ what: String, _ expression: Expression) -> ParseError {
        error(
            "\(what) must be preceded by an instant vector selector or range vector selector or a "
                + "subquery", at: expression.sourceRange)
    }

    // MARK: - @

    private mutating func fixed(_ expression: Expression) throws(ParseError) -> Expression {
        let refusal: (inout Parser) -> ParseError = { $0.unexpected("@", "timestamp") }
        let at: AtModifier
        switch try peek().kind {
        case .queryWord(.start), .queryWord(.end):
            at = try take().kind == .queryWord(.start) ? .start : .end
            guard try accept(.leftParen), try accept(.rightParen) else { throw refusal(&self) }
        default:
            let seconds = try signedNumber(refusal)
            guard let time = Self.timestamp(seconds) else {
                throw error(
                    "timestamp out of bounds for @ modifier: \(GoFloat.fixed(seconds))",
                    at: expression.sourceRange)
            }
            at = .timestamp(time)
        }
        switch expression {
        case .vectorSelector(var selector):
            selector.at = try only(selector.at, at, expression)
            selector.range.end = previousEnd
            return .vectorSelector(selector)
        case .matrixSelector(var matrix):
            matrix.selector.at = try only(matrix.selector.at, at, expression)
            matrix.range.end = previousEnd
            return .matrixSelector(matrix)
        case .subquery(var subquery):
            subquery.at = try only(subquery.at, at, expression)
            subquery.range.end = previousEnd
            return .subquery(subquery)
        case .number, .string, .paren, .unary, .binary, .aggregation, .call:
            throw misplaced("@ modifier", expression)
        }
    }

    private func only(
        _ present: AtModifier?, _ new: AtModifier, _ expression: Expression
    ) throws(ParseError) -> AtModifier {
        guard present == nil else {
            throw error(
                "@ <timestamp> may not be set multiple times", at: expression.sourceRange)
        }
        return new
    }

    /// nil for seconds that are no time. Times more than 140,000 years away are drawn nearer:
    /// there are no samples either way, and their seconds could not be printed to the millisecond.
    private static func timestamp(_ seconds: Double) -> Timestamp? {
        guard seconds > -0x1p63, seconds < 0x1p63 else { return nil }
        let milliseconds = (seconds * 1000).rounded(.toNearestOrAwayFromZero)
        return Timestamp(milliseconds: Int64(max(-0x1p52, min(milliseconds, 0x1p52))))
    }

    // MARK: - anchored, smoothed

    private func extended(
        _ expression: Expression, _ word: VectorSelector.Extension
    ) throws(ParseError) -> Expression {
        guard options.extendedRangeSelectors else {
            throw error(
                "\(word.rawValue) modifier is experimental and not enabled",
                at: expression.sourceRange)
        }
        switch expression {
        case .vectorSelector(var selector):
            selector.extended = try only(selector.extended, word, expression)
            return .vectorSelector(selector)
        case .matrixSelector(var matrix):
            matrix.selector.extended = try only(matrix.selector.extended, word, expression)
            return .matrixSelector(matrix)
        case .subquery:
            throw error(
                "\(word.rawValue) modifier is not supported for subqueries",
                at: expression.sourceRange)
        case .number, .string, .paren, .unary, .binary, .aggregation, .call:
            throw error("\(word.rawValue) modifier not implemented", at: expression.sourceRange)
        }
    }

    private func only(
        _ present: VectorSelector.Extension?, _ new: VectorSelector.Extension,
        _ expression: Expression
    ) throws(ParseError) -> VectorSelector.Extension {
        guard present == nil || present == new else {
            throw error(
                "anchored and smoothed modifiers cannot be used together",
                at: expression.sourceRange)
        }
        return new
    }
}

extension ValueType {
    /// The name in the code of Prometheus, which a few messages and the syntax tree show.
    var internalName: String {
        switch self {
        case .scalar: "scalar"
        case .string: "string"
        case .instantVector: "vector"
        case .rangeVector: "matrix"
        }
    }
}
