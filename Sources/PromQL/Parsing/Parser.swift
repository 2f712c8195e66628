internal import GoText

/// Parses and type-checks a query.
///
/// - Throws: `ParseError` with the text and position that Prometheus 3.x gives; of several errors
///   the first one only.
public func parseExpression(
    _ text: String, options: ParserOptions = .production
)
    throws(ParseError) -> Expression
{
    var parser = Parser(text, options: options)
    let operand = try parser.query()
    if let fault = operand.fault { throw fault }
    return operand.expression
}

/// Parses one bare vector selector, as `match[]` takes it. Its types are not checked: a name given
/// twice and a selector of everything are accepted.
///
/// - Throws: `ParseError`, as `parseExpression(_:options:)`.
public func parseSelector(_ text: String) throws(ParseError) -> VectorSelector {
    var parser = Parser(text, options: .production)
    return try parser.bareSelector()
}

/// A shift-reduce parser. What is open (parentheses, calls, operators that wait for their right
/// side) stands on a stack of its own, not on that of the thread, so that no query can exhaust the
/// latter. One word of lookahead is taken only when needed: Prometheus reports the first error it
/// meets, and what has been read decides which that is.
struct Parser {
    var lexer: Lexer
    let options: ParserOptions
    private var lookahead: Token?
    /// The end of the last word taken.
    var previousEnd = 0
    var frames: [Frame] = []
    /// Operators, signs and parentheses in the duration being read.
    var durationParts = 0

    /// Something open that waits for operands.
    enum Frame {
        case parenthesis(start: Int)
        case call(CallHead, arguments: [Operand])
        case sign(Unary.Operator, start: Int)
        case binary(BinaryHead, lhs: Operand)
    }

    init(_ text: String, options: ParserOptions) {
        lexer = Lexer(text)
        self.options = options
    }

    // MARK: - Words

    mutating func peek() throws(ParseError) -> Token {
        if let lookahead { return lookahead }
        let token = try lexer.next()
        lookahead = token
        return token
    }

    @discardableResult
    mutating func take() throws(ParseError) -> Token {
        let token = try peek()
        lookahead = nil
        previousEnd = token.range.end
        return token
    }

    mutating func accept(_ kind: Token.Kind) throws(ParseError) -> Bool {
        guard try peek().kind == kind else { return false }
        try take()
        return true
    }

    // MARK: - Errors

    func error(_ message: String, at range: SourceRange) -> ParseError {
        lexer.error(message, at: range)
    }

    /// The next word cannot stand where it does.
    mutating func unexpected(_ context: String, _ expected: String) -> ParseError {
        let token: Token
        do throws(ParseError) {
            token = try peek()
        } catch {
            return error
        }
        var message = "unexpected " + token.description(text: lexer.text(token))
        if !context.isEmpty { message += " in " + context }
        if !expected.isEmpty { message += ", expected " + expected }
        return error(message, at: token.range)
    }

    /// The next word cannot stand where it does, and nothing more is known than what is open.
    mutating func unexpected() -> ParseError {
        let isInAggregation = frames.contains { frame in
            if case .call(let head, _) = frame { head.isAggregation } else { false }
        }
        return unexpected(isInAggregation ? "aggregation" : "", "")
    }

    mutating func push(_ frame: Frame) throws(ParseError) {
        guard frames.count < options.maximumDepth else {
            throw tooDeep(at: try peek().range)
        }
        frames.append(frame)
    }

    func tooDeep(at range: SourceRange) -> ParseError {
        error("expression nests deeper than \(options.maximumDepth) levels", at: range)
    }

    // MARK: - Queries

    mutating func query() throws(ParseError) -> Operand {
        guard try peek().kind != .endOfInput else {
            throw error("no expression found in input", at: SourceRange(start: 0, end: 0))
        }
        while true {
            guard var operand = try beginning() else { continue }
            while true {
                operand = try withModifiers(operand)
                if case .binary(let op) = try peek().kind {
                    operand = try closingOperators(operand, before: op)
                    let head = try binaryHead(op)
                    try push(.binary(head, lhs: operand))
                    break
                }
                operand = try closingOperators(operand, before: nil)
                if frames.isEmpty {
                    guard try peek().kind == .endOfInput else { throw unexpected() }
                    return operand
                }
                guard let closed = try closing(operand) else { break }
                operand = closed
            }
        }
    }

    mutating func bareSelector() throws(ParseError) -> VectorSelector {
        let first = try peek()
        guard first.canBeMetricName || first.kind == .leftBrace else { throw unexpected() }
        let selector = try self.selector()
        guard try peek().kind == .endOfInput else { throw unexpected() }
        return selector
    }

    /// Reads the beginning of an operand: all of it, or, returning nil, what opens one.
    private mutating func beginning() throws(ParseError) -> Operand? {
        let token = try peek()
        switch token.kind {
        case .number, .duration:
            return Operand(expression: .number(try numberLiteral()), type: .scalar)
        case .string:
            try take()
            let literal = StringLiteral(bytes: stringBytes(token), range: token.range)
            return Operand(expression: .string(literal), type: .string)
        case .leftParen:
            try take()
            try push(.parenthesis(start: token.range.start))
            return nil
        case .binary(.add), .binary(.subtract):
            try take()
            let sign: Unary.Operator = token.kind == .binary(.add) ? .plus : .minus
            try push(.sign(sign, start: token.range.start))
            return nil
        case .leftBrace: return try checked(try selector())
        case .aggregator(let op): return try aggregationOrSelector(op)
        case .identifier, .queryWord: return try callOrSelector()
        default:
            guard token.canBeMetricName else { throw unexpected() }
            return try checked(try selector())
        }
    }

