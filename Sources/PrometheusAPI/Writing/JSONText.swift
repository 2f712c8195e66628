/// The two string encoders of Prometheus's answers.
public enum JSONText {
    /// Label names and values in `metric` objects: only quotes, backslashes and control characters
    /// are escaped.
    public static func appendLabel(_ bytes: some Sequence<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in bytes { appendEscaped(byte, to: &out) }
        out.append(UInt8(ascii: "\""))
    }

    /// A name or value as it stands in `LabelSet.key`, where a 1 escapes the byte behind it.
    static func appendLabel(inKey bytes: ArraySlice<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                appendEscaped(byte &- 1, to: &out)
                isEscaped = false
            } else if byte == 1 {
                isEscaped = true
            } else {
                appendEscaped(byte, to: &out)
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    /// All other strings: `<`, `>`, `&` and the separators U+2028 and U+2029 too.
    public static func append(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": out.append(contentsOf: "\\u003c".utf8)
            case ">": out.append(contentsOf: "\\u003e".utf8)
            case "&": out.append(contentsOf: "\\u0026".utf8)
            case "\u{2028}": out.append(contentsOf: "\\u2028".utf8)
            case "\u{2029}": out.append(contentsOf: "\\u2029".utf8)
            case "\u{FFFD}": out.append(contentsOf: "\\ufffd".utf8)
            default:
                if scalar.value < 0x80 {
                    appendEscaped(UInt8(scalar.value), to: &out)
                } else {
                    out.append(contentsOf: String(Character(scalar)).utf8)
                }
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    /// An array of such strings.
    public static func append(_ texts: some Sequence<String>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "["))
        var isFirst = true
        for text in texts {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            append(text, to: &out)
        }
        out.append(UInt8(ascii: "]"))
    }

    static func appendEscaped(_ byte: UInt8, to out: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            out.append(UInt8(ascii: "\\"))
            out.append(byte)
        case UInt8(ascii: "\n"): out.append(contentsOf: "\\n".utf8)
        case UInt8(ascii: "\r"): out.append(contentsOf: "\\r".utf8)
        case UInt8(ascii: "\t"): out.append(contentsOf: "\\t".utf8)
        case 0..<0x20:
            out.append(contentsOf: byte < 0x10 ? "\\u000".utf8 : "\\u001".utf8)
            let digit = byte & 15
            out.append(digit < 10 ? digit + UInt8(ascii: "0") : digit - 10 + UInt8(ascii: "a"))
        default: out.append(byte)
        }
    }
}
