import GoText
import RegularExpressions
import TimeSeries

/// Which attributes are the gateway's, and which are members' own that made room for them.
struct TraceQLNames {
    let labels: LabelInjection

    /// Whether the attribute is of a resource, or may be.
    private func isOfResource(_ attribute: TraceQLAttribute) -> Bool {
        switch attribute.scope {
        case .any, .resource, .parent, .parentResource: true
        case .span, .event, .link, .instrumentation, .parentSpan: false
        }
    }

    func isInjected(_ attribute: TraceQLAttribute) -> Bool {
        isOfResource(attribute) && labels.isName(attribute.name)
    }

    /// Whether the member has it under another name than users see.
    func isRenamed(_ attribute: TraceQLAttribute) -> Bool {
        isOfResource(attribute) && !labels.isName(attribute.name)
            && labels.renames(attribute.name.utf8)
    }

    func concerns(_ token: TraceQLToken) -> Bool {
        guard case .attribute(let attribute) = token.kind else { return false }
        return isInjected(attribute) || isRenamed(attribute)
    }

    func memberAttribute(of attribute: TraceQLAttribute) -> TraceQLAttribute {
        TraceQLAttribute(scope: attribute.scope, name: labels.memberName(of: attribute.name))
    }

    /// What is said of an injected attribute that stands where no rule takes it.
    func misplaced(_ attribute: TraceQLAttribute) -> TraceQLError {
        .refused(
            .badRequest(
                "the attribute \(GoQuoting.quote(attribute.name)) is the gateway's: it can be "
                    + "compared with a string, selected, and grouped by, as "
                    + "resource.\(attribute.name); \(attribute.text) stands elsewhere"))
    }

    func ambiguous(_ attribute: TraceQLAttribute) -> TraceQLError {
        .refused(
            .badRequest(
                "\(attribute.text) can be compared only: write resource.\(attribute.name) or "
                    + "span.\(attribute.name)"))
    }
}

/// Reads one expression over the fields of a span, and makes of it what a member is asked:
/// comparisons of injected attributes become true or false, and what follows from those is taken
/// out, for a member may refuse or misread `true && …`.
struct TraceQLFields {
    /// A part of the expression, for the member.
    struct Operand {
        enum Kind {
            case constant(Bool)
            case injected(TraceQLAttribute)
            /// Without a scope, and renamed where it is of the resource.
            case renamedInResource(TraceQLAttribute)
            case string(String)
            case null
            case other
        }
        var kind: Kind
        var text: String
    }

    private let tokens: ArraySlice<TraceQLToken>
    private let end: TraceQLPlace
    private let names: TraceQLNames
    private(set) var position: Int
    private var depth = 0
    private static let maximumDepth = 128

    /// Begins at the slice's first token.
    ///
    /// - Parameter end: the place behind the last.
    init(_ tokens: ArraySlice<TraceQLToken>, end: TraceQLPlace, _ names: TraceQLNames) {
        self.tokens = tokens
        self.end = end
        self.names = names
        position = tokens.startIndex
    }

    /// The expression up to a token that does not belong to it. It is checked that no injected
    /// attribute is left.
    mutating func expression() throws(TraceQLError) -> Operand {
        let whole = try logical()
        switch whole.kind {
        case .injected(let attribute): throw names.misplaced(attribute)
        case .renamedInResource(let attribute): throw names.ambiguous(attribute)
        case .constant, .string, .null, .other: return whole
        }
    }

    var current: TraceQLToken? { position < tokens.endIndex ? tokens[position] : nil }

    private func isSymbol(_ symbols: String...) -> Bool {
        guard let current, case .symbol = current.kind else { return false }
        return symbols.contains(current.text)
    }

    private mutating func take() -> String {
        defer { position += 1 }
        return tokens[position].text
    }

    private func unexpected() -> TraceQLError {
        guard let current else {
            return .syntax("syntax error: unexpected end of an expression", at: end)
        }
        return .syntax("syntax error: unexpected \(current.text)", at: current.place)
    }