    /// Builds the operators that bind tighter than the one to come, or, for nil, all of them up to
    /// the nearest bracket.
    private mutating func closingOperators(
        _ operand: Operand, before next: Binary.Operator?
    ) throws(ParseError) -> Operand {
        var operand = operand
        while let frame = frames.last {
            switch frame {
            case .sign(let op, let start):
                if let next, next.precedence > Binary.Operator.signPrecedence { return operand }
                frames.removeLast()
                operand = try signed(op, start: start, operand)
            case .binary(let head, let lhs):
                if let next, !head.op.groupsBefore(next) { return operand }
                frames.removeLast()
                operand = try binary(head, lhs, operand)
            case .parenthesis, .call: return operand
            }
        }
        return operand
    }

    /// Continues what is open around a complete operand: returns it closed, or nil when it waits
    /// for another operand.
    private mutating func closing(_ operand: Operand) throws(ParseError) -> Operand? {
        switch frames.popLast() {
        case .parenthesis(let start):
            guard try accept(.rightParen) else { throw unexpected() }
            let range = SourceRange(start: start, end: previousEnd)
            return try node(
                .paren(Paren(operand.expression, range: range)), type: operand.type,
                fault: operand.fault, over: [operand])
        case .call(let head, var arguments):
            arguments.append(operand)
            switch try peek().kind {
            case .rightParen:
                try take()
                return try call(head, arguments)
            case .comma:
                frames.append(.call(head, arguments: arguments))
                let comma = try take()
                guard try peek().canBeginOperand else {
                    throw error(
                        "trailing commas not allowed in function call args", at: comma.range)
                }
                return nil
            default:
                frames.append(.call(head, arguments: []))
                throw unexpected()
            }
        case .sign, .binary, nil: return operand
        }
    }

    /// Puts a node on top of its operands.
    func node(
        _ expression: Expression, type: ValueType, fault: ParseError?, over operands: [Operand]
    ) throws(ParseError) -> Operand {
        let height = operands.reduce(0) { max($0, $1.height) } + 1
        guard height <= options.maximumDepth else { throw tooDeep(at: expression.sourceRange) }
        return Operand(expression: expression, type: type, fault: fault, height: height)
    }

    // MARK: - Literals

    mutating func numberLiteral() throws(ParseError) -> NumberLiteral {
        let token = try take()
        let text = lexer.text(token)
        if token.kind == .duration {
            do throws(DurationText.Failure) {
                let length = try DurationText.length(text)
                return NumberLiteral(
                    length.seconds, isDuration: true, range: token.range)
            } catch {
                throw self.error(error.description(of: text), at: token.range)
            }
        }
        do throws(NumberSyntax.Failure) {
            return NumberLiteral(try NumberSyntax.value(of: text), range: token.range)
        } catch {
            throw self.error(
                "error parsing number: " + error.description(of: text), at: token.range)
        }
    }

    func stringBytes(_ token: Token) -> [UInt8] {
        StringSyntax.value(of: lexer.bytes[token.range.start..<token.range.end])
    }

    /// The value of a string in a matcher or a list of labels. Bytes that are no UTF-8 become
    /// U+FFFD, which no label of a well-behaved server contains.
    func stringValue(_ token: Token) -> String {
        String(decoding: stringBytes(token), as: UTF8.self)
    }
}

/// Which optional parts of the language a parser accepts.
public struct ParserOptions: Sendable, Hashable {
    /// Functions and aggregations behind `promql-experimental-functions`.
    public var experimentalFunctions = false
    /// Arithmetic in `[…]` and after `offset`; without a flag since Prometheus 3.14.
    public var durationExpressions = true
    /// `anchored` and `smoothed` (`promql-extended-range-selectors`).
    public var extendedRangeSelectors = false
    /// `fill`, `fill_left`, `fill_right` (`promql-binop-fill-modifiers`).
    public var binopFillModifiers = false
    /// `holt_winters`, as Prometheus 2.x names `double_exponential_smoothing`.
    public var holtWinters = false
    /// The greatest height of the tree; higher ones are refused, so that no walk over a tree
    /// exhausts the stack. Prometheus has no such limit.
    public var maximumDepth = 1000

    public init() {}

    /// Prometheus with all flags off.
    public static let production = ParserOptions()

    /// Every flag on, and the names of 2.x.
    public static let everything: ParserOptions = {
        var options = ParserOptions()
        options.experimentalFunctions = true
        options.extendedRangeSelectors = true
        options.binopFillModifiers = true
        options.holtWinters = true
        return options
    }()
}

/// Why a query is refused, in the words of Prometheus.
public struct ParseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The reason alone.
    public let message: String
    /// The part of the query at fault; `.none` when there is no such part.
    public let range: SourceRange
    /// The whole text, mostly `<line>:<column>: parse error: <message>`.
    public let description: String

    /// A text that has no position in the query, or brings its own.
    public init(_ description: String, range: SourceRange = .none) {
        message = description
        self.range = range
        self.description = description
    }

    /// An error of a query, with its position.
    init(_ message: String, at range: SourceRange, in query: [UInt8]) {
        self.message = message
        self.range = range
        let position = query.isEmpty ? "unknown position" : range.position(in: query)
        description = "\(position): parse error: \(message)"
    }
}

/// A parsed part of the query with what the type check needs to know of it.
///
/// Types are checked while the tree is built, from the leaves up, so that the check needs no walk
/// of its own. Faults of types are only reported when the whole query is free of faults of syntax,
/// and of several the one that Prometheus's check, which walks from the root down, finds first.
struct Operand {
    var expression: Expression
    var type: ValueType
    /// The first fault of types in the expression.
    var fault: ParseError?
    /// Levels of the tree.
    var height = 1
}
