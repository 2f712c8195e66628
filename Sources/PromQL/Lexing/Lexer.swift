internal import GoText

/// Splits a query into words, one at a time, because what a character means depends on what is
/// open around it. Rules and messages as Prometheus `promql/parser/lex.go`.
struct Lexer {
    let bytes: [UInt8]
    var position = 0
    /// Where the word being read begins.
    var start = 0

    private var openParentheses = 0
    private var isInBraces = false
    private var isInBrackets = false
    private var hasColon = false
    /// After `[`, only arithmetic of durations may follow, up to the first number.
    private var expectsDuration = false
    /// Whether any bracket of the query so far held a number. Never taken back, as in Prometheus:
    /// `x[step():1m]` is refused, `x[5m] + x[step():1m]` is not.
    private var hasDuration = false

    init(_ text: String) { bytes = Array(text.utf8) }

    func text(_ token: Token) -> String { text(token.range.start..<token.range.end) }

    func text(_ range: Range<Int>) -> String {
        let end = min(range.upperBound, bytes.count)
        return String(decoding: bytes[min(range.lowerBound, end)..<end], as: UTF8.self)
    }

    func error(_ message: String, at range: SourceRange) -> ParseError {
        ParseError(message, at: range, in: bytes)
    }

    /// The next word; `endOfInput` once there is none.
    mutating func next() throws(ParseError) -> Token {
        skipSpaces()
        start = position
        if isInBraces {
            if peek == UInt8(ascii: "#") {
                skipComment()
                return try next()
            }
            return try nextInBraces()
        }
        if expectsDuration { return try nextInDuration() }
        if peek == UInt8(ascii: "#") {
            skipComment()
            return try next()
        }
        return try nextInStatement()
    }

    // MARK: - Characters

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    func peek(_ distance: Int) -> UInt8? {
        position + distance < bytes.count ? bytes[position + distance] : nil
    }

    mutating func accept(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    /// The character at a place, or nil at the end; the text is valid UTF-8.
    func scalar(at place: Int) -> Unicode.Scalar? {
        guard place < bytes.count else { return nil }
        return String(decoding: bytes[place..<min(place + 4, bytes.count)], as: UTF8.self)
            .unicodeScalars.first
    }

    func emit(_ kind: Token.Kind) -> Token {
        Token(kind: kind, range: SourceRange(start: start, end: position))
    }

    /// An error where the current word begins. All of them show as reaching to the end.
    func error(_ message: String) -> ParseError {
        error(message, at: SourceRange(start: start, end: bytes.count))
    }

    /// As `error(_:)`, about the character at a place.
    func error(_ message: String, characterAt place: Int) -> ParseError {
        error(message + GoQuoting.quote(scalar(at: place)))
    }

    private mutating func skipSpaces() {
        while let byte = peek, byte.isSpace { position += 1 }
    }

    private mutating func skipComment() {
        while let byte = peek, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") {
            position += 1
        }
    }

    // MARK: - Statements

