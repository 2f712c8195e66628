import GoText
import RegularExpressions

/// A TraceQL query as the double reads it: spansets of comparisons, what is done with them, and hints.
struct TraceQLQuery {
    var spanset: TraceQLSpanset
    var stages: [TraceQLStage] = []
    var hints: [String: String] = [:]
}

indirect enum TraceQLSpanset {
    case filter(TraceQLField)
    case both(TraceQLSpanset, TraceQLSpanset)
    case either(TraceQLSpanset, TraceQLSpanset)
    /// Spans of the right side below one of the left side, at any depth or at the first.
    case below(TraceQLSpanset, TraceQLSpanset, isDirect: Bool)
}

indirect enum TraceQLField {
    case attribute(TraceQLAttribute)
    case constant(TraceQLConstant)
    case compare(String, TraceQLField, TraceQLField, RegularExpression?)
    case and(TraceQLField, TraceQLField)
    case or(TraceQLField, TraceQLField)
    case not(TraceQLField)
}

enum TraceQLConstant: Hashable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    case status(Int)
    case kind(Int)
    case missing
}

struct TraceQLAttribute: Hashable {
    enum Scope: String {
        case any = ""
        case resource
        case span
        case event
        case link
        case intrinsic
    }

    var scope: Scope
    var name: String

    /// As metrics name it in labels.
    var text: String {
        switch scope {
        case .intrinsic: name
        case .any: "." + name
        default: scope.rawValue + "." + name
        }
    }
}

enum TraceQLStage {
    case filter(TraceQLSpanset)
    case aggregate(String, TraceQLAttribute?, String, TraceQLConstant)
    case select([TraceQLAttribute])
    case by(TraceQLAttribute)
    case metric(String, TraceQLAttribute?, by: [TraceQLAttribute])
    case first(Int, isTop: Bool)
    case compare(String, Double)
}

/// Reads queries.
struct TraceQLParser {
    struct Refusal: Error {
        var text: String
    }

    private enum Token: Equatable {
        case word(String)
        case string(String)
        case number(TraceQLConstant)
        case sign(String)
        case end
    }

    private var tokens: [(token: Token, column: Int)] = []
    private var position = 0

    static func query(_ text: String) throws(Refusal) -> TraceQLQuery {
        guard text.contains(where: { $0 != " " }) else {
            throw Refusal(text: "parse error : syntax error: unexpected $end")
        }
        var parser = try TraceQLParser(text)
        let query = try parser.query()
        if parser.current != .end { throw parser.refusal() }
        return query
    }

    /// An attribute or an intrinsic by its name, as paths have it.
    static func attribute(_ text: String) -> TraceQLAttribute? {
        guard var parser = try? TraceQLParser(text), case .word(let word) = parser.current else {
            return nil
        }
        parser.position += 1
        return parser.current == .end ? parser.attribute(word) : nil
    }

    // MARK: Tokens

    private static let signs = [
        "&&", "||", "!=", "!~", "=~", ">=", "<=", ">>", "{", "}", "(", ")", "|", "=", ">", "<", "!",
        ",", "-",
    ]

    private init(_ text: String) throws(Refusal) {
        let characters = Array(text)
        var at = 0
        func isPart(_ character: Character) -> Bool {
            character.isLetter || character.isNumber || "_.:-/%".contains(character)
        }
        while at < characters.count {
            let column = at + 1
            let first = characters[at]
            if first.isWhitespace {
                at += 1
            } else if first == "\"" || first == "`" {
                let end = characters[(at + 1)...].firstIndex(of: first)
                guard let end else { throw Refusal(text: "literal not terminated") }
                tokens.append((.string(String(characters[(at + 1)..<end])), column))
                at = end + 1
            } else if first.isLetter || first == "_"
                || (first == "." && at + 1 < characters.count && !characters[at + 1].isNumber)
            {
                var word = ""
                while at < characters.count, isPart(characters[at]) || characters[at] == "\"" {
                    if characters[at] != "\"" { word.append(characters[at]) }
                    at += 1
                }
                tokens.append((.word(word), column))
            } else if first.isNumber || first == "." {
                let word = String(
                    characters[at...].prefix { $0.isNumber || $0.isLetter || $0 == "." })
                at += word.count
                guard let number = Self.number(word) else {
                    throw Refusal(text: "bad number: \(word)")
                }
                tokens.append((.number(number), column))
            } else if let sign = Self.signs.first(where: { characters[at...].starts(with: $0) }) {
                tokens.append((.sign(sign), column))
                at += sign.count
            } else {
                throw Refusal(text: "parse error at line 1, col \(column): unexpected \(first)")
            }
        }
        tokens.append((.end, characters.count + 1))
    }

