/// Text in double quotes as Go's `%q` writes it, for error messages.
public enum QuotedText {
    public static func of(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\u{07}": out += "\\a"
            case "\u{08}": out += "\\b"
            case "\u{0C}": out += "\\f"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{0B}": out += "\\v"
            default:
                if isPrintable(scalar) {
                    out.unicodeScalars.append(scalar)
                } else if scalar.value < 0x80 {
                    out += "\\x" + hexadecimal(scalar.value, digits: 2)
                } else if scalar.value < 0x10000 {
                    out += "\\u" + hexadecimal(scalar.value, digits: 4)
                } else {
                    out += "\\U" + hexadecimal(scalar.value, digits: 8)
                }
            }
        }
        return out + "\""
    }

    /// As above, for bytes: those that are no UTF-8 are written as numbers.
    public static func of(bytes: [UInt8]) -> String {
        var out = ""
        var rest = bytes[...]
        while let first = rest.first {
            let valid = (1...4).lazy.compactMap {
                String(validating: rest.prefix($0), as: UTF8.self)
            }
            if let character = valid.first {
                out += of(character).dropFirst().dropLast()
                rest = rest.dropFirst(character.utf8.count)
            } else {
                out += "\\x" + hexadecimal(UInt32(first), digits: 2)
                rest = rest.dropFirst()
            }
        }
        return "\"\(out)\""
    }

    /// Letters, marks, numbers, punctuation, symbols, and of the spaces the ASCII one.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value >= 0x20 }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator,
            .lineSeparator, .paragraphSeparator:
            return false
        default: return true
        }
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
