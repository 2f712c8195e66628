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
