/// Names and values as `application/x-www-form-urlencoded` has them, which forms and the queries of
/// URLs are. All but letters, digits, `-`, `_`, `.` and `~` is percent-encoded, the space too.
public enum FormText {
    /// The pairs in their order; a name may occur more than once.
    public static func bytes(of pairs: [(name: String, value: String)]) -> [UInt8] {
        var out: [UInt8] = []
        for (index, pair) in pairs.enumerated() {
            if index > 0 { out.append(UInt8(ascii: "&")) }
            append(pair.name, to: &out)
            out.append(UInt8(ascii: "="))
            append(pair.value, to: &out)
        }
        return out
    }

    public static func text(of pairs: [(name: String, value: String)]) -> String {
        String(decoding: bytes(of: pairs), as: UTF8.self)
    }

    /// One name, value or segment of a path, percent-encoded.
    public static func encoded(_ text: String) -> String {
        var out: [UInt8] = []
        append(text, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func append(_ text: String, to out: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.append(byte)
            default:
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}
