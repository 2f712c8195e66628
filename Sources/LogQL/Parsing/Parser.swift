public import PromQL

extension LogQLQuery {
    /// Bytes of the longest query, as Loki has it.
    public static let longestText = 131_072

    /// The greatest height of a tree; higher ones are refused, so that no walk over a tree exhausts
    /// the stack. Loki has no such limit.
    public static let maximumDepth = 100

    /// Reads a query and checks what Loki checks of one before it runs.
    ///
    /// - Throws: what Loki answers a query of this kind with, status 400.
    public init(_ text: String) throws(LogQLError) {
        self = try Parser.query(text)
    }

    /// The matchers of a text that must be a selector and nothing else, as the lists of labels and of
    /// series take it.
    ///
    /// - Parameter allowsEverything: whether the selector may accept every stream.
    public static func selector(
        _ text: String, allowsEverything: Bool = false
    ) throws(LogQLError) -> [LabelMatcher] {
        try Parser.selector(text, allowsEverything: allowsEverything)
    }
}

/// Reads LogQL by recursive descent. What a word may follow is decided as Loki's own grammar does,
/// because its messages list what would have been right.
struct Parser {
    private var lexer: Lexer
    private var lookahead: Token?
    /// Levels open at present.
    private var depth = 0

    private init(_ text: String) { lexer = Lexer(text) }

    static func query(_ text: String) throws(LogQLError) -> LogQLQuery {
        let operand = try whole(text)
        if let fault = operand.fault { throw fault }
        return operand.query
    }

    static func selector(
        _ text: String, allowsEverything: Bool
    ) throws(LogQLError) -> [LabelMatcher] {
        let operand = try whole(text)
        guard case .log(let query) = operand.query, query.isSelector else {
            if let fault = operand.fault { throw fault }
            throw LogQLError.onlyMatchers
        }
        if let fault = operand.fault, !allowsEverything { throw fault }
        return query.matchers
    }

    private static func whole(_ text: String) throws(LogQLError) -> Operand {
        guard text.utf8.count < LogQLQuery.longestText else {
            throw LogQLError(
                "input size too long (\(text.utf8.count) > \(LogQLQuery.longestText))")
        }
        var parser = Parser(text)
        let operand = try parser.expression()
        guard try parser.peek().kind == .endOfInput else { throw try parser.unexpected() }
        return operand
    }

    // MARK: - Words

    mutating func peek() throws(LogQLError) -> Token {
        if let lookahead { return lookahead }
        let token = try lexer.next()
        lookahead = token
        return token
    }

    @discardableResult
    mutating func take() throws(LogQLError) -> Token {
        let token = try peek()
        lookahead = nil
        return token
    }

    /// The symbol that comes next, if one does.
    mutating func peekSymbol() throws(LogQLError) -> Symbol? {
        if case .symbol(let symbol) = try peek().kind { symbol } else { nil }
    }

    mutating func accept(_ symbol: Symbol) throws(LogQLError) -> Bool {
        guard try peek().kind == .symbol(symbol) else { return false }
        try take()
        return true
    }

    @discardableResult
    mutating func expect(
        _ kind: Token.Kind, or others: Token.Kind...
    ) throws(LogQLError) -> Token {
        guard try peek().kind == kind else { throw try unexpected([kind] + others) }
        return try take()
    }

    /// The error of the next word. Loki lists what it expected when that is four words at most.
    mutating func unexpected(_ expected: [Token.Kind] = []) throws(LogQLError) -> LogQLError {
        let token = try peek()
        let list = expected.map(Token.name(of:)).joined(separator: " or ")
        return LogQLError(
            "syntax error: unexpected \(token.name)" + (list.isEmpty ? "" : ", expecting \(list)"),
            at: token.position)
    }

