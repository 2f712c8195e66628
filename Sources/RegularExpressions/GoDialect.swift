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
                let name = Array(rest.dropFirst(opening).prefix { $0 != UInt8(ascii: ">") })
                i += opening
                if names.insert(name).inserted {
                    out.append(contentsOf: "(?P<".utf8)
                } else {
                    out.append(UInt8(ascii: "("))
                    i = min(i + name.count + 1, bytes.count)
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
                if bytes[i] == UInt8(ascii: "["), rest.starts(with: "[:".utf8),
                    let end = endOfNamedClass(bytes, from: i)
                {
                    out.append(contentsOf: bytes[i..<end])
                    i = end
                    continue
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
