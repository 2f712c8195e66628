/// Numbers and durations as text.
enum NumberSyntax {
    /// The value of a number literal; nil when it is none. A leading 0 means octal where the rest
    /// are octal digits, else decimal.
    static func value(of text: String) -> Double? {
        let lower = text.lowercased()
        if lower == "inf" { return .infinity }
        if lower == "nan" { return Double(bitPattern: 0x7ff8_0000_0000_0001) }
        guard let digits = withoutUnderscores(lower) else { return nil }
        if digits.hasPrefix("0x") {
            let hex = digits.dropFirst(2)
            guard !hex.isEmpty, hex.allSatisfy(\.isHexDigit) else { return nil }
            return UInt64(hex, radix: 16).flatMap { $0 <= UInt64(Int64.max) ? Double($0) : nil }
        }
        if digits.count > 1, digits.hasPrefix("0"), digits.allSatisfy({ $0 >= "0" && $0 <= "7" }),
            let octal = Int64(digits, radix: 8)
        {
            return Double(octal)
        }
        guard let first = digits.first, first.isASCII, first.isNumber || first == "." else {
            return nil
        }
        for character in digits where !"0123456789.e+-".contains(character) { return nil }
        let filled = digits.hasSuffix(".") ? digits + "0" : digits
        return Double(filled.hasPrefix(".") ? "0" + filled : filled)
    }

    /// Underscores may stand between digits only.
    private static func withoutUnderscores(_ text: String) -> String? {
        guard text.contains("_") else { return text }
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            guard byte == UInt8(ascii: "_") else {
                out.append(byte)
                continue
            }
            let isHex = text.hasPrefix("0x")
            func isDigit(_ i: Int) -> Bool {
                guard bytes.indices.contains(i) else { return false }
                return Lexer.isDigit(bytes[i])
                    || (isHex && (Character(UnicodeScalar(bytes[i])).isHexDigit || i == 1))
            }
            guard isDigit(index - 1), isDigit(index + 1) else { return nil }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func looksLikeDuration(_ text: String) -> Bool {
        (try? DurationText.milliseconds(of: text)) != nil || isDurationShape(text)
    }

    private static func isDurationShape(_ text: String) -> Bool {
        var rest = Substring(text)
        var any = false
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty else { return false }
            rest = rest[digits.endIndex...]
            let unit = rest.prefix { $0.isLetter }
            guard ["ms", "s", "m", "h", "d", "w", "y"].contains(String(unit)) else { return false }
            rest = rest[unit.endIndex...]
            any = true
        }
        return any
    }
}
