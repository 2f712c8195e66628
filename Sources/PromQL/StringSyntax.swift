/// Quoted strings of the query language.
enum StringSyntax {
    /// The value of a literal with its quotes. Bytes that are no UTF-8 become U+FFFD.
    static func value(of literal: String, at offset: Int, in lexer: Lexer) throws(ParseError)
        -> String
    {
        let bytes = Array(literal.utf8)
        guard let quote = bytes.first else { return "" }
        let inner = bytes.dropFirst().dropLast()
        if quote == UInt8(ascii: "`") { return String(decoding: inner, as: UTF8.self) }
        var out: [UInt8] = []
        var index = inner.startIndex
        while index < inner.endIndex {
            let byte = inner[index]
            guard byte == UInt8(ascii: "\\") else {
                out.append(byte)
                index += 1
                continue
            }
            index += 1
            guard index < inner.endIndex else {
                throw lexer.error("escape sequence not terminated", at: offset)
            }
            let escape = inner[index]
            index += 1
            if let simple = simple[escape] {
                out.append(simple)
                continue
            }
            switch escape {
            case quote: out.append(quote)
            case UInt8(ascii: "x"): out.append(UInt8(try code(16, 2, 0xFF)))
            case UInt8(ascii: "u"): append(try code(16, 4, 0x10FFFF), isByte: false)
            case UInt8(ascii: "U"): append(try code(16, 8, 0x10FFFF), isByte: false)
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                index -= 1
                out.append(UInt8(try code(8, 3, 0xFF)))
            default:
                throw lexer.error(
                    "unknown escape sequence \(unicode(escape))", at: offset)
            }
        }
        return String(decoding: out, as: UTF8.self)

        func code(_ radix: UInt32, _ digits: Int, _ limit: UInt32) throws(ParseError) -> UInt32 {
            guard index + digits <= inner.endIndex else {
                throw lexer.error("escape sequence not terminated", at: offset)
            }
            let text = String(decoding: inner[index..<index + digits], as: UTF8.self)
            guard let value = UInt32(text, radix: Int(radix)), text.first != "+" else {
                throw lexer.error("unknown escape sequence \(unicode(inner[index]))", at: offset)
            }
            index += digits
            guard value <= limit, radix == 8 || digits == 2 || Unicode.Scalar(value) != nil else {
                throw lexer.error(
                    "escape sequence is an invalid Unicode code point", at: offset)
            }
            return value
        }
        func append(_ value: UInt32, isByte: Bool) {
            guard let scalar = Unicode.Scalar(value) else { return }
            out.append(contentsOf: String(Character(scalar)).utf8)
        }
        func unicode(_ byte: UInt8) -> String {
            let hex = String(byte, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: 4 - hex.count) + hex
            return "U+\(padded) '\(Character(UnicodeScalar(byte)))'"
        }
    }

    private static let simple: [UInt8: UInt8] = [
        UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10,
        UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11,
        UInt8(ascii: "\\"): UInt8(ascii: "\\"),
    ]
}
