import RegularExpressions

extension Parser {
    mutating func selector(named name: String?, from start: Token) throws(ParseError)
        -> Expression
    {
        var selector = VectorSelector(name: name, matchers: [])
        if let name { selector.matchers.append(LabelMatcher("__name__", .equal, name)) }
        if token.kind == .leftBrace { try matchers(into: &selector) }
        selector.range = SourceRange(start: start.range.start, end: previousEnd)
        return .vectorSelector(selector)
    }

    private mutating func matchers(into selector: inout VectorSelector) throws(ParseError) {
        lexer.inBraces = true
        try advance()
        while token.kind != .rightBrace {
            try matcher(into: &selector)
            if token.kind == .comma {
                try advance()
                continue
            }
            guard token.kind == .rightBrace else {
                throw unexpected("label matching", "\",\" or \"}\"")
            }
        }
        lexer.inBraces = false
        try advance()
    }

    private mutating func matcher(into selector: inout VectorSelector) throws(ParseError) {
        let nameToken = token
        var name: String
        switch token.kind {
        case .identifier: name = token.text
        case .string:
            name = try StringSyntax.value(of: token.text, at: token.range.start, in: lexer)
        default: throw unexpected("label matching", "label name or \"}\"")
        }
        try advance()
        let op: LabelMatcher.Operator
        switch token.kind {
        case .assign: op = .equal
        case .op(.notEqual): op = .notEqual
        case .regexMatch: op = .regexMatch
        case .regexNoMatch: op = .regexNoMatch
        case .comma, .rightBrace:
            guard nameToken.kind == .string else {
                throw unexpected("label matching", "label matching operator")
            }
            if let known = selector.name {
                throw error(
                    "metric name must not be set twice: \(GoQuoting.quote(known)) or "
                        + GoQuoting.quote(name), nameToken)
            }
            selector.name = name
            selector.matchers.insert(LabelMatcher("__name__", .equal, name), at: 0)
            return
        default: throw unexpected("label matching", "label matching operator")
        }
        try advance()
        guard token.kind == .string else { throw unexpected("label matching", "string") }
        let value = try StringSyntax.value(of: token.text, at: token.range.start, in: lexer)
        if op == .regexMatch || op == .regexNoMatch {
            do {
                _ = try RegularExpression(value)
            } catch {
                throw self.error(error.description, nameToken)
            }
        }
        try advance()
        selector.matchers.append(LabelMatcher(name, op, value))
    }

    // MARK: - Ranges and modifiers

    mutating func brackets(_ operand: Expression) throws(ParseError) -> Expression {
        let bracket = token
        lexer.inBrackets = true
        try advance()
        let context = "subquery or range selector"
        let wanted = "number, duration, step(), or range()"
        guard token.kind != .rightBracket else { throw unexpected(context, wanted) }
        let window = try duration(context, isWhole: true)
        if try accept(.colon) {
            var step: DurationValue?
            if token.kind != .rightBracket { step = try duration(context, isWhole: true) }
            try closeBracket(context)
            let start = operand.sourceRange.start
            return .subquery(
                Subquery(
                    operand, window: window, step: step,
                    range: SourceRange(start: start, end: previousEnd)))
        }
        try closeBracket(context)
        guard case .vectorSelector(var selector) = operand else {
            throw error("ranges only allowed for vector selectors", bracket)
        }
        if selector.offset != nil {
            throw error("no offset modifiers allowed before range", bracket)
        }
        if selector.at != nil { throw error("no @ modifiers allowed before range", bracket) }
        let start = selector.range.start
        selector.range.end = bracket.range.start
        return .matrixSelector(
            MatrixSelector(
                selector, window: window, range: SourceRange(start: start, end: previousEnd)))
    }

    private mutating func closeBracket(_ context: String) throws(ParseError) {
        guard token.kind == .rightBracket else {
            if token.kind == .end { throw error("unclosed left bracket", token) }
            throw unexpected(context, "\":\" or \"]\"")
        }
        lexer.inBrackets = false
        try advance()
    }

