internal import GoText
import RegularExpressions

extension Parser {
    /// A selector whose name, if any, is still to be read.
    mutating func selector() throws(ParseError) -> VectorSelector {
        if try peek().kind == .leftBrace { return try selector(named: nil) }
        return try selector(named: try take())
    }

    mutating func selector(named name: Token?) throws(ParseError) -> VectorSelector {
        var selector = VectorSelector(matchers: [])
        if let name {
            let text = lexer.text(name)
            selector.name = text
            selector.matchers.append(LabelMatcher("__name__", .equal, text))
        }
        var start = name?.range.start
        if try peek().kind == .leftBrace {
            let brace = try take()
            start = start ?? brace.range.start
            try matchers(into: &selector)
        }
        selector.range = SourceRange(start: start ?? previousEnd, end: previousEnd)
        return selector
    }

    /// Everything behind the opening brace.
    private mutating func matchers(into selector: inout VectorSelector) throws(ParseError) {
        let context = "label matching"
        let isNamed = selector.name != nil
        var loneNames: [String] = []
        while try !accept(.rightBrace) {
            let token = try peek()
            switch token.kind {
            case .identifier:
                try take()
                guard let op = try matchOperator() else {
                    throw unexpected(context, "label matching operator")
                }
                selector.matchers.append(try matcher(lexer.text(token), op, at: token))
            case .string:
                try take()
                let name = stringValue(token)
                if let op = try matchOperator() {
                    selector.matchers.append(try matcher(name, op, at: token))
                } else {
                    selector.matchers.append(LabelMatcher("__name__", .equal, name))
                    loneNames.append(name)
                }
            default: throw unexpected(context, "identifier or \"}\"")
            }
            if try accept(.comma) { continue }
            guard try peek().kind == .rightBrace else {
                throw unexpected(context, "\",\" or \"}\"")
            }
        }
        if !isNamed { adopt(loneNames, in: &selector) }
    }

    /// A quoted name in braces is the name of the selector if nothing else speaks of the name.
    private func adopt(_ loneNames: [String], in selector: inout VectorSelector) {
        guard let name = loneNames.first, !name.isEmpty,
            let index = selector.matchers.firstIndex(where: \.isOfName),
            selector.matchers.lastIndex(where: \.isOfName) == index
        else { return }
        selector.name = name
        selector.matchers.insert(selector.matchers.remove(at: index), at: 0)
    }

    private mutating func matchOperator() throws(ParseError) -> LabelMatcher.Operator? {
        let op: LabelMatcher.Operator
        switch try peek().kind {
        case .equal: op = .equal
        case .binary(.notEqual): op = .notEqual
        case .regexMatch: op = .regexMatch
        case .regexNoMatch: op = .regexNoMatch
        default: return nil
        }
        try take()
        return op
    }

    private mutating func matcher(
        _ name: String, _ op: LabelMatcher.Operator, at label: Token
    ) throws(ParseError) -> LabelMatcher {
        guard try peek().kind == .string else { throw unexpected("label matching", "string") }
        let token = try take()
        let matcher = LabelMatcher(name, op, stringValue(token))
        if op == .regexMatch || op == .regexNoMatch {
            do throws(RegularExpressionError) {
                _ = try RegularExpression(matcher.value)
            } catch {
                let range = SourceRange(start: label.range.start, end: token.range.end)
                throw self.error(error.description, at: range)
            }
        }
        return matcher
    }

    // MARK: - The check

    /// A selector as an operand, checked to select something and to have one name.
    func checked(_ selector: VectorSelector) throws(ParseError) -> Operand {
        var fault: ParseError?
        let isNamedOutside =
            selector.name != nil && lexer.bytes[selector.range.start] != UInt8(ascii: "{")
        if isNamedOutside, let name = selector.name {
            if let other = selector.matchers.dropFirst().first(where: \.isOfName) {
                fault = error(
                    "metric name must not be set twice: \(GoQuoting.quote(name)) or "
                        + GoQuoting.quote(other.value), at: selector.range)
            }
        } else if selector.matchers.allSatisfy(\.acceptsEmpty) {
            fault = error(
                "vector selector must contain at least one non-empty matcher", at: selector.range)
        }
        return Operand(expression: .vectorSelector(selector), type: .instantVector, fault: fault)
    }
}

extension LabelMatcher {
    /// Whether it is about the metric name.
    public var isOfName: Bool { name.utf8.elementsEqual("__name__".utf8) }

    /// Whether series without the label satisfy the matcher.
    public var acceptsEmpty: Bool { accepts("") }

    /// Whether a value satisfies the matcher. Regular expressions are anchored at both ends; an
    /// invalid one accepts nothing.
    public func accepts(_ value: String) -> Bool {
        switch op {
        case .equal: self.value.utf8.elementsEqual(value.utf8)
        case .notEqual: !self.value.utf8.elementsEqual(value.utf8)
        case .regexMatch: (try? RegularExpression(self.value))?.matches(value) ?? false
        case .regexNoMatch: !((try? RegularExpression(self.value))?.matches(value) ?? true)
        }
    }
}
