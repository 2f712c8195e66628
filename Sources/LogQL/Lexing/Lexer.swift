internal import GoText

/// Reads a query word by word, as Go's `text/scanner` does with Loki's additions: `#` begins a
/// comment too, a number with a unit is a length of time or a number of bytes, and brackets are one
/// word.
struct Lexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var column = 1

    init(_ query: String) { scalars = Array(query.unicodeScalars) }

    private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        index + ahead < scalars.count ? scalars[index + ahead] : nil
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where index < scalars.count {
            if scalars[index] == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
            index += 1
        }
    }

    private func text(from start: Int) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[start..<index])
        return text
    }

    /// The next word; again and again the end of the input once that is reached.
    mutating func next() throws(LogQLError) -> Token {
        try skipSpaceAndComments()
        let start = Position(line: line, column: column)
        guard let first = peek() else {
            return Token(
                kind: .endOfInput, text: "", position: scalars.isEmpty ? .none : start)
        }
        if first.isNameStart { return name(at: start) }
        if first.isDigit || (first == "." && peek(1)?.isDigit == true) {
            return quantity(at: start)
        }
        switch first {
        case "\"", "`": return try string(quote: first, at: start)
        case "[": return try range(at: start)
        case "-":
            if let token = flagOrNegativeDuration(at: start) { return token }
            return symbol(at: start)
        default: return symbol(at: start)
        }
    }

    private mutating func skipSpaceAndComments() throws(LogQLError) {
        while let scalar = peek() {
            switch (scalar, peek(1)) {
            case (" ", _), ("\t", _), ("\n", _), ("\r", _): advance()
            case ("#", _), ("/", "/"):
                while let scalar = peek(), scalar != "\n" { advance() }
            case ("/", "*"):
                let start = Position(line: line, column: column)
                advance(2)
                while peek() != nil, !(peek() == "*" && peek(1) == "/") { advance() }
                guard peek() != nil else {
                    throw LogQLError("comment not terminated", at: start)
                }
                advance(2)
            default: return
            }
        }
    }

    // MARK: - Words

    private mutating func name(at start: Position) -> Token {
        let first = index
        while let scalar = peek(), scalar.isNameStart || scalar.properties.isNumber { advance() }
        let name = text(from: first)
        if let symbol = Symbol.byText[name], !symbol.isFunction {
            return Token(kind: .symbol(symbol), text: name, position: start)
        }
        if let function = Symbol.byText[name.lowercased()], function.isFunction, isCalled() {
            return Token(kind: .symbol(function), text: name, position: start)
        }
        return Token(kind: .identifier, text: name, position: start)
    }

    /// Whether an opening parenthesis follows, or a grouping.
    private func isCalled() -> Bool {
        let next = behindSpace(index)
        if next < scalars.count, scalars[next] == "(" { return true }
        for word in ["by", "without"] where scalars[next...].starts(with: word.unicodeScalars) {
            let behind = behindSpace(next + word.unicodeScalars.count)
            return behind < scalars.count && scalars[behind] == "("
        }
        return false
    }

    private func behindSpace(_ start: Int) -> Int {
        var index = start
        while index < scalars.count, scalars[index].isSpace { index += 1 }
        return index
    }

    private mutating func symbol(at start: Position) -> Token {
        let first = index
        advance()
        if let second = peek() {
            var both = text(from: first)
            both.unicodeScalars.append(second)
            if let symbol = Symbol.byText[both] {
                advance()
                let position = Position(line: 0, column: start.column)
                return Token(kind: .symbol(symbol), text: both, position: position)
            }
        }
        let one = text(from: first)
        return Token(
            kind: Symbol.byText[one].map { .symbol($0) } ?? .stray, text: one, position: start)
    }

    // MARK: - Numbers

    private mutating func quantity(at start: Position) -> Token {
        let first = index
        skipDigits()
        if peek() == "." {
            advance()
            skipDigits()
        }
        if peek() == "e" || peek() == "E" {
            let signed = peek(1) == "+" || peek(1) == "-"
            if peek(signed ? 2 : 1)?.isDigit == true {
                advance(signed ? 2 : 1)
                skipDigits()
            }
        }
        let forgotten = Position(line: 0, column: start.column)
        if let end = end(of: "nuµmshdwy"), let length = Self.length(text(first, end)) {
            advance(end - index)
            return Token(
                kind: .duration, text: text(from: first), length: length, position: forgotten)
        }
        if let end = end(of: "BikKMGTP"), Self.isBytes(text(first, end)) {
            advance(end - index)
            return Token(kind: .bytes, text: text(from: first), position: forgotten)
        }
        return Token(kind: .number, text: text(from: first), position: start)
    }

    private mutating func skipDigits() {
        while let scalar = peek(), scalar.isDigit || (scalar == "_" && peek(1)?.isDigit == true) {
            advance()
        }
    }

    private func text(_ start: Int, _ end: Int) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[start..<end])
        return text
    }

    /// Behind the digits, points and letters of units that follow; nil where none does.
    private func end(of units: String) -> Int? {
        var end = index
        while end < scalars.count {
            let scalar = scalars[end]
            guard scalar.isDigit || scalar == "." || units.unicodeScalars.contains(scalar) else {
                break
            }
            end += 1
        }
        return end > index ? end : nil
    }

    private mutating func flagOrNegativeDuration(at start: Position) -> Token? {
        let forgotten = Position(line: 0, column: start.column)
        for flag in ["--strict", "--keep-empty"] {
            let letters = Array(flag.unicodeScalars)
            let behind = peek(letters.count)
            guard scalars[index...].starts(with: letters), behind != "-",
                behind?.isNameStart != true
            else { continue }
            advance(letters.count)
            return Token(kind: .flag, text: flag, position: forgotten)
        }
        let first = index
        var rest = self
        rest.advance()
        guard let end = rest.end(of: "nuµmshdwy"), let length = Self.length(text(first, end)) else {
            return nil
        }
        advance(end - index)
        return Token(
            kind: .duration, text: text(from: first), length: length, position: forgotten)
    }

    /// `[5m]`
    private mutating func range(at start: Position) throws(LogQLError) -> Token {
        let forgotten = Position(line: 0, column: start.column)
        advance()
        let first = index
        while let scalar = peek(), scalar != "]" { advance() }
        let inside = text(from: first)
        guard peek() != nil else {
            throw LogQLError("missing closing ']' in duration", at: forgotten)
        }
        advance()
        do throws(DurationText.Failure) {
            return Token(
                kind: .range, text: inside,
                length: Nanoseconds(milliseconds: try DurationText.length(inside)),
                position: forgotten)
        } catch {
            throw LogQLError(error.description(of: inside), at: forgotten)
        }
    }

    // MARK: - Strings

    private mutating func string(
        quote: Unicode.Scalar, at start: Position
    ) throws(LogQLError) -> Token {
        advance()
        var value: [UInt8] = []
        while let scalar = peek(), scalar != quote {
            if quote == "\"", scalar == "\n" { break }
            if quote == "\"", scalar == "\\" {
                advance()
                try escape(into: &value, at: start)
            } else {
                value.append(contentsOf: String(scalar).utf8)
                advance()
            }
        }
        guard peek() == quote else { throw LogQLError("literal not terminated", at: start) }
        advance()
        guard let text = String(validating: value, as: UTF8.self) else {
            throw LogQLError("invalid UTF-8 rune", at: start)
        }
        return Token(kind: .string, text: text, position: start)
    }

    /// Behind a backslash.
    private mutating func escape(
        into value: inout [UInt8], at start: Position
    ) throws(LogQLError) {
        // The longest escape, `\U0010ffff`, has nine more characters, all of one byte.
        let ahead = scalars[index...].prefix(9)
        var rest = ahead.map { UInt8(exactly: $0.value) ?? 0 }[...]
        do throws(GoQuoting.EscapeFailure) {
            try GoQuoting.readEscape(&rest, into: &value)
        } catch {
            throw LogQLError("invalid char escape", at: start)
        }
        advance(ahead.count - rest.count)
    }
}

extension Unicode.Scalar {
    fileprivate var isSpace: Bool {
        self == " " || self == "\t" || self == "\n" || self == "\r"
    }

    fileprivate var isDigit: Bool { value >= 0x30 && value <= 0x39 }

    /// A letter of any script, or `_`.
    fileprivate var isNameStart: Bool {
        if self == "_" { return true }
        if value < 0x80 { return (value | 0x20) &- 0x61 < 26 }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            return true
        default: return false
        }
    }
}

extension Unicode.Scalar.Properties {
    /// A decimal digit of any script.
    fileprivate var isNumber: Bool { generalCategory == .decimalNumber }
}
