import GoText

/// Why a query is refused, in Loki's words.
struct LogQLError: Error {
    var text: String

    /// A query that does not follow the grammar at a place.
    static func syntax(_ token: PlacedToken, expecting: String = "") -> LogQLError {
        let expected = expecting.isEmpty ? "" : ", expecting \(expecting)"
        return LogQLError(
            text: "parse error at line \(token.line), col \(token.column): "
                + "syntax error: unexpected \(token.token.name)\(expected)")
    }

    /// A query that follows the grammar and is refused all the same.
    static func invalid(_ text: String) -> LogQLError {
        LogQLError(text: "parse error : \(text)")
    }
}

enum LogQLToken: Equatable {
    case identifier(String)
    case string(String)
    case number(Double)
    case nanoseconds(Double)
    case bytes(Double)
    /// `[5m]`.
    case range(Int64)
    /// A reserved word, the name of a function, or a sign.
    case word(String)
    case end

    var name: String {
        switch self {
        case .identifier: "IDENTIFIER"
        case .string: "STRING"
        case .number: "NUMBER"
        case .nanoseconds: "DURATION"
        case .bytes: "BYTES"
        case .range: "RANGE"
        case .word(let text): text
        case .end: "$end"
        }
    }
}

struct PlacedToken {
    var token: LogQLToken
    var line: Int
    var column: Int
}

/// Cuts a query into tokens.
struct LogQLLexer {
    static let rangeFunctions: Set<String> = [
        "count_over_time", "rate", "rate_counter", "bytes_over_time", "bytes_rate",
        "sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "stddev_over_time",
        "stdvar_over_time", "quantile_over_time", "first_over_time", "last_over_time",
        "absent_over_time",
    ]
    static let vectorFunctions: Set<String> = [
        "sum", "avg", "min", "max", "count", "stddev", "stdvar", "topk", "bottomk", "approx_topk",
        "sort", "sort_desc",
    ]
    private static let otherFunctions: Set<String> = [
        "ip", "vector", "label_replace", "duration", "duration_seconds", "bytes",
    ]
    private static let keywords: Set<String> = [
        "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "and",
        "or", "unless", "unwrap", "json", "logfmt", "regexp", "unpack", "pattern", "line_format",
        "label_format", "decolorize", "drop", "keep",
    ]
    private static let signs = [
        "|=", "|~", "|>", "!=", "!~", "!>", "=~", "==", ">=", "<=", "|", "=", ">", "<", "{", "}",
        "(", ")", ",", "+", "-", "*", "/", "%", "^",
    ]

    private let text: [Character]
    private var position = 0
    private var line = 1
    private var column = 1

    private init(_ text: String) { self.text = Array(text) }

    /// The tokens of a query with the end as the last one.
    static func tokens(_ text: String) throws(LogQLError) -> [PlacedToken] {
        var lexer = LogQLLexer(text)
        var tokens: [PlacedToken] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.token == .end { return tokens }
        }
    }

    private var current: Character? { position < text.count ? text[position] : nil }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count {
            if current == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
            position += 1
        }
    }

    private mutating func skipBlanks() {
        while let character = current {
            if character == "#" {
                while let inside = current, inside != "\n" { advance() }
            } else if character.isWhitespace {
                advance()
            } else {
                return
            }
        }
    }

    private mutating func next() throws(LogQLError) -> PlacedToken {
        skipBlanks()
        let (line, column) = (line, column)
        func placed(_ token: LogQLToken) -> PlacedToken {
            PlacedToken(token: token, line: line, column: column)
        }
        guard let first = current else { return placed(.end) }
        if first == "\"" || first == "`" { return placed(.string(try quoted(first))) }
        if first == "[" {
            // The place of a range is told with line 0.
            return PlacedToken(token: try range(), line: 0, column: column)
        }
        if first.isNumber
            || (first == "." && position + 1 < text.count && text[position + 1].isNumber)
        {
            return placed(try quantity())
        }
        if first == "-", text[position...].starts(with: "--") {
            let word = String(text[position...].prefix { $0 == "-" || $0.isLetter })
            advance(word.count)
            return placed(.word(word))
        }
        if first.isLetter || first == "_" {
            let word = String(text[position...].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
            advance(word.count)
            return placed(isReserved(word) ? .word(word) : .identifier(word))
        }
        for sign in Self.signs where text[position...].starts(with: sign) {
            advance(sign.count)
            return placed(.word(sign))
        }
        throw LogQLError.invalid("syntax error: unexpected character \(first)")
    }

    /// Names of functions are names of labels too: what follows tells.
    private func isReserved(_ word: String) -> Bool {
        if Self.keywords.contains(word) { return true }
        let rest = text[position...].drop { $0.isWhitespace }
        if Self.vectorFunctions.contains(word) {
            let next = String(rest.prefix { $0.isLetter })
            if next == "by" || next == "without" { return true }
        } else if !Self.rangeFunctions.contains(word), !Self.otherFunctions.contains(word) {
            return false
        }
        return rest.first == "("
    }

    private mutating func quoted(_ mark: Character) throws(LogQLError) -> String {
        advance()
        var out = ""
        while let character = current {
            advance()
            if character == mark { return out }
            guard character == "\\", mark == "\"", let escape = current else {
                out.append(character)
                continue
            }
            advance()
            switch escape {
            case "n": out.append("\n")
            case "t": out.append("\t")
            case "r": out.append("\r")
            default: out.append(escape)
            }
        }
        throw LogQLError.invalid("literal not terminated")
    }

    private mutating func range() throws(LogQLError) -> LogQLToken {
        let inside = String(text[position...].dropFirst().prefix { $0 != "]" })
        advance(inside.count + 2)
        guard let length = Quantities.nanoseconds(inside.filter { !$0.isWhitespace }) else {
            throw LogQLError.invalid("not a valid duration string: \(GoQuoting.quote(inside))")
        }
        return .range(Int64(length))
    }

    private mutating func quantity() throws(LogQLError) -> LogQLToken {
        let word = String(text[position...].prefix { $0.isLetter || $0.isNumber || $0 == "." })
        advance(word.count)
        if let number = Double(word) { return .number(number) }
        if let length = Quantities.nanoseconds(word) { return .nanoseconds(length) }
        if let bytes = Quantities.bytes(word) { return .bytes(bytes) }
        throw LogQLError.invalid("bad number or unit syntax: \(GoQuoting.quote(word))")
    }
}

/// Lengths of time and sizes as LogQL and log lines write them.
enum Quantities {
    private static let units: [(String, Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12),
        ("d", 8.64e13), ("w", 6.048e14), ("y", 3.1536e16),
    ]
    private static let sizes: [String: Double] = [
        "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 1024, "mib": 1_048_576,
        "gib": 1_073_741_824, "k": 1e3, "m": 1e6, "g": 1e9,
    ]

    /// Nanoseconds of a text like `1h30m` or `0.5s`; nil where it is no length.
    static func nanoseconds(_ text: String) -> Double? {
        var rest = text[...]
        let isNegative = rest.first == "-"
        if isNegative { rest = rest.dropFirst() }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            guard let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            guard let size = units.first(where: { $0.0 == unit })?.1 else { return nil }
            rest = rest.dropFirst(unit.count)
            total += number * size
        }
        return isNegative ? -total : total
    }

    /// Bytes of a text like `1.5KB` or `2KiB`; nil where it is no size.
    static func bytes(_ text: String) -> Double? {
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard let number = Double(digits), let size = sizes[unit] else { return nil }
        return number * size
    }
}