    // MARK: Operators, the weakest first

    /// `&&` and `||` bind alike, from the left.
    private mutating func logical() throws(TraceQLError) -> Operand {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw .refused(.badRequest("the query is nested too deeply"))
        }
        var left = try comparison()
        while isSymbol("&&", "||") {
            let symbol = take()
            let right = try comparison()
            for side in [left, right] { try check(side) }
            switch (left.kind, right.kind, symbol == "&&") {
            case (.constant(false), _, true), (_, .constant(false), true):
                left = Operand(kind: .constant(false), text: "false")
            case (.constant(true), _, false), (_, .constant(true), false):
                left = Operand(kind: .constant(true), text: "true")
            case (.constant, _, _): left = right
            case (_, .constant, _): break
            default: left = Operand(kind: .other, text: "\(left.text) \(symbol) \(right.text)")
            }
        }
        return left
    }

    private mutating func comparison() throws(TraceQLError) -> Operand {
        var left = try sum()
        while isSymbol("=", "!=", "<", "<=", ">", ">=", "=~", "!~") {
            let symbol = take()
            left = try compared(left, symbol, try sum())
        }
        return left
    }

    private mutating func sum() throws(TraceQLError) -> Operand {
        var left = try term()
        while isSymbol("+", "-") {
            let symbol = take()
            left = try joined(left, symbol, try term())
        }
        return left
    }

    /// `!` and `-` take a product.
    private mutating func term() throws(TraceQLError) -> Operand {
        guard isSymbol("!", "-") else { return try product() }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw .refused(.badRequest("the query is nested too deeply"))
        }
        let symbol = take()
        let operand = try term()
        try check(operand)
        if symbol == "!", case .constant(let isTrue) = operand.kind {
            return Operand(kind: .constant(!isTrue), text: isTrue ? "false" : "true")
        }
        return Operand(kind: .other, text: symbol + operand.text)
    }

    private mutating func product() throws(TraceQLError) -> Operand {
        var left = try power()
        while isSymbol("*", "/", "%") {
            let symbol = take()
            left = try joined(left, symbol, isSymbol("!", "-") ? try term() : try power())
        }
        return left
    }

    private mutating func power() throws(TraceQLError) -> Operand {
        var left = try primary()
        while isSymbol("^") {
            let symbol = take()
            left = try joined(left, symbol, try primary())
        }
        return left
    }

    private mutating func primary() throws(TraceQLError) -> Operand {
        guard let token = current else { throw unexpected() }
        switch token.kind {
        case .attribute(let attribute):
            position += 1
            return operand(of: attribute, token)
        case .string(let value):
            position += 1
            return Operand(kind: .string(value), text: token.text)
        case .number:
            position += 1
            return Operand(kind: .other, text: token.text)
        case .word:
            position += 1
            switch token.text {
            case "true": return Operand(kind: .constant(true), text: "true")
            case "false": return Operand(kind: .constant(false), text: "false")
            case "nil": return Operand(kind: .null, text: "nil")
            default: return Operand(kind: .other, text: token.text)
            }
        case .symbol:
            guard token.text == "(" else { throw unexpected() }
            position += 1
            let inner = try logical()
            guard isSymbol(")") else { throw unexpected() }
            position += 1
            if case .constant = inner.kind { return inner }
            return Operand(kind: inner.kind, text: "(\(inner.text))")
        }
    }

    private func operand(of attribute: TraceQLAttribute, _ token: TraceQLToken) -> Operand {
        if names.isInjected(attribute) {
            return Operand(kind: .injected(attribute), text: token.text)
        }
        guard names.isRenamed(attribute) else { return Operand(kind: .other, text: token.text) }
        if attribute.scope == .any || attribute.scope == .parent {
            return Operand(kind: .renamedInResource(attribute), text: token.text)
        }
        return Operand(kind: .other, text: names.memberAttribute(of: attribute).text)
    }

    // MARK: What becomes of two sides

    private func check(_ operand: Operand) throws(TraceQLError) {
        switch operand.kind {
        case .injected(let attribute): throw names.misplaced(attribute)
        case .renamedInResource(let attribute): throw names.ambiguous(attribute)
        case .constant, .string, .null, .other: break
        }
    }

    private func joined(
        _ left: Operand, _ symbol: String, _ right: Operand
    ) throws(TraceQLError) -> Operand {
        try check(left)
        try check(right)
        return Operand(kind: .other, text: "\(left.text) \(symbol) \(right.text)")
    }

    private func compared(
        _ left: Operand, _ symbol: String, _ right: Operand
    ) throws(TraceQLError) -> Operand {
        let isSymmetric = symbol == "=" || symbol == "!="
        switch (left.kind, right.kind) {
        case (.injected(let attribute), .string(let value)):
            return try compared(attribute, symbol, value, right.text)
        case (.string(let value), .injected(let attribute)) where isSymmetric:
            return try compared(attribute, symbol, value, left.text)
        case (.injected(let attribute), .null) where isSymmetric,
            (.null, .injected(let attribute)) where isSymmetric:
            return try compared(attribute, symbol, nil, "nil")
        case (.renamedInResource(let attribute), _):
            return try either(attribute, symbol, right) { "\($0) \(symbol) \(right.text)" }
        case (_, .renamedInResource(let attribute)):
            return try either(attribute, symbol, left) { "\(left.text) \(symbol) \($0)" }
        default: return try joined(left, symbol, right)
        }
    }

    /// An injected attribute against a string, or against nil.
    private func compared(
        _ attribute: TraceQLAttribute, _ symbol: String, _ operand: String?, _ text: String
    ) throws(TraceQLError) -> Operand {
        guard attribute.scope == .resource || attribute.scope == .any else {
            throw names.misplaced(attribute)
        }
        let value = names.labels.value(of: attribute.name).flatMap { $0.isEmpty ? nil : $0 }
        let isTrue = try holds(value, symbol, operand, attribute)
        if attribute.scope == .any, operand == nil ? value == nil : !isTrue {
            // A span can have an attribute of that name too.
            let own = TraceQLAttribute(scope: .span, name: attribute.name)
            return Operand(kind: .other, text: "\(own.text) \(symbol) \(text)")
        }
        return Operand(kind: .constant(isTrue), text: isTrue ? "true" : "false")
    }

    private func holds(
        _ value: String?, _ symbol: String, _ operand: String?, _ attribute: TraceQLAttribute
    ) throws(TraceQLError) -> Bool {
        guard let operand else { return (value == nil) == (symbol == "=") }
        // A missing attribute compares with nothing.
        guard let value else { return false }
        switch symbol {
        case "=": return value.utf8.elementsEqual(operand.utf8)
        case "!=": return !value.utf8.elementsEqual(operand.utf8)
        case "=~", "!~":
            do throws(RegularExpressionError) {
                return try RegularExpression(operand).matches(value) == (symbol == "=~")
            } catch {
                throw .refused(.badRequest("invalid TraceQL query: \(error)"))
            }
        default: throw names.misplaced(attribute)
        }
    }

    /// A comparison of an attribute that is of the span under the name that users see, or of the
    /// resource under the member's.
    private func either(
        _ attribute: TraceQLAttribute, _ symbol: String, _ other: Operand,
        _ text: (String) -> String
    ) throws(TraceQLError) -> Operand {
        try check(other)
        guard attribute.scope == .any else { throw names.ambiguous(attribute) }
        let ofSpan = TraceQLAttribute(scope: .span, name: attribute.name)
        let ofResource = names.memberAttribute(
            of: TraceQLAttribute(scope: .resource, name: attribute.name))
        var isForBoth = false
        if symbol == "=", case .null = other.kind { isForBoth = true }
        return Operand(
            kind: .other,
            text: "(\(text(ofSpan.text)) \(isForBoth ? "&&" : "||") \(text(ofResource.text)))")
    }
}
