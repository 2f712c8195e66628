internal import GoText

/// One word of a query.
struct Token: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case endOfInput
        case identifier
        /// With a colon: a metric name that cannot be a label name.
        case metricIdentifier
        case number
        case duration
        case string
        /// `!=` serves expressions and matchers alike.
        case binary(Binary.Operator)
        case equal
        case regexMatch
        case regexNoMatch
        case at
        case leftParen
        case rightParen
        case leftBrace
        case rightBrace
        case leftBracket
        case rightBracket
        case comma
        case colon
        case aggregator(Aggregation.Operator)
        case keyword(Keyword)
        case queryWord(QueryWord)
    }

    enum Keyword: String, Sendable, CaseIterable {
        case offset, by, without, on, ignoring, bool, anchored, smoothed, fill
        case groupLeft = "group_left", groupRight = "group_right"
        case fillLeft = "fill_left", fillRight = "fill_right"
    }

    /// Words about the query as a whole; functions to expressions and to durations alike.
    enum QueryWord: String, Sendable, CaseIterable {
        case start, end, step, range, minOf = "min_of", maxOf = "max_of"
    }

    var kind: Kind
    var range: SourceRange

    /// Whether the word is a metric name where an operand is due.
    var canBeMetricName: Bool {
        switch kind {
        case .identifier, .metricIdentifier, .aggregator, .queryWord: return true
        case .binary(let op): return op == .and || op == .or || op == .unless
        case .keyword(let word):
            switch word {
            case .offset, .by, .without, .anchored, .smoothed: return true
            case .on, .ignoring, .bool, .groupLeft, .groupRight, .fill, .fillLeft, .fillRight:
                return false
            }
        case .endOfInput, .number, .duration, .string, .equal, .regexMatch, .regexNoMatch, .at,
            .leftParen, .rightParen, .leftBrace, .rightBrace, .leftBracket, .rightBracket, .comma,
            .colon:
            return false
        }
    }

    /// Whether the word is a label name in the lists of `by`, `on` and their like.
    var canBeLabelName: Bool {
        switch kind {
        case .identifier, .metricIdentifier, .aggregator, .queryWord: return true
        case .binary(let op): return op == .and || op == .or || op == .unless || op == .atan2
        case .keyword(let word): return word != .without
        case .endOfInput, .number, .duration, .string, .equal, .regexMatch, .regexNoMatch, .at,
            .leftParen, .rightParen, .leftBrace, .rightBrace, .leftBracket, .rightBracket, .comma,
            .colon:
            return false
        }
    }

    /// Whether an operand can begin with the word.
    var canBeginOperand: Bool {
        switch kind {
        case .number, .duration, .string, .leftParen, .leftBrace: return true
        case .binary(.add), .binary(.subtract): return true
        default: return canBeMetricName
        }
    }

    var isGroupingKeyword: Bool { kind == .keyword(.by) || kind == .keyword(.without) }

    /// As messages name it (Prometheus `promql/parser/lex.go`).
    func description(text: String) -> String {
        switch kind {
        case .endOfInput: "end of input"
        case .identifier: "identifier \(GoQuoting.quote(text))"
        case .metricIdentifier: "metric identifier \(GoQuoting.quote(text))"
        case .number: "number \(Self.shortened(text))"
        case .duration: "duration \(Self.shortened(text))"
        case .string: "string \(Self.shortened(text))"
        case .binary, .regexMatch, .regexNoMatch, .at: "<op:\(text)>"
        case .aggregator: "<aggr:\(text)>"
        case .keyword: "<\(text)>"
        case .equal, .leftParen, .rightParen, .leftBrace, .rightBrace, .leftBracket,
            .rightBracket, .comma, .colon, .queryWord:
            GoQuoting.quote(text)
        }
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > 10 else { return GoQuoting.quote(text) }
        var head = ""
        head.unicodeScalars.append(contentsOf: text.unicodeScalars.prefix(10))
        return GoQuoting.quote(head) + "..."
    }
}

/// The words of the language that are not plain names, in lower case.
enum Vocabulary {
    static func kind(of word: String) -> Token.Kind? { kinds[word.lowercased()] }

    private static let kinds: [String: Token.Kind] = {
        var kinds: [String: Token.Kind] = ["inf": .number, "nan": .number]
        for op in [Binary.Operator.and, .or, .unless, .atan2] { kinds[op.rawValue] = .binary(op) }
        for op in Aggregation.Operator.allCases { kinds[op.rawValue] = .aggregator(op) }
        for word in Token.Keyword.allCases { kinds[word.rawValue] = .keyword(word) }
        for word in Token.QueryWord.allCases { kinds[word.rawValue] = .queryWord(word) }
        return kinds
    }()

    /// Whether a metric name can be written without quotes where an operand is due.
    static func isBareMetricName(_ name: String) -> Bool {
        guard isIdentifier(name, allowsColon: true) else { return false }
        switch kind(of: name) {
        case nil: return true
        case .keyword(.fill), .keyword(.fillLeft), .keyword(.fillRight): return true
        case .number: return false
        case let kind?: return Token(kind: kind, range: .none).canBeMetricName
        }
    }

    /// Whether a label name can be written without quotes in a list of labels.
    static func isBareLabelName(_ name: String) -> Bool {
        isIdentifier(name, allowsColon: false)
            && kind(of: name) != .number && kind(of: name) != .keyword(.without)
    }

    /// Whether a text is a name of the kind Prometheus 2.x knows.
    static func isIdentifier(_ text: String, allowsColon: Bool) -> Bool {
        var isFirst = true
        for byte in text.utf8 {
            let isAllowed =
                byte.isIdentifierStart || (allowsColon && byte == UInt8(ascii: ":"))
                || (!isFirst && byte.isDigit)
            guard isAllowed else { return false }
            isFirst = false
        }
        return !isFirst
    }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    var isIdentifierStart: Bool {
        let lower = self | 0x20
        return self == UInt8(ascii: "_")
            || (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z"))
    }

    var isIdentifierPart: Bool { isIdentifierStart || isDigit }

    var isSpace: Bool {
        switch self {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): true
        default: false
        }
    }

    /// The value of a hexadecimal digit.
    var hexValue: UInt32? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(self - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(self - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(self - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
