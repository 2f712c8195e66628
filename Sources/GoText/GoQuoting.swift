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
