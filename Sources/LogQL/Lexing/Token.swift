/// One word of a query.
struct Token: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case endOfInput
        case identifier
        case string
        case number
        /// `--strict` and its like.
        case flag
        case bytes
        case duration
        /// `[5m]`
        case range
        case symbol(Symbol)
        /// A character that no query has outside of strings.
        case stray
    }

    var kind: Kind
    /// As written; of a string what it says, of a range what is in the brackets.
    var text: String
    /// Of durations and ranges.
    var length = Nanoseconds(0)
    var position: Position

    /// As Loki's messages name it.
    var name: String { Self.name(of: kind) }

    static func name(of kind: Kind) -> String {
        switch kind {
        case .endOfInput: "$end"
        case .identifier, .stray: "IDENTIFIER"
        case .string: "STRING"
        case .number: "NUMBER"
        case .flag: "FUNCTION_FLAG"
        case .bytes: "BYTES"
        case .duration: "DURATION"
        case .range: "RANGE"
        case .symbol(let symbol): symbol.rawValue
        }
    }
}

/// A place in a query, counted from 1 in characters. Loki forgets the line of a word that it reads
/// character by character, such as `|=` or `[5m]`, and says 0.
struct Position: Sendable, Equatable {
    var line: Int
    var column: Int

    static let none = Position(line: 0, column: 0)
}

/// Words and signs that are not names. The order is that in which messages list them.
enum Symbol: String, Sendable, CaseIterable {
    case equal = "="
    case regexMatch = "=~"
    case regexNoMatch = "!~"
    case notPattern = "!>"
    case openBrace = "{"
    case closeBrace = "}"
    case comma = ","
    case pipeRegex = "|~"
    case pipeExact = "|="
    case pipePattern = "|>"
    case openParenthesis = "("
    case closeParenthesis = ")"
    case by, without
    case countOverTime = "count_over_time"
    case rate
    case rateCounter = "rate_counter"
    case sum, sort
    case sortDescending = "sort_desc"
    case avg, max, min, count, stddev, stdvar, bottomk, topk
    case approximateTopk = "approx_topk"
    case bytesOverTime = "bytes_over_time"
    case bytesRate = "bytes_rate"
    case bool, json, regexp, logfmt
    case pipe = "|"
    case lineFormat = "line_format"
    case labelFormat = "label_format"
    case unwrap
    case avgOverTime = "avg_over_time"
    case sumOverTime = "sum_over_time"
    case minOverTime = "min_over_time"
    case maxOverTime = "max_over_time"
    case stdvarOverTime = "stdvar_over_time"
    case stddevOverTime = "stddev_over_time"
    case quantileOverTime = "quantile_over_time"
    case bytes, duration
    case durationSeconds = "duration_seconds"
    case firstOverTime = "first_over_time"
    case lastOverTime = "last_over_time"
    case absentOverTime = "absent_over_time"
    case vector
    case labelReplace = "label_replace"
    case unpack, offset, pattern, ip, on, ignoring
    case groupLeft = "group_left"
    case groupRight = "group_right"
    case decolorize, drop, keep
    case or, and, unless
    case equalTo = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case power = "^"
}

extension Symbol {
    /// The words by their text; functions by lower case.
    static let byText: [String: Symbol] = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    var rangeOperator: RangeAggregation.Operator? { RangeAggregation.Operator(rawValue: rawValue) }
    var vectorOperator: VectorAggregation.Operator? {
        VectorAggregation.Operator(rawValue: rawValue)
    }

    /// Whether the word is a function, which is a plain name where no parenthesis follows.
    var isFunction: Bool {
        switch self {
        case .vector, .labelReplace, .bytes, .duration, .durationSeconds, .ip: true
        default: rangeOperator != nil || vectorOperator != nil
        }
    }
}