    mutating func offset(_ operand: Expression) throws(ParseError) -> Expression {
        let word = token
        try advance()
        let value = try duration("offset", isWhole: false)
        return try modified(operand, "offset", word) { (offset: inout DurationValue?, _) in
            if offset != nil { return "offset may not be set multiple times" }
            offset = value
            return nil
        }
    }

    mutating func at(_ operand: Expression) throws(ParseError) -> Expression {
        let word = token
        try advance()
        let value: AtModifier
        switch token.kind {
        case .keyword(.start), .keyword(.end):
            value = token.kind == .keyword(.start) ? .start : .end
            try advance()
            try expect(.leftParen, "@", "\"(\"")
            try expect(.rightParen, "@", "\")\"")
        default: value = .timestamp(try timestamp())
        }
        return try modified(operand, "@", word) { (_, at: inout AtModifier?) in
            if at != nil { return "@ <timestamp> may not be set multiple times" }
            at = value
            return nil
        }
    }

    private mutating func timestamp() throws(ParseError) -> Int64 {
        var sign = 1.0
        if token.kind == .op(.subtract) {
            sign = -1
            try advance()
        } else if token.kind == .op(.add) {
            try advance()
        }
        guard token.kind == .number || token.kind == .duration else {
            throw unexpected("@", "timestamp")
        }
        let literal = try number(token)
        let seconds = sign * literal.value
        guard seconds.isFinite, abs(seconds) < 9.223372036854775e15 else {
            throw error(
                "timestamp out of bounds for @ modifier: \(GoFixed.text(seconds))", token)
        }
        try advance()
        return Int64((seconds * 1000).rounded(.toNearestOrAwayFromZero))
    }

    mutating func extended(_ operand: Expression) throws(ParseError) -> Expression {
        let word = token
        let value: VectorSelector.Extension =
            token.kind == .keyword(.anchored) ? .anchored : .smoothed
        guard options.extendedRangeSelectors else {
            throw error("\(value.rawValue) modifier is experimental and not enabled", word)
        }
        try advance()
        switch operand {
        case .vectorSelector(var selector):
            if selector.extended != nil {
                throw error("anchored and smoothed modifiers cannot be used together", word)
            }
            selector.extended = value
            selector.range.end = previousEnd
            return .vectorSelector(selector)
        case .matrixSelector(var matrix):
            if matrix.selector.extended != nil {
                throw error("anchored and smoothed modifiers cannot be used together", word)
            }
            matrix.selector.extended = value
            matrix.range.end = previousEnd
            return .matrixSelector(matrix)
        default:
            throw error(
                "\(value.rawValue) modifier must be preceded by an instant vector selector or "
                    + "range vector selector", word)
        }
    }

    /// Sets a modifier of a selector or subquery; the closure returns a refusal.
    private func modified(
        _ operand: Expression, _ name: String, _ word: Token,
        _ set: (inout DurationValue?, inout AtModifier?) -> String?
    ) throws(ParseError) -> Expression {
        var refusal: String?
        let result: Expression
        switch operand {
        case .vectorSelector(var selector):
            refusal = set(&selector.offset, &selector.at)
            selector.range.end = previousEnd
            result = .vectorSelector(selector)
        case .matrixSelector(var matrix):
            refusal = set(&matrix.selector.offset, &matrix.selector.at)
            matrix.range.end = previousEnd
            result = .matrixSelector(matrix)
        case .subquery(var subquery):
            refusal = set(&subquery.offset, &subquery.at)
            subquery.range.end = previousEnd
            result = .subquery(subquery)
        default:
            throw error(
                "\(name) modifier must be preceded by an instant vector selector or "
                    + "range vector selector or a subquery", word)
        }
        if let refusal { throw error(refusal, word) }
        return result
    }
}
