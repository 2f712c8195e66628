import GoText
import RegularExpressions

/// Selectors, and the stages behind them.
extension LogQLParser {
    static func compiled(_ pattern: String) throws(LogQLError) -> RegularExpression {
        do {
            return try RegularExpression(pattern)
        } catch {
            throw .invalid(error.description)
        }
    }

    mutating func selector() throws(LogQLError) -> [LogMatcher] {
        try expect("{")
        if take("}") { return [] }
        let matchers = try list { parser throws(LogQLError) in
            try parser.matcher(try parser.identifier("IDENTIFIER or }"))
        }
        try expect("}", among: "} or ,")
        return matchers
    }

    private mutating func matcher(_ name: String) throws(LogQLError) -> LogMatcher {
        guard case .word(let sign) = current, let relation = LogMatcher.Relation(rawValue: sign)
        else { throw refused() }
        position += 1
        let value = try string()
        let isPattern = relation == .matches || relation == .notMatches
        return LogMatcher(
            name: name, relation: relation, value: value,
            expression: isPattern ? try Self.compiled(value) : nil)
    }

    mutating func stages(allowsUnwrap: Bool = false) throws(LogQLError) -> [LogStage] {
        var stages: [LogStage] = []
        while case .word(let sign) = current {
            if let relation = LineFilter.Relation(rawValue: sign) {
                position += 1
                stages.append(.lineFilter(try lineFilter(relation)))
            } else if sign == "|" {
                if tokens[position + 1].token == .word("unwrap") {
                    if allowsUnwrap { return stages }
                    position += 1
                    throw refused()
                }
                position += 1
                stages.append(try stage())
            } else {
                break
            }
        }
        return stages
    }

    private mutating func lineFilter(
        _ relation: LineFilter.Relation
    ) throws(LogQLError) -> LineFilter {
        var alternatives: [LineFilter.Alternative] = []
        repeat {
            if take("ip") {
                try expect("(")
                alternatives.append(.addresses(try addresses(try string())))
                try expect(")")
                continue
            }
            let text = try string("STRING or ip")
            switch relation {
            case .contains, .lacks: alternatives.append(.text(text))
            case .fits, .notFits: alternatives.append(.pattern(LinePattern(text)))
            case .matches, .notMatches:
                do {
                    alternatives.append(.expression(try SearchExpression(text)))
                } catch {
                    throw .invalid(error.description)
                }
            }
        } while take("or")
        return LineFilter(relation: relation, alternatives: alternatives)
    }

    private func addresses(_ text: String) throws(LogQLError) -> AddressRange {
        guard let range = AddressRange(text) else { throw .invalid("ip: invalid pattern \(text)") }
        return range
    }

    private mutating func stage() throws(LogQLError) -> LogStage {
        guard case .word(let name) = current, name != "(" else {
            return .labelFilter(try labelFilter())
        }
        let start = tokens[position]
        position += 1
        switch name {
        case "json": return .json(try extractions())
        case "logfmt":
            var flags: Set<String> = []
            while case .word(let flag) = current, flag.hasPrefix("--") {
                flags.insert(flag)
                position += 1
            }
            return .logfmt(
                isStrict: flags.contains("--strict"), keepsEmpty: flags.contains("--keep-empty"),
                try extractions())
        case "regexp":
            let pattern = try string()
            do {
                return .regexp(try SearchExpression(pattern), names: Self.groupNames(pattern))
            } catch {
                throw .invalid("invalid regexp parser: \(error.description)")
            }
        case "pattern": return .pattern(LinePattern(try string()))
        case "unpack": return .unpack
        case "decolorize": return .decolorize
        case "line_format":
            let text = try string()
            do {
                return .lineFormat(try LineTemplate(text))
            } catch {
                throw .invalid(
                    "stage '| line_format \(GoQuoting.quote(text))' : invalid line template: "
                        + "template: line:1: \(error.text)")
            }
        case "label_format": return .labelFormat(try labelFormats())
        case "drop", "keep":
            let choices = try list { parser throws(LogQLError) in
                let name = try parser.identifier()
                guard case .word(let sign) = parser.current,
                    LogMatcher.Relation(rawValue: sign) != nil
                else { return LabelChoice(name: name) }
                return LabelChoice(name: name, matcher: try parser.matcher(name))
            }
            return name == "drop" ? .drop(choices) : .keep(choices)
        default:
            throw .syntax(start)
        }
    }

    private mutating func extractions() throws(LogQLError) -> [(name: String, path: String)] {
        guard case .identifier = current else { return [] }
        return try list { parser throws(LogQLError) in
            let name = try parser.identifier()
            return parser.take("=") ? (name, try parser.string()) : (name, name)
        }
    }

    private mutating func labelFormats() throws(LogQLError) -> [LabelFormat] {
        try list { parser throws(LogQLError) in
            let name = try parser.identifier()
            try parser.expect("=")
            if case .identifier(let label) = parser.current {
                parser.position += 1
                return LabelFormat(name: name, source: .label(label))
            }
            let text = try parser.string("IDENTIFIER or STRING")
            do throws(LineTemplate.Unreadable) {
                return LabelFormat(name: name, source: .template(try LineTemplate(text)))
            } catch {
                throw LogQLError.invalid("invalid template for label '\(name)': \(error.text)")
            }
        }
    }

    private static func groupNames(_ pattern: String) -> [String] {
        var names: [String] = []
        var rest = pattern[...]
        while let start = rest.firstRange(of: "(?P<") {
            rest = rest[start.upperBound...]
            names.append(String(rest.prefix { $0 != ">" }))
        }
        return names
    }

    // MARK: Label filters

    /// Conditions with `and` and `or` between them, `and` before `or`. Behind a comma, and where two
    /// conditions stand side by side, the whole rest is one operand: `a or b, c or d` is
    /// `a or (b and (c or d))`.
    mutating func labelFilter() throws(LogQLError) -> LabelFilter {
        var left = try conjunction()
        while take("or") { left = .or(left, try conjunction()) }
        return left
    }

    private mutating func conjunction() throws(LogQLError) -> LabelFilter {
        var left = try condition()
        while take("and") { left = .and(left, try condition()) }
        return left
    }

    private mutating func condition() throws(LogQLError) -> LabelFilter {
        let own = try comparison()
        return take(",") || beginsCondition ? .and(own, try labelFilter()) : own
    }

    private var beginsCondition: Bool {
        if case .identifier = current { return true }
        return current == .word("(")
    }

    private mutating func comparison() throws(LogQLError) -> LabelFilter {
        if take("(") {
            let inside = try labelFilter()
            try expect(")")
            return inside
        }
        let name = try identifier("")
        guard case .word(let sign) = current else { throw refused() }
        let next = tokens[position + 1].token
        if next == .word("ip") {
            position += 2
            try expect("(")
            let range = try addresses(try string())
            try expect(")")
            return .addresses(name: name, isNegative: sign == "!=", range)
        }
        if case .string = next, LogMatcher.Relation(rawValue: sign) != nil {
            return .text(try matcher(name))
        }
        guard let comparison = Comparison(rawValue: sign == "=" ? "==" : sign) else {
            throw refused()
        }
        position += 1
        let isNegative = take("-")
        if isNegative || take("+") {
            guard case .number = current else { throw refused() }
        }
        let quantity: LabelFilter.Quantity
        switch current {
        case .number(let value): quantity = .number(isNegative ? -value : value)
        case .nanoseconds(let value): quantity = .nanoseconds(value)
        case .bytes(let value): quantity = .bytes(value)
        default: throw refused()
        }
        position += 1
        return .number(name: name, comparison, quantity)
    }
}