    private static func number(_ text: String) -> TraceQLConstant? {
        if let number = Int64(text) { return .int(number) }
        if let number = Double(text) { return .double(number) }
        return Quantities.nanoseconds(text).map { .int(Int64($0)) }
    }

    private var current: Token { tokens[position].token }

    private func refusal() -> Refusal {
        let name: String =
            switch current {
            case .word(let word): attribute(word) == nil ? "IDENTIFIER" : word
            case .string: "STRING"
            case .number: "INTEGER"
            case .sign(let sign): sign
            case .end: "$end"
            }
        return Refusal(
            text: "parse error at line 1, col \(tokens[position].column): "
                + "syntax error: unexpected \(name)")
    }

    private mutating func take(_ sign: String) -> Bool {
        guard current == .sign(sign) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ sign: String) throws(Refusal) {
        if !take(sign) { throw refusal() }
    }

    private mutating func word() throws(Refusal) -> String {
        guard case .word(let word) = current else { throw refusal() }
        position += 1
        return word
    }

    // MARK: Queries

    private mutating func query() throws(Refusal) -> TraceQLQuery {
        var query = TraceQLQuery(spanset: try spanset())
        while true {
            if take("|") {
                query.stages.append(try stage())
            } else if case .sign(let sign) = current, Comparison(sign) != nil,
                case .metric = query.stages.last
            {
                position += 1
                guard case .number(let number) = current, let value = Self.double(number) else {
                    throw refusal()
                }
                position += 1
                query.stages.append(.compare(sign, value))
            } else {
                break
            }
        }
        if current == .word("with") {
            position += 1
            try expect("(")
            repeat {
                let name = try word()
                try expect("=")
                query.hints[name] = try word()
            } while take(",")
            try expect(")")
        }
        return query
    }

