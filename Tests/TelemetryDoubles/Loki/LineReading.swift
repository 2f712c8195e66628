import GoText

/// A pattern of text and places, as the `pattern` stage and the filter `|>` have it: `<name>` takes
/// what stands there, `<_>` passes it over.
struct LinePattern {
    private enum Part {
        case text(String)
        case place(String)
    }

    private var parts: [Part] = []

    init(_ text: String) {
        var literal = ""
        var rest = text[...]
        while let first = rest.first {
            if first == "<", let end = rest.firstIndex(of: ">") {
                let name = rest[rest.index(after: rest.startIndex)..<end]
                if !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) {
                    if !literal.isEmpty { parts.append(.text(literal)) }
                    literal = ""
                    parts.append(.place(String(name)))
                    rest = rest[rest.index(after: end)...]
                    continue
                }
            }
            literal.append(first)
            rest = rest.dropFirst()
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
    }

    /// What the named places hold, as far as the line follows the pattern.
    func captures(in line: String) -> [(name: String, value: String)] {
        var captures: [(name: String, value: String)] = []
        var rest = line[...]
        for (index, part) in parts.enumerated() {
            switch part {
            case .text(let text):
                guard rest.hasPrefix(text) else { return captures }
                rest = rest.dropFirst(text.count)
            case .place(let name):
                var value = rest
                if index + 1 < parts.count, case .text(let text) = parts[index + 1] {
                    guard let found = rest.firstRange(of: text) else {
                        if name != "_" { captures.append((name, String(rest))) }
                        return captures
                    }
                    value = rest[..<found.lowerBound]
                }
                if name != "_" { captures.append((name, String(value))) }
                rest = rest[value.endIndex...]
            }
        }
        return captures
    }

    /// Whether the whole line fits.
    func fits(_ line: String) -> Bool {
        var rest = line[...]
        var isAfterPlace = false
        for (index, part) in parts.enumerated() {
            switch part {
            case .place: isAfterPlace = true
            case .text(let text):
                if !isAfterPlace {
                    guard rest.hasPrefix(text) else { return false }
                    rest = rest.dropFirst(text.count)
                } else if index == parts.count - 1 {
                    return rest.hasSuffix(text)
                } else {
                    guard let found = rest.firstRange(of: text) else { return false }
                    rest = rest[found.upperBound...]
                }
                isAfterPlace = false
            }
        }
        return isAfterPlace || rest.isEmpty
    }
}

/// Addresses of IPv4: one, a network like `10.0.0.0/8`, or a range like `10.0.0.1-10.0.0.9`.
struct AddressRange {
    private let range: ClosedRange<UInt32>

    init?(_ text: String) {
        if let slash = text.firstIndex(of: "/") {
            guard let first = Self.number(text[..<slash]),
                let bits = Int(text[text.index(after: slash)...]), (0...32).contains(bits)
            else { return nil }
            let hosts = bits == 0 ? UInt32.max : UInt32((UInt64(1) << (32 - bits)) - 1)
            range = (first & ~hosts)...(first | hosts)
        } else if let dash = text.firstIndex(of: "-") {
            guard let first = Self.number(text[..<dash]),
                let last = Self.number(text[text.index(after: dash)...]), first <= last
            else { return nil }
            range = first...last
        } else {
            guard let only = Self.number(text[...]) else { return nil }
            range = only...only
        }
    }

    func contains(_ text: String) -> Bool {
        Self.number(text[...]).map(range.contains) ?? false
    }

    /// Whether a line holds an address of these.
    func isFound(in line: String) -> Bool {
        line.split { !$0.isNumber && $0 != "." }.contains { contains(String($0)) }
    }

    private static func number(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard let byte = UInt8(part) else { return nil }
            number = number << 8 | UInt32(byte)
        }
        return number
    }
}

/// The part of Go's templates that tests use: texts, `{{.label}}`, `{{__line__}}` and
/// `{{__timestamp__.Unix}}`.
struct LineTemplate {
    struct Unreadable: Error {
        var text: String
    }

    private enum Part {
        case text(String)
        case label(String)
        case line
        case unixTime
    }

    private var parts: [Part] = []

    init(_ text: String) throws(Unreadable) {
        var rest = text[...]
        while let opening = rest.firstRange(of: "{{") {
            if opening.lowerBound > rest.startIndex {
                parts.append(.text(String(rest[..<opening.lowerBound])))
            }
            rest = rest[opening.upperBound...]
            guard let closing = rest.firstRange(of: "}}") else {
                throw Unreadable(text: "unclosed action")
            }
            let action = rest[..<closing.lowerBound].split(separator: " ").joined(separator: " ")
            switch action {
            case "__line__": parts.append(.line)
            case "__timestamp__.Unix": parts.append(.unixTime)
            default:
                let name = action.dropFirst()
                guard action.hasPrefix("."), !name.isEmpty,
                    name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
                else { throw Unreadable(text: "the double does not know the action {{\(action)}}") }
                parts.append(.label(String(name)))
            }
            rest = rest[closing.upperBound...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
    }

    func filled(_ entry: PipelineEntry) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .label(let name): entry[name] ?? ""
            case .line: entry.line
            case .unixTime: String(entry.time / 1_000_000_000)
            }
        }.joined()
    }
}

/// The pairs of a line like `level=info msg="two words" done`.
enum Logfmt {
    struct Pair {
        var key: String
        /// Nil where the key stands without `=`.
        var value: String?
    }

    /// The pairs up to the end or to what is not logfmt, and whether it was read to the end.
    static func pairs(_ line: String) -> (pairs: [Pair], isWhole: Bool) {
        var pairs: [Pair] = []
        var rest = line[...]
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "\n" }
            guard let first = rest.first else { return (pairs, true) }
            if first == "=" || first == "\"" { return (pairs, false) }
            let key = rest.prefix { $0 > " " && $0 != "=" && $0 != "\"" }
            rest = rest[key.endIndex...]
            guard rest.first == "=" else {
                if rest.first == "\"" { return (pairs, false) }
                if key.isEmpty { return (pairs, false) }
                pairs.append(Pair(key: String(key)))
                continue
            }
            rest = rest.dropFirst()
            if rest.first == "\"" {
                guard let (value, after) = quoted(rest) else { return (pairs, false) }
                pairs.append(Pair(key: String(key), value: value))
                rest = after
            } else {
                let value = rest.prefix { $0 > " " && $0 != "\"" }
                rest = rest[value.endIndex...]
                if rest.first == "\"" { return (pairs, false) }
                pairs.append(Pair(key: String(key), value: String(value)))
            }
        }
    }

    private static func quoted(_ text: Substring) -> (String, Substring)? {
        var out = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            if character == "\"" { return (out, rest) }
            guard character == "\\" else {
                out.append(character)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            switch escape {
            case "n": out.append("\n")
            case "t": out.append("\t")
            case "r": out.append("\r")
            default: out.append(escape)
            }
        }
        return nil
    }
}
