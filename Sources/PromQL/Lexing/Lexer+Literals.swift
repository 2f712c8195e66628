internal import GoText

extension Lexer {
    /// What looks like a number or a duration; whether it is one shows when its value is taken.
    mutating func numberOrDuration() throws(ParseError) -> Token {
        if skipNumber() { return emit(.number) }
        if skipRestOfDuration() { return emit(.duration) }
        throw error("bad number or duration syntax: \(GoQuoting.quote(text(start..<position)))")
    }

    /// Passes a number; false when none ends here, at the place where that shows.
    private mutating func skipNumber() -> Bool {
        let isHexadecimal =
            peek == UInt8(ascii: "0") && (peek(1) ?? 0) | 0x20 == UInt8(ascii: "x")
        if isHexadecimal {
            position += 2
            _ = accept(UInt8(ascii: "_"))
        }
        func isDigit(_ byte: UInt8) -> Bool { isHexadecimal ? byte.hexValue != nil : byte.isDigit }
        /// After an underscore or an exponent a digit must follow.
        func isRefused(_ byte: UInt8?) -> Bool {
            switch byte {
            case nil, UInt8(ascii: "."), UInt8(ascii: "_"): true
            case let byte?: byte | 0x20 == UInt8(ascii: "e") && !isHexadecimal
            }
        }

        _ = accept(UInt8(ascii: "."))
        var hasDot = false
        var hasExponent = false
        while let byte = peek {
            if isDigit(byte) {
                position += 1
                continue
            }
            switch byte {
            case UInt8(ascii: "."):
                position += 1
                guard !hasDot else { return false }
                hasDot = true
                if peek == UInt8(ascii: ".") || peek == UInt8(ascii: "_") {
                    position += 1
                    return false
                }
                guard !isHexadecimal else { return false }
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                position += 1
                guard !hasExponent else { return false }
                hasExponent = true
                if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
                guard passes(isRefused) else { return false }
            case UInt8(ascii: "_"):
                position += 1
                guard passes(isRefused) else { return false }
            default: return !byte.isIdentifierPart
            }
        }
        return true
    }

    /// False at the end and at a refused byte, which is passed.
    private mutating func passes(_ isRefused: (UInt8?) -> Bool) -> Bool {
        guard isRefused(peek) else { return true }
        if peek != nil { position += 1 }
        return false
    }

    /// Passes what follows the first number of a duration: a unit, then numbers with units. Units
    /// such as `hs` pass here and are refused when the value is taken.
    private mutating func skipRestOfDuration() -> Bool {
        guard skipUnit(years: true) else { return false }
        while peek?.isDigit == true {
            while peek?.isDigit == true { position += 1 }
            guard skipUnit(years: false) else { return false }
        }
        guard let byte = peek, byte.isIdentifierPart else { return true }
        position += 1
        return false
    }

    private mutating func skipUnit(years: Bool) -> Bool {
        switch peek {
        case UInt8(ascii: "s"), UInt8(ascii: "m"), UInt8(ascii: "h"), UInt8(ascii: "d"),
            UInt8(ascii: "w"):
            break
        case UInt8(ascii: "y") where years: break
        default: return false
        }
        position += 1
        _ = accept(UInt8(ascii: "s"))
        return true
    }
}

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
                // The replacement character for bytes that are no UTF-8. Prometheus refuses it too.
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