    private static func double(_ constant: TraceQLConstant) -> Double? {
        switch constant {
        case .int(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }

    private mutating func spanset() throws(Refusal) -> TraceQLSpanset {
        var left = try joined()
        while take("||") { left = .either(left, try joined()) }
        return left
    }

    private mutating func joined() throws(Refusal) -> TraceQLSpanset {
        var left = try structure()
        while take("&&") { left = .both(left, try structure()) }
        return left
    }

    private mutating func structure() throws(Refusal) -> TraceQLSpanset {
        var left = try filter()
        while current == .sign(">>") || current == .sign(">") {
            let isDirect = current == .sign(">")
            position += 1
            left = .below(left, try filter(), isDirect: isDirect)
        }
        return left
    }

    private mutating func filter() throws(Refusal) -> TraceQLSpanset {
        if take("(") {
            let inside = try spanset()
            try expect(")")
            return inside
        }
        try expect("{")
        if take("}") { return .filter(.constant(.bool(true))) }
        let field = try disjunction()
        try expect("}")
        return .filter(field)
    }

    private static let metrics: Set<String> = [
        "rate", "count_over_time", "sum_over_time", "min_over_time", "max_over_time",
        "avg_over_time",
    ]

    private mutating func stage() throws(Refusal) -> TraceQLStage {
        if current == .sign("{") { return .filter(try spanset()) }
        let name = try word()
        try expect("(")
        switch name {
        case "select":
            let selected = try attributes()
            try expect(")")
            return .select(selected)
        case "by":
            let grouping = try attributes()
            try expect(")")
            return .by(grouping[0])
        case "topk", "bottomk":
            guard case .number(.int(let count)) = current else { throw refusal() }
            position += 1
            try expect(")")
            return .first(Int(count), isTop: name == "topk")
        case "count", "avg", "min", "max", "sum":
            let operand = current == .sign(")") ? nil : try attributes().first
            try expect(")")
            guard case .sign(let sign) = current, Comparison(sign) != nil else { throw refusal() }
            position += 1
            guard case .number(let number) = current else { throw refusal() }
            position += 1
            return .aggregate(name, operand, sign, number)
        case let name where Self.metrics.contains(name):
            let operand = current == .sign(")") ? nil : try attributes().first
            try expect(")")
            guard current == .word("by") else { return .metric(name, operand, by: []) }
            position += 1
            try expect("(")
            let by = try attributes()
            try expect(")")
            return .metric(name, operand, by: by)
        default:
            throw Refusal(text: "the double does not know \(name)")
        }
    }

    private mutating func attributes() throws(Refusal) -> [TraceQLAttribute] {
        var attributes: [TraceQLAttribute] = []
        repeat {
            guard case .word(let word) = current, let named = attribute(word) else {
                throw refusal()
            }
            position += 1
            attributes.append(named)
        } while take(",")
        return attributes
    }

    // MARK: Fields

    private mutating func disjunction() throws(Refusal) -> TraceQLField {
        var left = try conjunction()
        while take("||") { left = .or(left, try conjunction()) }
        return left
    }

    private mutating func conjunction() throws(Refusal) -> TraceQLField {
        var left = try comparison()
        while take("&&") { left = .and(left, try comparison()) }
        return left
    }

    private mutating func comparison() throws(Refusal) -> TraceQLField {
        if take("!") { return .not(try comparison()) }
        let left = try operand()
        guard case .sign(let sign) = current,
            Comparison(sign) != nil || sign == "=~" || sign == "!~"
        else { return left }
        position += 1
        let right = try operand()
        guard sign.hasSuffix("~") else { return .compare(sign, left, right, nil) }
        guard case .constant(.string(let pattern)) = right else { throw refusal() }
        do {
            return .compare(sign, left, right, try RegularExpression(pattern))
        } catch {
            throw Refusal(text: error.description)
        }
    }

    private mutating func operand() throws(Refusal) -> TraceQLField {
        if take("(") {
            let inside = try disjunction()
            try expect(")")
            return inside
        }
        let isNegative = take("-")
        switch current {
        case .string(let text):
            position += 1
            return .constant(.string(text))
        case .number(let number):
            position += 1
            switch number {
            case .int(let value): return .constant(.int(isNegative ? -value : value))
            case .double(let value): return .constant(.double(isNegative ? -value : value))
            default: return .constant(number)
            }
        case .word(let word):
            if let constant = Self.constants[word] {
                position += 1
                return .constant(constant)
            }
            guard let named = attribute(word) else { throw refusal() }
            position += 1
            return .attribute(named)
        default: throw refusal()
        }
    }

    private static let constants: [String: TraceQLConstant] = [
        "true": .bool(true), "false": .bool(false), "nil": .missing, "error": .status(2),
        "ok": .status(1), "unset": .status(0), "internal": .kind(1), "server": .kind(2),
        "client": .kind(3), "producer": .kind(4), "consumer": .kind(5),
    ]

    /// Other names of intrinsics.
    private static let synonyms = [
        "span:duration": "duration", "span:name": "name", "span:status": "status",
        "span:kind": "kind", "span:statusMessage": "statusMessage",
        "trace:duration": "traceDuration", "trace:rootName": "rootName",
        "trace:rootService": "rootServiceName",
    ]
    private static let intrinsics: Set<String> = [
        "duration", "name", "status", "kind", "statusMessage", "traceDuration", "rootName",
        "rootServiceName", "trace:id", "span:id", "span:parentID", "nestedSetParent",
        "event:name", "instrumentation:name", "instrumentation:version",
    ]

    private func attribute(_ word: String) -> TraceQLAttribute? {
        let name = Self.synonyms[word] ?? word
        if Self.intrinsics.contains(name) {
            return TraceQLAttribute(scope: .intrinsic, name: name)
        }
        guard let dot = word.firstIndex(of: "."),
            let scope = TraceQLAttribute.Scope(rawValue: String(word[..<dot])),
            scope != .intrinsic
        else { return nil }
        return TraceQLAttribute(scope: scope, name: String(word[word.index(after: dot)...]))
    }
}

extension Comparison {
    /// A sign of TraceQL, which writes equality with one sign.
    init?(_ sign: String) { self.init(rawValue: sign == "=" ? "==" : sign) }
}
