internal import GoText

/// Reads one line byte by byte.
struct NotationScanner {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position >= bytes.count }
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }
    var rest: String { String(decoding: bytes[position...], as: UTF8.self) }

    func starts(with text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    mutating func skip(_ text: StaticString) -> Bool {
        guard starts(with: text) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    mutating func expect(_ text: StaticString) throws(NotationError) {
        guard skip(text) else { throw NotationError("expected \"\(text)\" before \"\(rest)\"") }
    }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 { position += 1 }
    }

    mutating func word(while belongs: (UInt8) -> Bool) -> String {
        let start = position
        while let byte = next, belongs(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    mutating func identifier(colons: Bool = false) -> String {
        guard let first = next, !Self.isDigit(first) else { return "" }
        return word { byte in
            Self.isLetter(byte) || Self.isDigit(byte) || (colons && byte == UInt8(ascii: ":"))
        }
    }

    /// A sign, then digits with fraction and exponent, `Inf` or `NaN`. `x` never belongs to it:
    /// `0x10` is a zero and ten repetitions.
    mutating func number() throws(NotationError) -> Double {
        let start = position
        var negative = false
        if let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            negative = sign == UInt8(ascii: "-")
            position += 1
        }
        if let byte = next, Self.isLetter(byte) {
            let letters = word { Self.isLetter($0) && $0 != UInt8(ascii: "x") }
            switch letters.lowercased() {
            case "inf": return negative ? -.infinity : .infinity
            case "nan": return Double(bitPattern: 0x7ff8_0000_0000_0001)
            default: throw NotationError("\"\(letters)\" is no number")
            }
        }
        _ = word { Self.isDigit($0) || $0 == UInt8(ascii: ".") }
        if let e = next, e == UInt8(ascii: "e") || e == UInt8(ascii: "E") {
            position += 1
            if let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                position += 1
            }
            _ = word(while: Self.isDigit)
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        // A number may end in its point (`5.`), which Swift does not read.
        let padded = text.hasSuffix(".") ? text + "0" : text
        guard let value = Double(padded) else {
            throw NotationError("\"\(text + rest)\" does not begin with a number")
        }
        return value
    }

    /// Repetitions are limited: a script names them, and each takes memory.
    mutating func repetitions() throws(NotationError) -> Int {
        let digits = word(while: Self.isDigit)
        guard let count = Int(digits), count <= 10_000_000 else {
            throw NotationError("invalid repeat count \"\(digits)\"")
        }
        return count
    }

    /// A string in any of Go's three quotes, beginning here.
    mutating func quotedString() throws(NotationError) -> String {
        let (value, end) = try GoQuotedString.read(bytes, from: position)
        position = end
        return value
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// Strings in double or single quotes (with Go's escapes) or in backquotes (without any).
enum GoQuotedString {
    /// The value of the string that begins at `start`, and where it ends.
    static func read(_ bytes: [UInt8], from start: Int) throws(NotationError) -> (String, Int) {
        guard start < bytes.count, [0x22, 0x27, 0x60].contains(bytes[start]) else {
            throw NotationError("expected a quoted string")
        }
        let quote = bytes[start]
        var value: [UInt8] = []
        var rest = bytes[(start + 1)...]
        while let byte = rest.popFirst() {
            if byte == quote { return (String(decoding: value, as: UTF8.self), rest.startIndex) }
            guard byte == UInt8(ascii: "\\"), quote != 0x60 else {
                value.append(byte)
                continue
            }
            do throws(GoQuoting.EscapeFailure) {
                try GoQuoting.readEscape(&rest, into: &value)
            } catch {
                throw NotationError(error)
            }
        }
        throw NotationError("unterminated quoted string")
    }
}

extension NotationError {
    init(_ failure: GoQuoting.EscapeFailure) {
        switch failure {
        case .unterminated: self.init("unterminated escape sequence")
        case .unknown: self.init("unknown escape sequence")
        case .invalidCode: self.init("invalid escape sequence")
        case .noCodePoint: self.init("escape sequence is no Unicode code point")
        }
    }
}

/// `1h30m`, `5m`, `0`: lengths of time in commands.
enum DurationNotation {
    static func length(_ text: some StringProtocol) throws(NotationError) -> Milliseconds {
        let text = String(text)
        do throws(DurationText.Failure) {
            return try DurationText.length(text)
        } catch {
            throw NotationError(error.description(of: text))
        }
    }
}
