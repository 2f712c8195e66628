/// Parses and type-checks a query.
///
/// - Throws: `ParseError` with the text and position that Prometheus gives.
public func parseExpression(_ text: String, options: ParserOptions = .production)
    throws(ParseError) -> Expression
{
    var parser = try Parser(text, options: options)
    let expression = try parser.whole()
    try TypeCheck(options: options, query: parser.lexer).check(expression)
    return expression
}

/// Parses one bare vector selector, as `match[]` takes it; no type check.
public func parseSelector(_ text: String) throws(ParseError) -> VectorSelector {
    var parser = try Parser(text, options: .production)
    let expression = try parser.whole()
    guard case .vectorSelector(let selector) = expression else {
        throw ParseError("expected a vector selector, got \(expression.valueType.rawValue)")
    }
    return selector
}

/// A recursive-descent parser with precedence climbing.
struct Parser {
    var lexer: Lexer
    let options: ParserOptions
    var token: Token
    var previousEnd = 0
    var depth = 0

    init(_ text: String, options: ParserOptions) throws(ParseError) {
        lexer = Lexer(text)
        self.options = options
        token = Token(kind: .end, text: "", range: .none)
        token = try lexer.next()
    }

    mutating func whole() throws(ParseError) -> Expression {
        if token.kind == .end {
            throw ParseError("unknown position: parse error: no expression found in input")
        }
        let expression = try expression(0)
        guard token.kind == .end else { throw unexpectedAfterExpression() }
        return expression
    }

    private func unexpectedAfterExpression() -> ParseError {
        switch token.kind {
        case .rightParen: error("unexpected right parenthesis ')'", token)
        case .rightBracket: error("unexpected right bracket ']'", token)
        case .leftBrace: error("unexpected left brace '{'", token)
        default: error("unexpected \(token.shown)", token)
        }
    }

    // MARK: - Words

    mutating func advance() throws(ParseError) {
        previousEnd = token.range.end
        token = try lexer.next()
    }

    mutating func accept(_ kind: Token.Kind) throws(ParseError) -> Bool {
        guard token.kind == kind else { return false }
        try advance()
        return true
    }

    mutating func expect(_ kind: Token.Kind, _ context: String, _ wanted: String)
        throws(ParseError)
    {
        guard try accept(kind) else { throw unexpected(context, wanted) }
    }

    func unexpected(_ context: String, _ wanted: String = "") -> ParseError {
        let tail = wanted.isEmpty ? "" : ", expected \(wanted)"
        let place = context.isEmpty ? "" : " in \(context)"
        return error("unexpected \(token.shown)\(place)\(tail)", token)
    }

    func error(_ text: String, _ token: Token) -> ParseError {
        lexer.error(text, at: token.range.start)
    }

    // MARK: - Operators

    private static func precedence(_ op: Binary.Operator) -> Int {
        switch op {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .trimUpper,
            .trimLower:
            3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo, .atan2: 5
        case .power: 6
        }
    }

    mutating func expression(_ minimum: Int) throws(ParseError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= options.maximumDepth else {
            throw error(
                "expression nested too deeply, at most \(options.maximumDepth) levels", token)
        }
        var lhs = try unary()
        while case .op(let op) = token.kind {
            let precedence = Self.precedence(op)
            guard precedence >= minimum else { break }
            let opToken = token
            try advance()
            var matching = BinaryModifiers()
            try matching.parse(&self, op)
            // Power is right-associative; all others bind their right side tighter.
            let rhs = try expression(op == .power ? precedence : precedence + 1)
            lhs = try matching.build(op, lhs, rhs, at: opToken, in: self)
        }
        return lhs
    }

    private mutating func unary() throws(ParseError) -> Expression {
        let start = token.range.start
        let sign: Unary.Operator
        switch token.kind {
        case .op(.add): sign = .plus
        case .op(.subtract): sign = .minus
        default: return try postfix()
        }
        try advance()
        // Binds as tightly as multiplication, but less than power.
        let operand = try expression(6)
        let range = SourceRange(start: start, end: previousEnd)
        if case .number(var literal) = operand {
            if sign == .minus { literal.value = -literal.value }
            literal.range = range
            return .number(literal)
        }
        return .unary(Unary(sign, operand, range: range))
    }

    // MARK: - Operands

    private mutating func postfix() throws(ParseError) -> Expression {
        var expression = try primary()
        while true {
            switch token.kind {
            case .leftBracket: expression = try brackets(expression)
            case .keyword(.offset): expression = try offset(expression)
            case .at: expression = try at(expression)
            case .keyword(.anchored), .keyword(.smoothed): expression = try extended(expression)
            default: return expression
            }
        }
    }

    private mutating func primary() throws(ParseError) -> Expression {
        let start = token
        switch token.kind {
        case .leftParen:
            try advance()
            let inner = try expression(0)
            guard token.kind == .rightParen else { throw unclosedParenthesis() }
            try advance()
            return .paren(
                Paren(inner, range: SourceRange(start: start.range.start, end: previousEnd)))
        case .number, .duration:
            try advance()
            return .number(try number(start))
        case .string:
            try advance()
            let value = try StringSyntax.value(
                of: start.text, at: start.range.start, in: lexer)
            return .string(StringLiteral(value, range: start.range))
        case .leftBrace: return try selector(named: nil, from: start)
        case .aggregator(let op): return try aggregationOrSelector(op, start)
        default:
            guard start.canBeMetricName else {
                if token.kind == .end { throw error("unexpected end of input", token) }
                return try refuse()
            }
            try advance()
            if token.kind == .leftParen { return try call(start) }
            return try selector(named: start.text, from: start)
        }
    }