    private mutating func nextInStatement() throws(ParseError) -> Token {
        guard let byte = peek else {
            if openParentheses != 0 { throw error("unclosed left parenthesis") }
            if isInBrackets { throw error("unclosed left bracket") }
            return emit(.endOfInput)
        }
        if byte.isDigit || (byte == UInt8(ascii: ".") && peek(1)?.isDigit == true) {
            return try numberOrDuration()
        }
        if byte.isIdentifierStart || byte == UInt8(ascii: ":") {
            return isInBrackets ? try wordInBrackets() : word()
        }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") {
            return try string(quote: byte)
        }
        return try punctuation(byte)
    }

    private mutating func punctuation(_ byte: UInt8) throws(ParseError) -> Token {
        if let token = arithmetic(byte) { return token }
        position += 1
        switch byte {
        case UInt8(ascii: "="):
            if accept(UInt8(ascii: "=")) { return emit(.binary(.equal)) }
            if peek == UInt8(ascii: "~") {
                throw error("unexpected character after '=': ", characterAt: position)
            }
            return emit(.equal)
        case UInt8(ascii: "!"):
            guard accept(UInt8(ascii: "=")) else {
                throw error("unexpected character after '!': ", characterAt: position)
            }
            return emit(.binary(.notEqual))
        case UInt8(ascii: "<"):
            if accept(UInt8(ascii: "=")) { return emit(.binary(.lessOrEqual)) }
            return emit(.binary(accept(UInt8(ascii: "/")) ? .trimUpper : .less))
        case UInt8(ascii: ">"):
            if accept(UInt8(ascii: "=")) { return emit(.binary(.greaterOrEqual)) }
            return emit(.binary(accept(UInt8(ascii: "/")) ? .trimLower : .greater))
        case UInt8(ascii: "@"): return emit(.at)
        case UInt8(ascii: ","): return emit(.comma)
        case UInt8(ascii: "("), UInt8(ascii: ")"): return try parenthesis(byte)
        case UInt8(ascii: "{"):
            isInBraces = true
            return emit(.leftBrace)
        case UInt8(ascii: "["):
            if isInBrackets { throw error("unexpected left bracket '['") }
            isInBrackets = true
            hasColon = false
            expectsDuration = true
            return emit(.leftBracket)
        case UInt8(ascii: "]"):
            guard isInBrackets else { throw error("unexpected right bracket ']'") }
            isInBrackets = false
            return emit(.rightBracket)
        default: throw error("unexpected character: ", characterAt: position - 1)
        }
    }

    private mutating func arithmetic(_ byte: UInt8) -> Token? {
        let op: Binary.Operator
        switch byte {
        case UInt8(ascii: "+"): op = .add
        case UInt8(ascii: "-"): op = .subtract
        case UInt8(ascii: "*"): op = .multiply
        case UInt8(ascii: "/"): op = .divide
        case UInt8(ascii: "%"): op = .modulo
        case UInt8(ascii: "^"): op = .power
        default: return nil
        }
        position += 1
        return emit(.binary(op))
    }

    /// The parenthesis itself is passed already. An unexpected one is reported behind it.
    private mutating func parenthesis(_ byte: UInt8) throws(ParseError) -> Token {
        if byte == UInt8(ascii: "(") {
            openParentheses += 1
            return emit(.leftParen)
        }
        openParentheses -= 1
        guard openParentheses >= 0 else {
            start = position
            throw error("unexpected right parenthesis ')'")
        }
        return emit(.rightParen)
    }

    /// A name or a word of the language.
    private mutating func word() -> Token {
        while let byte = peek, byte.isIdentifierPart || byte == UInt8(ascii: ":") { position += 1 }
        let word = text(start..<position)
        if let kind = Vocabulary.kind(of: word) {
            switch kind {
            case .keyword(.fill), .keyword(.fillLeft), .keyword(.fillRight):
                return emit(isFollowedByParenthesis ? kind : .identifier)
            default: return emit(kind)
            }
        }
        return emit(word.utf8.contains(UInt8(ascii: ":")) ? .metricIdentifier : .identifier)
    }

    private var isFollowedByParenthesis: Bool {
        bytes[position...].first { !$0.isSpace } == UInt8(ascii: "(")
    }

    // MARK: - Braces

    /// Inside braces all words are plain identifiers.
    private mutating func nextInBraces() throws(ParseError) -> Token {
        guard let byte = peek else { throw error("unexpected end of input inside braces") }
        if byte.isIdentifierStart {
            while let byte = peek, byte.isIdentifierPart { position += 1 }
            return emit(.identifier)
        }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`") {
            return try string(quote: byte)
        }
        position += 1
        switch byte {
        case UInt8(ascii: ","): return emit(.comma)
        case UInt8(ascii: "="): return emit(accept(UInt8(ascii: "~")) ? .regexMatch : .equal)
        case UInt8(ascii: "!"):
            if accept(UInt8(ascii: "~")) { return emit(.regexNoMatch) }
            if accept(UInt8(ascii: "=")) { return emit(.binary(.notEqual)) }
            throw error("unexpected character after '!' inside braces: ", characterAt: position)
        case UInt8(ascii: "{"): throw error("unexpected left brace '{'")
        case UInt8(ascii: "}"):
            isInBraces = false
            return emit(.rightBrace)
        default: throw error("unexpected character inside braces: ", characterAt: position - 1)
        }
    }

    // MARK: - Brackets

    /// Between `[` and the first number in the brackets.
    private mutating func nextInDuration() throws(ParseError) -> Token {
        guard let byte = peek else {
            throw error("unexpected end of input in duration expression")
        }
        if let token = arithmetic(byte) { return token }
        if byte.isDigit || (byte == UInt8(ascii: ".") && peek(1)?.isDigit == true) {
            hasDuration = true
            expectsDuration = false
            return try numberOrDuration()
        }
        position += 1
        switch byte {
        case UInt8(ascii: "]"):
            isInBrackets = false
            hasColon = false
            expectsDuration = false
            return emit(.rightBracket)
        case UInt8(ascii: ":"):
            let token = emit(.colon)
            // Reported behind the colon.
            start = position
            guard hasDuration else {
                throw error("unexpected colon before duration in duration expression")
            }
            guard !hasColon else {
                throw error("unexpected repeated colon in duration expression")
            }
            hasColon = true
            return token
        case UInt8(ascii: "("), UInt8(ascii: ")"): return try parenthesis(byte)
        case UInt8(ascii: ","): return emit(.comma)
        default:
            position -= 1
            if let token = durationWord() { return token }
            throw error("unexpected character in duration expression: ", characterAt: start)
        }
    }

    /// A colon or a word between the first number in brackets and their end.
    private mutating func wordInBrackets() throws(ParseError) -> Token {
        if accept(UInt8(ascii: ":")) {
            guard !hasColon else { throw error("unexpected colon ':'") }
            hasColon = true
            return emit(.colon)
        }
        if let token = durationWord() { return token }
        throw error("unexpected character: ", characterAt: start, ", expected ':'")
    }

    /// `step`, `range`, `min_of` or `max_of`.
    private mutating func durationWord() -> Token? {
        var end = position
        while end < bytes.count, bytes[end].isIdentifierStart { end += 1 }
        switch Vocabulary.kind(of: text(position..<end)) {
        case .queryWord(let word) where word != .start && word != .end:
            position = end
            return emit(.queryWord(word))
        default: return nil
        }
    }

    private func error(_ message: String, characterAt place: Int, _ tail: String) -> ParseError {
        error(message + GoQuoting.quote(scalar(at: place)) + tail)
    }
}
