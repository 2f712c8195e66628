/// One word of a query.
struct Token: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case end
        case identifier
        /// With a colon: a metric name that cannot be a label name.
        case metricIdentifier
        case number
        case duration
        case string
        case op(Binary.Operator)
        /// `=` and `=~`, `!~`; `!=` is `.op(.notEqual)`.
        case assign
        case regexMatch
        case regexNoMatch
        case leftParen
        case rightParen
        case leftBrace
        case rightBrace
        case leftBracket
        case rightBracket
        case comma
        case colon
        case at
        case aggregator(Aggregation.Operator)
        case keyword(Keyword)
    }
    enum Keyword: String, Sendable, CaseIterable {
        case offset, by, without, on, ignoring, groupLeft = "group_left"
        case groupRight = "group_right"
        case bool, anchored, smoothed, fill, fillLeft = "fill_left", fillRight = "fill_right"
        case start, end, step, range, minOf = "min_of", maxOf = "max_of"
    }
    var kind: Kind
    var text: String
    var range: SourceRange

    /// As error messages show it.
    var shown: String {
        switch kind {
        case .end: "end of input"
        case .identifier: "identifier \(GoQuoting.quote(text))"
        case .metricIdentifier: "metric identifier \(GoQuoting.quote(text))"
        case .number: "number \(GoQuoting.quote(text))"
        case .duration: "duration \(GoQuoting.quote(text))"
        case .string:
            text.utf8.count > 10
                ? "string \(GoQuoting.quote(String(text.prefix(10))))..."
                : "string \(GoQuoting.quote(text))"
        case .op: "<op:\(text.lowercased())>"
        case .regexMatch, .regexNoMatch, .assign: "<op:\(text)>"
        case .aggregator: "<aggr:\(text.lowercased())>"
        case .keyword: "<\(text.lowercased())>"
        case .leftParen, .rightParen, .leftBrace, .rightBrace, .leftBracket, .rightBracket,
            .comma, .colon, .at:
            GoQuoting.quote(text)
        }
    }

    /// Whether the word may be a metric name where one can stand.
    var canBeMetricName: Bool {
        switch kind {
        case .identifier, .metricIdentifier, .aggregator: true
        case .op(let op): op == .and || op == .or || op == .unless
        case .keyword(let word):
            switch word {
            case .bool, .on, .ignoring, .groupLeft, .groupRight: false
            default: true
            }
        default: false
        }
    }

    /// Whether the word may be a label name in a list.
    var canBeLabelName: Bool {
        switch kind {
        case .identifier, .aggregator, .keyword: kind != .keyword(.without)
        case .op(let op):
            op == .and || op == .or || op == .unless || op == .atan2
        default: false
        }
    }
}