    private func refuse() throws(ParseError) -> Expression {
        switch token.kind {
        case .rightParen: throw error("unexpected right parenthesis ')'", token)
        case .leftBracket: throw error("unexpected left bracket '['", token)
        case .rightBracket: throw error("unexpected right bracket ']'", token)
        case .rightBrace: throw error("unexpected right brace '}'", token)
        default: throw error("unexpected \(token.shown)", token)
        }
    }

    func unclosedParenthesis() -> ParseError {
        token.kind == .end
            ? error("unclosed left parenthesis", token) : error("unexpected \(token.shown)", token)
    }

    func number(_ token: Token) throws(ParseError) -> NumberLiteral {
        if token.kind == .duration {
            return NumberLiteral(
                Double(try duration(token)) / 1000, isDuration: true, range: token.range)
        }
        guard let value = NumberSyntax.value(of: token.text) else {
            throw error(
                "bad number or duration syntax: \(GoQuoting.quote(token.text))", token)
        }
        return NumberLiteral(value, range: token.range)
    }

    /// Milliseconds of a duration word.
    func duration(_ token: Token) throws(ParseError) -> Int64 {
        do {
            return try DurationText.milliseconds(of: token.text)
        } catch {
            throw self.error(error.description, token)
        }
    }

    private mutating func call(_ name: Token) throws(ParseError) -> Expression {
        guard let function = Function(rawValue: name.text),
            function != .holtWinters || options.holtWinters
        else {
            throw error("unknown function with name \(GoQuoting.quote(name.text))", name)
        }
        let arguments = try arguments(trailing: "trailing commas not allowed in function call args")
        return .call(
            Call(
                function, arguments,
                range: SourceRange(start: name.range.start, end: previousEnd)))
    }

    mutating func arguments(trailing: String) throws(ParseError) -> [Expression] {
        try advance()
        var arguments: [Expression] = []
        if try accept(.rightParen) { return arguments }
        while true {
            arguments.append(try expression(0))
            if try accept(.rightParen) { return arguments }
            guard token.kind == .comma else { throw unclosedParenthesis() }
            try advance()
            if token.kind == .rightParen { throw error(trailing, token) }
        }
    }

    private mutating func aggregationOrSelector(_ op: Aggregation.Operator, _ start: Token)
        throws(ParseError) -> Expression
    {
        try advance()
        var grouping: (labels: [String], isWithout: Bool)?
        switch token.kind {
        case .leftParen: break
        case .keyword(.by), .keyword(.without): grouping = try groupingClause()
        default: return try selector(named: start.text, from: start)
        }
        guard token.kind == .leftParen else { throw unexpected("aggregation") }
        let arguments = try arguments(
            trailing: "trailing commas not allowed in function call args")
        if grouping == nil, token.kind == .keyword(.by) || token.kind == .keyword(.without) {
            grouping = try groupingClause()
        }
        let range = SourceRange(start: start.range.start, end: previousEnd)
        let wanted: Int
        switch op {
        case .topk, .bottomk, .quantile, .countValues, .limitk, .limitRatio: wanted = 2
        case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar: wanted = 1
        }
        if arguments.isEmpty {
            throw error("no arguments for aggregate expression provided", start)
        }
        guard arguments.count == wanted, let last = arguments.last else {
            throw error(
                "wrong number of arguments for aggregate expression provided, "
                    + "expected \(wanted), got \(arguments.count)", start)
        }
        if op == .limitk || op == .limitRatio, !options.experimentalFunctions {
            throw error(
                "\(op.rawValue)() is experimental and must be enabled with "
                    + "--enable-feature=promql-experimental-functions", start)
        }
        return .aggregation(
            Aggregation(
                op, last, parameter: wanted == 2 ? arguments[0] : nil,
                grouping: grouping?.labels ?? [], isWithout: grouping?.isWithout ?? false,
                range: range))
    }

    private mutating func groupingClause() throws(ParseError) -> (labels: [String], isWithout: Bool)
    {
        let isWithout = token.kind == .keyword(.without)
        try advance()
        return (try labelList(), isWithout)
    }

    /// `(a, "b c", …)`, a trailing comma allowed.
    mutating func labelList() throws(ParseError) -> [String] {
        let context = "grouping opts"
        try expect(.leftParen, context, "\"(\"")
        var labels: [String] = []
        while token.kind != .rightParen {
            if token.kind == .string {
                labels.append(
                    try StringSyntax.value(of: token.text, at: token.range.start, in: lexer))
            } else if token.canBeLabelName {
                labels.append(token.text)
            } else {
                throw unexpected(context, "label")
            }
            try advance()
            if try accept(.comma) { continue }
            guard token.kind == .rightParen else { throw unexpected(context, "\",\" or \")\"") }
        }
        try advance()
        return labels
    }
}
