internal import GoText

/// The values of number literals, read as Go's `strconv` reads them: first as an integer with a
/// base prefix, where a leading 0 means octal, then as a float.
enum NumberSyntax {
    enum Failure: Error, Equatable {
        case invalidSyntax
        case outOfRange

        /// As `strconv.ParseFloat` words it.
        func description(of text: String) -> String {
            let reason =
                switch self {
                case .invalidSyntax: "invalid syntax"
                case .outOfRange: "value out of range"
                }
            return "strconv.ParseFloat: parsing \(GoQuoting.quote(text)): \(reason)"
        }
    }

    /// The bits of Go's `math.NaN()`.
    static let nan = Double(bitPattern: 0x7ff8_0000_0000_0001)

    static func value(of text: String) throws(Failure) -> Double {
        switch text.lowercased() {
        case "inf": return .infinity
        case "nan": return nan
        default: break
        }
        let digits = String(decoding: text.utf8.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        if digits.utf8.starts(with: "0x".utf8) || digits.utf8.starts(with: "0X".utf8) {
            guard let value = Int64(digits.dropFirst(2), radix: 16), !digits.utf8.contains(45)
            else { throw .invalidSyntax }
            return Double(value)
        }
        if digits.utf8.count > 1, digits.utf8.first == UInt8(ascii: "0"),
            digits.utf8.allSatisfy(\.isDigit), let value = Int64(digits, radix: 8)
        {
            return Double(value)
        }
        guard let value = Double(normalised(digits)) else { throw .invalidSyntax }
        guard value.isFinite else { throw .outOfRange }
        return value
    }

    /// With digits on both sides of a point, as Swift wants them.
    private static func normalised(_ digits: String) -> String {
        guard let dot = digits.utf8.firstIndex(of: UInt8(ascii: ".")) else { return digits }
        let whole = digits[..<dot]
        let fraction = digits[digits.index(after: dot)...]
        let beginsWithDigit = fraction.utf8.first?.isDigit == true
        return (whole.isEmpty ? "0" : whole) + "." + (beginsWithDigit ? "" : "0") + fraction
    }
}

/// The values of quoted strings.
enum StringSyntax {
    /// The value of a string that the lexer has passed, quotes included; any bytes, as `"\xff"`
    /// shows.
    static func value(of literal: ArraySlice<UInt8>) -> [UInt8] {
        guard let quote = literal.first else { return [] }
        var rest = literal.dropFirst().dropLast()
        guard quote != UInt8(ascii: "`"), rest.contains(UInt8(ascii: "\\")) else {
            return Array(rest)
        }
        var out: [UInt8] = []
        out.reserveCapacity(rest.count)
        while let byte = rest.popFirst() {
            // The lexer has passed every escape, so none fails here.
            if byte != UInt8(ascii: "\\") || (try? GoQuoting.readEscape(&rest, into: &out)) == nil {
                out.append(byte)
            }
        }
        return out
    }
}
