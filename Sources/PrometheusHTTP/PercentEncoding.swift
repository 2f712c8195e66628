/// Makes and undoes the escapes of URLs as Go's `net/url` does.
enum PercentEncoding {
    /// The first bad escape found: `%` and up to two bytes after it.
    struct BadEscape: Error, Equatable, CustomStringConvertible {
        var text: String
        /// As Go words it.
        var description: String { "invalid URL escape \"\(text)\"" }
    }

    /// - Parameter plusIsSpace: true in queries and forms, false in paths.
    static func decode(
        _ text: some Collection<UInt8>, plusIsSpace: Bool
    ) throws(BadEscape) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.first {
            if byte == UInt8(ascii: "%") {
                let escape = rest.prefix(3)
                let digits = escape.dropFirst().compactMap(hexValue)
                guard digits.count == 2 else {
                    throw BadEscape(text: String(decoding: escape, as: UTF8.self))
                }
                out.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(3)
            } else {
                let isSpace = plusIsSpace && byte == UInt8(ascii: "+")
                out.append(isSpace ? UInt8(ascii: " ") : byte)
                rest = rest.dropFirst()
            }
        }
        return out
    }

    /// `%` and two digits.
    static func escape(_ byte: UInt8, uppercase: Bool) -> String {
        (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: uppercase)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
