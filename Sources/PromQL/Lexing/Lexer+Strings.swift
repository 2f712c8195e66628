internal import GoText

extension Lexer {
    /// A string with its quotes. Escapes are checked here and replaced by `StringSyntax`.
    mutating func string(quote: UInt8) throws(ParseError) -> Token {
        position += 1
        let isRaw = quote == UInt8(ascii: "`")
        while true {
            guard let byte = peek, isRaw || byte != UInt8(ascii: "\n") else {
                throw error(isRaw ? "unterminated raw string" : "unterminated quoted string")
            }
            if byte == quote {
                position += 1
                return emit(.string)
            }
            if byte == UInt8(ascii: "\\"), !isRaw {
                position += 1
                try escape(quote: quote)
            } else if bytes[position...].starts(with: "\u{FFFD}".utf8) {
                // What stands for bytes that are no UTF-8; Prometheus refuses the character too.
                throw error("invalid UTF-8 rune")
            } else {
                position += 1
            }
        }
    }

    /// Passes what follows a backslash.
    private mutating func escape(quote: UInt8) throws(ParseError) {
        guard let byte = peek else { throw error("escape sequence not terminated") }
        switch byte {
        case quote, UInt8(ascii: "\\"), UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "v"):
            position += 1
        case UInt8(ascii: "0")...UInt8(ascii: "7"): try code(digits: 3, base: 8, greatest: 255)
        case UInt8(ascii: "x"):
            position += 1
            try code(digits: 2, base: 16, greatest: 255)
        case UInt8(ascii: "u"):
            position += 1
            try code(digits: 4, base: 16, greatest: 0x10FFFF)
        case UInt8(ascii: "U"):
            position += 1
            try code(digits: 8, base: 16, greatest: 0x10FFFF)
        default:
            throw error("unknown escape sequence \(GoQuoting.codePoint(scalar(at: position)))")
        }
    }

    private mutating func code(
        digits: Int, base: UInt32, greatest: UInt32
    ) throws(ParseError) {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let byte = peek else { throw error("escape sequence not terminated") }
            guard let digit = byte.hexValue, digit < base else {
                let character = GoQuoting.codePoint(scalar(at: position))
                throw error("illegal character \(character) in escape sequence")
            }
            value = value &* base &+ digit
            position += 1
        }
        guard value <= greatest, !(0xD800..<0xE000).contains(value) else {
            throw error("escape sequence is an invalid Unicode code point")
        }
    }
}