    /// Runs `body` one level deeper.
    mutating func nested<Value>(
        _ body: (inout Parser) throws(LogQLError) -> Value
    ) throws(LogQLError) -> Value {
        guard depth < LogQLQuery.maximumDepth else { throw .tooDeep }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    // MARK: - Expressions

    /// Operators and their operands, those that bind at least so tightly.
    ///
    /// - Parameter first: the first operand, where it has been read.
    mutating func expression(
        atLeast least: Int = 0, behind first: Operand? = nil
    ) throws(LogQLError) -> Operand {
        var left: Operand
        if let first {
            left = first
        } else {
            left = try nested { parser throws(LogQLError) in try parser.operand() }
        }
        while let op = try binaryOperator(), op.precedence >= least {
            try take()
            let (returnsBool, matching) = try modifiers()
            let next = op == .power ? op.precedence : op.precedence + 1
            let right = try nested { parser throws(LogQLError) in
                try parser.expression(atLeast: next)
            }
            left = try Operand.joined(
                left, op, right, returnsBool: returnsBool, matching: matching)
        }
        return left
    }

    private mutating func binaryOperator() throws(LogQLError) -> BinaryOperation.Operator? {
        try peekSymbol().flatMap { BinaryOperation.Operator(rawValue: $0.rawValue) }
    }

    private mutating func operand() throws(LogQLError) -> Operand {
        let token = try peek()
        switch token.kind {
        case .number, .symbol(.add), .symbol(.subtract):
            return Operand(.metric(.literal(NumberValue(try signedNumber()))))
        case .symbol(.openBrace): return try logQuery()
        case .symbol(.openParenthesis):
            try take()
            let inner = try expression()
            guard try accept(.closeParenthesis) else { throw try unexpected() }
            return inner
        case .symbol(.vector): return try vector()
        case .symbol(.labelReplace): return try labelReplace()
        case .symbol(let symbol):
            if let op = symbol.rangeOperator { return try rangeAggregation(op) }
            if let op = symbol.vectorOperator { return try vectorAggregation(op) }
            throw try unexpected()
        default: throw try unexpected()
        }
    }

    private mutating func logQuery() throws(LogQLError) -> Operand {
        let matchers = try selector()
        var query = LogQuery(matchers)
        var ignored: Unwrap?
        try pipeline(into: &query.stages, unwrap: &ignored, allowsUnwrap: false)
        return Operand(.log(query), fault: Self.fault(of: query))
    }

    /// `5`, `-5` or `+5`.
    mutating func signedNumber() throws(LogQLError) -> Double {
        let isNegative = try accept(.subtract)
        if !isNegative { _ = try accept(.add) }
        let value = try number(try expect(.number).text)
        return isNegative ? -value : value
    }

    /// `bool`, `on (…)`, `group_left (…)` and their like.
    private mutating func modifiers() throws(LogQLError) -> (Bool, BinaryOperation.Matching) {
        let returnsBool = try accept(.bool)
        var matching = BinaryOperation.Matching()
        switch try peekSymbol() {
        case .on?: matching.isOn = true
        case .ignoring?: break
        default: return (returnsBool, matching)
        }
        try take()
        matching.labels = try labelList()
        let word = try peekSymbol()
        guard word == .groupLeft || word == .groupRight else { return (returnsBool, matching) }
        try take()
        let include = try peekSymbol() == .openParenthesis ? try labelList() : []
        matching.cardinality =
            word == .groupLeft ? .manyToOne(include: include) : .oneToMany(include: include)
        return (returnsBool, matching)
    }

    /// Names in parentheses, maybe none.
    mutating func labelList() throws(LogQLError) -> [String] {
        try expect(.symbol(.openParenthesis))
        if try accept(.closeParenthesis) { return [] }
        guard try peek().kind == .identifier else {
            throw try unexpected([.identifier, .symbol(.closeParenthesis)])
        }
        var labels = [try take().text]
        while try accept(.comma) { labels.append(try expect(.identifier).text) }
        try expect(.symbol(.comma), insteadOf: .symbol(.closeParenthesis))
        return labels
    }

    /// Takes `kind`, where `other` could have come too.
    private mutating func expect(
        _ other: Token.Kind, insteadOf kind: Token.Kind
    ) throws(LogQLError) {
        guard try peek().kind == kind else { throw try unexpected([other, kind]) }
        try take()
    }
}

/// A parsed part of the query.
///
/// Faults other than those of syntax are found when the whole query was read: of several the one that
/// is outermost, or else leftmost.
struct Operand {
    var query: LogQLQuery
    var fault: LogQLError?
    /// Levels of the tree.
    var height: Int

    init(_ query: LogQLQuery, fault: LogQLError? = nil, height: Int = 1) {
        self.query = query
        self.fault = fault
        self.height = height
    }
}
