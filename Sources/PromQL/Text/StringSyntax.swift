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
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                out.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "a"): out.append(7)
            case UInt8(ascii: "b"): out.append(8)
            case UInt8(ascii: "t"): out.append(9)
            case UInt8(ascii: "n"): out.append(10)
            case UInt8(ascii: "v"): out.append(11)
            case UInt8(ascii: "f"): out.append(12)
            case UInt8(ascii: "r"): out.append(13)
            case UInt8(ascii: "x"): out.append(UInt8(truncatingIfNeeded: code(&rest, 2, 16)))
            case UInt8(ascii: "u"): append(code(&rest, 4, 16), to: &out)
            case UInt8(ascii: "U"): append(code(&rest, 8, 16), to: &out)
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                rest = literal[(rest.startIndex - 1)..<rest.endIndex]
                out.append(UInt8(truncatingIfNeeded: code(&rest, 3, 8)))
            default: out.append(escape)
            }
        }
        return out
    }

    private static func code(
        _ rest: inout ArraySlice<UInt8>, _ digits: Int, _ base: UInt32
    ) -> UInt32 {
        var value: UInt32 = 0
        for byte in rest.prefix(digits) { value = value &* base &+ (byte.hexValue ?? 0) }
        rest = rest.dropFirst(digits)
        return value
    }

    private static func append(_ value: UInt32, to out: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(value) else { return }
        out.append(contentsOf: scalar.utf8)
    }
}
