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
