/// Strings in double or single quotes (with Go's escapes) or in backquotes (without any).
enum GoQuotedString {
    /// The value of the string that begins at `start`, and where it ends.
    static func read(_ bytes: [UInt8], from start: Int) throws(NotationError) -> (String, Int) {
        guard start < bytes.count, [0x22, 0x27, 0x60].contains(bytes[start]) else {
            throw NotationError("expected a quoted string")
        }
        let quote = bytes[start]
        var value: [UInt8] = []
        var i = start + 1
        while i < bytes.count, bytes[i] != quote {
            if bytes[i] == UInt8(ascii: "\\"), quote != 0x60 {
                i = try readEscape(bytes, at: i + 1, into: &value)
            } else {
                value.append(bytes[i])
                i += 1
            }
        }
        guard i < bytes.count else { throw NotationError("unterminated quoted string") }
        return (String(decoding: value, as: UTF8.self), i + 1)
    }

    private static func readEscape(
        _ bytes: [UInt8], at i: Int, into value: inout [UInt8]
    ) throws(NotationError) -> Int {
        guard i < bytes.count else { throw NotationError("unterminated escape sequence") }
        func code(_ from: Int, _ length: Int, radix: Int) throws(NotationError) -> UInt32 {
            guard from + length <= bytes.count,
                let code = UInt32(
                    String(decoding: bytes[from..<(from + length)], as: UTF8.self), radix: radix)
            else { throw NotationError("invalid escape sequence") }
            return code
        }
        switch bytes[i] {
        case UInt8(ascii: "a"): value.append(7)
        case UInt8(ascii: "b"): value.append(8)
        case UInt8(ascii: "f"): value.append(12)
        case UInt8(ascii: "n"): value.append(10)
        case UInt8(ascii: "r"): value.append(13)
        case UInt8(ascii: "t"): value.append(9)
        case UInt8(ascii: "v"): value.append(11)
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): value.append(bytes[i])
        case UInt8(ascii: "x"):
            value.append(UInt8(truncatingIfNeeded: try code(i + 1, 2, radix: 16)))
            return i + 3
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let length = bytes[i] == UInt8(ascii: "u") ? 4 : 8
            guard let scalar = Unicode.Scalar(try code(i + 1, length, radix: 16)) else {
                throw NotationError("escape sequence is no Unicode code point")
            }
            value.append(contentsOf: Array(String(scalar).utf8))
            return i + 1 + length
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            value.append(UInt8(truncatingIfNeeded: try code(i, 3, radix: 8)))
            return i + 3
        default: throw NotationError("unknown escape sequence")
        }
        return i + 1
    }
}
