/// Cuts a query into words. What a character means depends on whether it stands in braces.
struct Lexer {
    let bytes: [UInt8]
    private(set) var position = 0
    var inBraces = false
    /// Between `[` and `]` a colon always separates range and step.
    var inBrackets = false

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func next() throws(ParseError) -> Token {
        skipSpace()
        let start = position
        guard position < bytes.count else {
            if inBraces { throw error("unexpected end of input inside braces", at: start) }
            return Token(kind: .end, text: "", range: SourceRange(start: start, end: start))
        }
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
            try skipString(byte)
            return token(.string, from: start)
        case _ where Self.isIdentifierStart(byte):
            return word(from: start)
        case _ where Self.isDigit(byte),
            UInt8(ascii: ".") where peek(1).map(Self.isDigit) ?? false:
            if inBraces { break }
            return try number(from: start)
        default: break
        }
        return try inBraces ? symbolInBraces(from: start) : symbol(from: start)
    }

    // MARK: - Symbols

    private mutating func symbolInBraces(from start: Int) throws(ParseError) -> Token {
        let byte = bytes[position]
        switch (byte, peek(1)) {
        case (UInt8(ascii: "}"), _): return take(1, .rightBrace)
        case (UInt8(ascii: ","), _): return take(1, .comma)
        case (UInt8(ascii: "="), UInt8(ascii: "~")): return take(2, .regexMatch)
        case (UInt8(ascii: "="), _): return take(1, .assign)
        case (UInt8(ascii: "!"), UInt8(ascii: "~")): return take(2, .regexNoMatch)
        case (UInt8(ascii: "!"), UInt8(ascii: "=")): return take(2, .op(.notEqual))
        case (UInt8(ascii: "!"), _):
            position += 1
            throw error(
                "unexpected character after '!' inside braces: \(character(at: position))",
                at: position)
        default:
            throw error("unexpected character inside braces: \(character(at: start))", at: start)
        }
    }

    private mutating func symbol(from start: Int) throws(ParseError) -> Token {
        let byte = bytes[position]
        switch (byte, peek(1)) {
        case (UInt8(ascii: "+"), _): return take(1, .op(.add))
        case (UInt8(ascii: "-"), _): return take(1, .op(.subtract))
        case (UInt8(ascii: "*"), _): return take(1, .op(.multiply))
        case (UInt8(ascii: "/"), _): return take(1, .op(.divide))
        case (UInt8(ascii: "%"), _): return take(1, .op(.modulo))
        case (UInt8(ascii: "^"), _): return take(1, .op(.power))
        case (UInt8(ascii: "="), UInt8(ascii: "=")): return take(2, .op(.equal))
        case (UInt8(ascii: "="), UInt8(ascii: "~")):
            throw error("unexpected character after '=': '~'", at: start + 1)
        case (UInt8(ascii: "="), _): return take(1, .assign)
        case (UInt8(ascii: "!"), UInt8(ascii: "=")): return take(2, .op(.notEqual))
        case (UInt8(ascii: "!"), _):
            throw error(
                "unexpected character after '!': \(character(at: start + 1))", at: start + 1)
        case (UInt8(ascii: "<"), UInt8(ascii: "/")): return take(2, .op(.trimUpper))
        case (UInt8(ascii: "<"), UInt8(ascii: "=")): return take(2, .op(.lessOrEqual))
        case (UInt8(ascii: "<"), _): return take(1, .op(.less))
        case (UInt8(ascii: ">"), UInt8(ascii: "/")): return take(2, .op(.trimLower))
        case (UInt8(ascii: ">"), UInt8(ascii: "=")): return take(2, .op(.greaterOrEqual))
        case (UInt8(ascii: ">"), _): return take(1, .op(.greater))
        case (UInt8(ascii: "("), _): return take(1, .leftParen)
        case (UInt8(ascii: ")"), _): return take(1, .rightParen)
        case (UInt8(ascii: "{"), _): return take(1, .leftBrace)
        case (UInt8(ascii: "}"), _): return take(1, .rightBrace)
        case (UInt8(ascii: "["), _): return take(1, .leftBracket)
        case (UInt8(ascii: "]"), _): return take(1, .rightBracket)
        case (UInt8(ascii: ","), _): return take(1, .comma)
        case (UInt8(ascii: ":"), let following):
            if !inBrackets, following.map(Self.isIdentifierPart) ?? false {
                return word(from: start)
            }
            return take(1, .colon)
        case (UInt8(ascii: "@"), _): return take(1, .at)
        default: throw error("unexpected character: \(character(at: start))", at: start)
        }
    }

    // MARK: - Words and numbers

    private mutating func word(from start: Int) -> Token {
        var hasColon = false
        while position < bytes.count,
            Self.isIdentifierPart(bytes[position])
                || (!inBraces && !inBrackets && bytes[position] == UInt8(ascii: ":"))
        {
            if bytes[position] == UInt8(ascii: ":") { hasColon = true }
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if inBraces { return token(.identifier, from: start) }
        if hasColon { return token(.metricIdentifier, from: start) }
        return token(kind(of: text.lowercased()), from: start)
    }

    private func kind(of word: String) -> Token.Kind {
        if word == "inf" || word == "nan" { return .number }
        switch word {
        case "and": return .op(.and)
        case "or": return .op(.or)
        case "unless": return .op(.unless)
        case "atan2": return .op(.atan2)
        default: break
        }
        if let op = Aggregation.Operator(rawValue: word) { return .aggregator(op) }
        if let keyword = Token.Keyword(rawValue: word) {
            switch keyword {
            case .fill, .fillLeft, .fillRight:
                var next = position
                while next < bytes.count, Self.isSpace(bytes[next]) { next += 1 }
                guard next < bytes.count, bytes[next] == UInt8(ascii: "(") else {
                    return .identifier
                }
            default: break
            }
            return .keyword(keyword)
        }
        return .identifier
    }

    private mutating func number(from start: Int) throws(ParseError) -> Token {
        while position < bytes.count {
            let byte = bytes[position]
            if Self.isIdentifierPart(byte) || byte == UInt8(ascii: ".") {
                position += 1
            } else if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"),
                bytes[position - 1] | 0x20 == UInt8(ascii: "e"), !isHexadecimal(start),
                peek(1).map(Self.isDigit) ?? false
            {
                position += 1
            } else {
                break
            }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if NumberSyntax.value(of: text) != nil { return token(.number, from: start) }
        if NumberSyntax.looksLikeDuration(text) { return token(.duration, from: start) }
        throw error("bad number or duration syntax: \(GoQuoting.quote(text))", at: start)
    }

    private func isHexadecimal(_ start: Int) -> Bool {
        start + 1 < bytes.count && bytes[start] == UInt8(ascii: "0")
            && bytes[start + 1] | 0x20 == UInt8(ascii: "x")
    }

    private mutating func skipString(_ quote: UInt8) throws(ParseError) {
        let start = position
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            if byte == quote {
                position += 1
                return
            }
            if quote != UInt8(ascii: "`") {
                if byte == UInt8(ascii: "\n") { break }
                if byte == UInt8(ascii: "\\") {
                    position += 1
                    if position >= bytes.count {
                        throw error("escape sequence not terminated", at: start)
                    }
                }
            }
            position += 1
        }
        throw error(
            quote == UInt8(ascii: "`") ? "unterminated raw string" : "unterminated quoted string",
            at: start)
    }

    // MARK: - Bytes

    private mutating func skipSpace() {
        while position < bytes.count {
            if Self.isSpace(bytes[position]) {
                position += 1
            } else if bytes[position] == UInt8(ascii: "#") {
                while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
                    position += 1
                }
            } else {
                return
            }
        }
    }

    private func peek(_ distance: Int) -> UInt8? {
        position + distance < bytes.count ? bytes[position + distance] : nil
    }

    private mutating func take(_ length: Int, _ kind: Token.Kind) -> Token {
        let start = position
        position += length
        return token(kind, from: start)
    }

    private func token(_ kind: Token.Kind, from start: Int) -> Token {
        Token(
            kind: kind, text: String(decoding: bytes[start..<position], as: UTF8.self),
            range: SourceRange(start: start, end: position))
    }

    /// The character at an offset in single quotes, as Go's `%q` shows a rune.
    private func character(at offset: Int) -> String {
        guard offset < bytes.count else { return "'\\ufffd'" }
        let text = String(decoding: bytes[offset...].prefix(4), as: UTF8.self)
        guard let first = text.unicodeScalars.first else { return "''" }
        if first == "'" { return "'\\''" }
        return "'" + GoQuoting.quote(String(first)).dropFirst().dropLast() + "'"
    }

    func error(_ text: String, at offset: Int) -> ParseError {
        ParseError(text, at: offset, in: bytes)
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
    static func isIdentifierStart(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 97 < 26 || byte == UInt8(ascii: "_")
    }
    static func isIdentifierPart(_ byte: UInt8) -> Bool {
        isIdentifierStart(byte) || isDigit(byte)
    }
}
