/// Texts as Go's `strconv.Quote` writes them, which is how Prometheus shows and prints strings.
public enum GoQuoting {
    /// In double quotes.
    ///
    /// - Parameter escapesReplacement: whether U+FFFD is written as an escape, where Go writes it as
    ///   it is; a query's own text needs that, as Prometheus refuses to read it back.
    public static func quote(_ text: String, escapesReplacement: Bool = false) -> String {
        var out = ""
        out.reserveCapacity(text.utf8.count + 2)
        out += "\""
        for scalar in text.unicodeScalars {
            append(scalar, quote: "\"", escapesReplacement: escapesReplacement, to: &out)
        }
        return out + "\""
    }

    /// As above, for bytes; what is no UTF-8 among them is written as `\xff`.
    public static func quote(bytes: [UInt8], escapesReplacement: Bool = false) -> String {
        var out = "\""
        var rest = bytes[...]
        while let byte = rest.first {
            var decoder = UTF8()
            var iterator = rest.makeIterator()
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                append(scalar, quote: "\"", escapesReplacement: escapesReplacement, to: &out)
                rest = rest.dropFirst(UTF8.width(scalar))
            case .error, .emptyInput:
                out += "\\x" + hexadecimal(UInt32(byte), width: 2)
                rest = rest.dropFirst()
            }
        }
        return out + "\""
    }

    /// One character in single quotes; nil, the end of the text, shows as Go shows what is none.
    public static func quote(_ scalar: Unicode.Scalar?) -> String {
        var out = "'"
        if let scalar, scalar != "\u{FFFD}" {
            append(scalar, quote: "'", escapesReplacement: false, to: &out)
        } else {
            out += "\u{FFFD}"
        }
        return out + "'"
    }

    /// As Go's `%#U`: `U+0063 'c'`, without the character when it is not printable.
    public static func codePoint(_ scalar: Unicode.Scalar?) -> String {
        guard let scalar else { return "U+FFFD" }
        let code = "U+" + hexadecimal(scalar.value, width: 4).uppercased()
        return isPrintable(scalar) ? code + " '\(scalar)'" : code
    }

    private static func append(
        _ scalar: Unicode.Scalar, quote: Unicode.Scalar, escapesReplacement: Bool,
        to out: inout String
    ) {
        switch scalar {
        case quote, "\\":
            out += "\\"
            out.unicodeScalars.append(scalar)
        case "\u{07}": out += "\\a"
        case "\u{08}": out += "\\b"
        case "\u{0C}": out += "\\f"
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        case "\u{0B}": out += "\\v"
        case "\u{FFFD}" where escapesReplacement: out += "\\ufffd"
        default:
            if isPrintable(scalar) {
                out.unicodeScalars.append(scalar)
            } else if scalar.value < 0x20 || scalar.value == 0x7F {
                out += "\\x" + hexadecimal(scalar.value, width: 2)
            } else if scalar.value < 0x10000 {
                out += "\\u" + hexadecimal(scalar.value, width: 4)
            } else {
                out += "\\U" + hexadecimal(scalar.value, width: 8)
            }
        }
    }

    /// Letters, marks, numbers, punctuation, symbols and the space, as Go's `unicode.IsPrint`.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value >= 0x20, scalar.value < 0x7F { return true }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator:
            return false
        default: return true
        }
    }

    private static func hexadecimal(_ value: UInt32, width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// The escapes of Go's quoted strings, read back.
extension GoQuoting {
    /// Why what follows a backslash is no escape.
    public enum EscapeFailure: Error, Sendable, Equatable {
        /// The text ends within it.
        case unterminated
        case unknown
        /// A digit is missing, or the code is no byte where one is meant.
        case invalidCode
        case noCodePoint
    }

    /// Reads what follows a backslash, and adds the bytes that it means: any ones, as `\xff` shows.
    /// Both quotes may be escaped.
    ///
    /// - Parameter rest: begins behind the backslash; afterwards behind the escape.
    public static func readEscape(
        _ rest: inout ArraySlice<UInt8>, into out: inout [UInt8]
    ) throws(EscapeFailure) {
        guard let first = rest.first else { throw .unterminated }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            guard let byte = UInt8(exactly: try code(&rest, digits: 3, base: 8)) else {
                throw .invalidCode
            }
            out.append(byte)
            return
        default: rest.removeFirst()
        }
        switch first {
        case UInt8(ascii: "a"): out.append(7)
        case UInt8(ascii: "b"): out.append(8)
        case UInt8(ascii: "t"): out.append(9)
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "v"): out.append(11)
        case UInt8(ascii: "f"): out.append(12)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): out.append(first)
        case UInt8(ascii: "x"):
            out.append(UInt8(truncatingIfNeeded: try code(&rest, digits: 2, base: 16)))
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let digits = first == UInt8(ascii: "u") ? 4 : 8
            guard let scalar = Unicode.Scalar(try code(&rest, digits: digits, base: 16)) else {
                throw .noCodePoint
            }
            out.append(contentsOf: String(scalar).utf8)
        default: throw .unknown
        }
    }

    private static func code(
        _ rest: inout ArraySlice<UInt8>, digits: Int, base: UInt32
    ) throws(EscapeFailure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let byte = rest.popFirst() else { throw .unterminated }
            guard let digit = hexadecimalValue(byte), digit < base else { throw .invalidCode }
            value = value &* base &+ digit
        }
        return value
    }

    /// Of a digit in any base up to 16.
    private static func hexadecimalValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
