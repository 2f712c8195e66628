/// The differences between the syntax of Go's `regexp` and that of the RE2 library.
enum GoDialect {
    /// Rewrites Go's `(?<name>…)` as RE2's `(?P<name>…)`, takes the name from groups whose name is
    /// taken, which Go allows, and refuses `\C` (any byte), which only RE2 knows. Everything else
    /// is passed on as it stands.
    static func translated(_ pattern: String) throws(RegularExpressionError) -> String {
        let bytes = Array(pattern.utf8)
        guard bytes.contains(UInt8(ascii: "\\")) || bytes.contains(UInt8(ascii: "<")) else {
            return pattern
        }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 8)
        var inClass = false
        var names: Set<[UInt8]> = []
        // Looked for once: where one is missing, all behind are.
        var mayEndNamedClass = true
        var i = 0
        while i < bytes.count {
            let rest = bytes[i...]
            if rest.starts(with: #"\Q"#.utf8), !inClass {
                let end = endOfQuote(bytes, from: i + 2)
                out.append(contentsOf: bytes[i..<end])
                i = end
            } else if bytes[i] == UInt8(ascii: "\\") {
                if rest.starts(with: #"\C"#.utf8) {
                    throw RegularExpressionError(
                        reason: "invalid escape sequence", fragment: #"\C"#)
                }
                out.append(contentsOf: rest.prefix(2))
                i += 2
            } else if !inClass, let opening = groupOpening(rest) {
                let name = Array(rest.dropFirst(opening).prefix(while: isOfName))
                i += opening
                let isWhole = rest.dropFirst(opening + name.count).first == UInt8(ascii: ">")
                if !isWhole || names.insert(name).inserted {
                    out.append(contentsOf: "(?P<".utf8)
                } else {
                    out.append(UInt8(ascii: "("))
                    i += name.count + 1
                }
            } else {
                if bytes[i] == UInt8(ascii: "["), !inClass {
                    inClass = true
                    out.append(bytes[i])
                    i += 1
                    // A bracket right at the start is a member of the class, not its end.
                    if i < bytes.count, bytes[i] == UInt8(ascii: "^") {
                        out.append(bytes[i])
                        i += 1
                    }
                    if i < bytes.count, bytes[i] == UInt8(ascii: "]") {
                        out.append(bytes[i])
                        i += 1
                    }
                    continue
                }
                if mayEndNamedClass, rest.starts(with: "[:".utf8) {
                    if let end = endOfNamedClass(bytes, from: i) {
                        out.append(contentsOf: bytes[i..<end])
                        i = end
                        continue
                    }
                    mayEndNamedClass = false
                }
                if bytes[i] == UInt8(ascii: "]") { inClass = false }
                out.append(bytes[i])
                i += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The length of `(?P<` or `(?<` when one begins a named group here.
    private static func groupOpening(_ rest: ArraySlice<UInt8>) -> Int? {
        if rest.starts(with: "(?P<".utf8) { return 4 }
        let isLookBehind = rest.starts(with: "(?<=".utf8) || rest.starts(with: "(?<!".utf8)
        return rest.starts(with: "(?<".utf8) && !isLookBehind ? 3 : nil
    }

    /// Whether a byte may stand in the name of a group; what other characters do there is RE2's matter.
    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...0xFF:
            true
        default: false
        }
    }

    /// About what it costs RE2 to read and compile a pattern, in bytes of plain text, which take some
    /// 80 bytes of memory each: classes of Unicode and great repetitions cost far more than they are
    /// long.
    static func size(of pattern: String) -> Int {
        var size = 0
        var isEscaped = false
        var count: Int?
        for byte in pattern.utf8 {
            size += 1
            if let digits = count {
                // A thousand is the most that RE2 repeats.
                if let digit = digit(byte) {
                    count = min(1000, 10 * digits + digit)
                    continue
                }
                size += digits / 5
                count = byte == UInt8(ascii: ",") ? 0 : nil
            }
            if isEscaped {
                isEscaped = false
                switch byte {
                case UInt8(ascii: "p"), UInt8(ascii: "P"): size += 398
                case UInt8(ascii: "D"), UInt8(ascii: "S"), UInt8(ascii: "W"): size += 11
                default: break
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\\"): isEscaped = true
            case UInt8(ascii: "."), UInt8(ascii: "["): size += 11
            case UInt8(ascii: "|"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"),
                UInt8(ascii: "+"), UInt8(ascii: "?"):
                size += 2
            case UInt8(ascii: "{"): count = 0
            default: break
            }
        }
        return size
    }

    private static func digit(_ byte: UInt8) -> Int? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int(byte - 0x30) : nil
    }

    /// After the `\E` that ends a `\Q`, or the end of the pattern.
    private static func endOfQuote(_ bytes: [UInt8], from start: Int) -> Int {
        var i = start
        while i < bytes.count {
            if bytes[i...].starts(with: #"\E"#.utf8) { return i + 2 }
            i += 1
        }
        return bytes.count
    }

    /// After the `:]` that ends a `[:name:]` inside a class, or nil when there is none.
    private static func endOfNamedClass(_ bytes: [UInt8], from start: Int) -> Int? {
        var i = start + 2
        while i + 1 < bytes.count {
            if bytes[i] == UInt8(ascii: ":"), bytes[i + 1] == UInt8(ascii: "]") { return i + 2 }
            i += 1
        }
        return nil
    }
}
