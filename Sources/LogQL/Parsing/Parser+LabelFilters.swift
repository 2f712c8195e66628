internal import GoText
import PromQL
import RegularExpressions

extension Parser {
    /// Conditions side by side, with commas, `and` or `or` between them.
    ///
    /// A comma and no word at all mean `and`, and what follows one binds tighter than what stands
    /// before it, `or` included: `a, b or c` is `a and (b or c)`.
    mutating func labelFilter() throws(LogQLError) -> LabelFilter {
        try nested { parser throws(LogQLError) in
            var pending: [(filter: LabelFilter, join: FilterJoin)] = []
            var last = try parser.labelCondition()
            while let join = try parser.filterJoin() {
                while let top = pending.last, top.join.closes(before: join) {
                    last = top.join.joined(top.filter, last)
                    pending.removeLast()
                }
                guard pending.count < Self.mostConditions else { throw .tooDeep }
                pending.append((last, join))
                last = try parser.labelCondition()
            }
            while let top = pending.popLast() { last = top.join.joined(top.filter, last) }
            guard last.height <= Self.mostConditions else { throw .tooDeep }
            return last
        }
    }

    /// Conditions of one filter, for what walks over them to call itself.
    private static let mostConditions = 250

    private mutating func filterJoin() throws(LogQLError) -> FilterJoin? {
        let token = try peek()
        switch token.kind {
        case .symbol(.and):
            try take()
            return .and
        case .symbol(.or):
            try take()
            return .or
        case .symbol(.comma):
            try take()
            return .comma
        case .identifier, .symbol(.openParenthesis): return .comma
        default: return nil
        }
    }

    private mutating func labelCondition() throws(LogQLError) -> LabelFilter {
        if try accept(.openParenthesis) {
            let inner = try labelFilter()
            guard try accept(.closeParenthesis) else { throw try unexpected() }
            return inner
        }
        guard try peek().kind == .identifier else {
            throw try unexpected([.identifier, .symbol(.openParenthesis)])
        }
        let name = try take().text
        guard let op = try peekSymbol() else { throw try unexpected() }
        switch op {
        case .equal, .notEqual:
            try take()
            return try equality(of: name, isNegated: op == .notEqual)
        case .regexMatch, .regexNoMatch:
            try take()
            let value = try expect(.string).text
            do throws(RegularExpressionError) {
                _ = try RegularExpression(value)
            } catch {
                throw LogQLError(error.description)
            }
            return .matcher(
                LabelMatcher(name, op == .regexMatch ? .regexMatch : .regexNoMatch, value))
        default:
            guard let comparison = LabelFilter.Comparison(rawValue: op.rawValue) else {
                throw try unexpected()
            }
            try take()
            return .comparison(name: name, comparison, try quantity())
        }
    }

    private mutating func equality(
        of name: String, isNegated: Bool
    ) throws(LogQLError) -> LabelFilter {
        if try peek().kind == .string {
            return .matcher(LabelMatcher(name, isNegated ? .notEqual : .equal, try take().text))
        }
        if try accept(.ip) {
            try expect(.symbol(.openParenthesis))
            let address = try expect(.string).text
            try expect(.symbol(.closeParenthesis))
            return .address(name: name, isNegated: isNegated, address)
        }
        return .comparison(name: name, isNegated ? .notEqual : .equal, try quantity())
    }

    private mutating func quantity() throws(LogQLError) -> Quantity {
        switch try peek().kind {
        case .duration: return Quantity(.duration, try take().text)
        case .bytes: return Quantity(.bytes, try take().text)
        case .number, .symbol(.add), .symbol(.subtract):
            return Quantity(.number, GoFloat.plain(try signedNumber()))
        default: throw try unexpected()
        }
    }
}

/// What stands between two conditions.
private enum FilterJoin {
    case or, and, comma

    /// Whether what this one joins is closed before another one comes.
    func closes(before next: FilterJoin) -> Bool {
        switch (self, next) {
        case (.comma, _), (_, .comma), (.or, .and): false
        case (.and, .and), (.and, .or), (.or, .or): true
        }
    }

    func joined(_ left: LabelFilter, _ right: LabelFilter) -> LabelFilter {
        self == .or ? .or(left, right) : .and(left, right)
    }
}

extension LabelFilter {
    /// Levels, this one included.
    fileprivate var height: Int {
        var height = 0
        var level = [self]
        while !level.isEmpty {
            height += 1
            level = level.flatMap { filter -> [LabelFilter] in
                switch filter {
                case .and(let left, let right), .or(let left, let right): [left, right]
                case .matcher, .address, .comparison: []
                }
            }
        }
        return height
    }
}
