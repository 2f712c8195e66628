import RegularExpressions

/// A LogQL query as the double reads it. It has a parser and an evaluator of its own, so that it can
/// judge what others make of a query.
indirect enum LogQLExpression {
    case lines(LogSelection)
    case range(RangeAggregation)
    case aggregation(VectorAggregation)
    case binary(BinaryOperation)
    case literal(Double)
    /// `vector(1)`.
    case vector(Double)
    case labelReplace(LabelReplacement)
}

/// A selector and the stages behind it.
struct LogSelection {
    var matchers: [LogMatcher] = []
    var stages: [LogStage] = []
}

struct LogMatcher {
    enum Relation: String {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case notMatches = "!~"
    }

    var name: String
    var relation: Relation
    var value: String
    var expression: RegularExpression?

    func accepts(_ text: String) -> Bool {
        switch relation {
        case .equal: text == value
        case .notEqual: text != value
        case .matches: expression?.matches(text) == true
        case .notMatches: expression?.matches(text) == false
        }
    }

    func accepts(_ labels: [String: String]) -> Bool { accepts(labels[name] ?? "") }
}

enum LogStage {
    case lineFilter(LineFilter)
    case json([(name: String, path: String)])
    case logfmt(isStrict: Bool, keepsEmpty: Bool, [(name: String, path: String)])
    case regexp(SearchExpression, names: [String])
    case pattern(LinePattern)
    case unpack
    case labelFilter(LabelFilter)
    case lineFormat(LineTemplate)
    case labelFormat([LabelFormat])
    case decolorize
    case drop([LabelChoice])
    case keep([LabelChoice])
}

struct LineFilter {
    enum Relation: String {
        case contains = "|="
        case lacks = "!="
        case matches = "|~"
        case notMatches = "!~"
        case fits = "|>"
        case notFits = "!>"

        /// Whether the filter keeps lines that none of its texts is found in.
        var isNegative: Bool { self == .lacks || self == .notMatches || self == .notFits }
    }

    enum Alternative {
        case text(String)
        case expression(SearchExpression)
        case pattern(LinePattern)
        case addresses(AddressRange)
    }

    var relation: Relation
    var alternatives: [Alternative]
}

indirect enum LabelFilter {
    case text(LogMatcher)
    case number(name: String, Comparison, Quantity)
    case addresses(name: String, isNegative: Bool, AddressRange)
    case and(LabelFilter, LabelFilter)
    case or(LabelFilter, LabelFilter)

    enum Quantity {
        case number(Double)
        case nanoseconds(Double)
        case bytes(Double)
    }
}

enum Comparison: String {
    case equal = "=="
    case notEqual = "!="
    case greater = ">"
    case greaterOrEqual = ">="
    case less = "<"
    case lessOrEqual = "<="

    func holds(_ a: Double, _ b: Double) -> Bool {
        switch self {
        case .equal: a == b
        case .notEqual: a != b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        case .less: a < b
        case .lessOrEqual: a <= b
        }
    }
}

/// `a=b` renames, `a="{{.b}}"` writes.
struct LabelFormat {
    enum Source {
        case label(String)
        case template(LineTemplate)
    }

    var name: String
    var source: Source
}

/// A label in `drop` or `keep`, with a condition or without.
struct LabelChoice {
    var name: String
    var matcher: LogMatcher?
}

struct RangeAggregation {
    var operation: String
    var parameter: Double?
    var selection: LogSelection
    var unwrap: Unwrap?
    /// Nanoseconds, as all lengths here.
    var range: Int64
    var offset: Int64 = 0
    var grouping: LogGrouping?
    /// Whether lines with errors are counted, with `__error__` as a label.
    var keepsErrors = false
}

struct Unwrap {
    enum Conversion: String {
        case none = ""
        case duration
        case durationSeconds = "duration_seconds"
        case bytes
    }

    var label: String
    var conversion: Conversion
    var filters: [LabelFilter] = []
}

struct LogGrouping {
    var isWithout: Bool
    var names: [String]

    func key(_ labels: [String: String]) -> [String: String] {
        labels.filter { names.contains($0.key) != isWithout }
    }
}

struct VectorAggregation {
    var operation: String
    var parameter: Double?
    var grouping: LogGrouping?
    var operand: LogQLExpression
}

struct BinaryOperation {
    enum Many {
        case none
        case left
        case right
    }

    var operation: String
    var left: LogQLExpression
    var right: LogQLExpression
    var returnsBool = false
    /// Labels of `on`, or of `ignoring`.
    var matching: (isOn: Bool, names: [String])?
    var many = Many.none
    /// Labels of `group_left` and `group_right`.
    var included: [String] = []
}

struct LabelReplacement {
    var operand: LogQLExpression
    var destination: String
    var replacement: String
    var source: String
    var expression: RegularExpression
}

/// A regular expression that is searched in a text, not matched against the whole of it.
struct SearchExpression {
    let expression: RegularExpression

    init(_ pattern: String) throws(RegularExpressionError) {
        // The first for its error, which names the pattern as it was written.
        _ = try RegularExpression(pattern)
        expression = try RegularExpression("(?s:.*?)(?:\(pattern))(?s:.*)")
    }

    func isFound(in text: String) -> Bool { expression.matches(text) }

    /// What the named groups of the first match hold; nil where nothing matches.
    func groups(_ names: [String], in text: String) -> [String]? {
        names.isEmpty
            ? (isFound(in: text) ? [] : nil)
            : expression.expand(text, template: names.map { "${\($0)}" }.joined(separator: "\u{1}"))
                .map {
                    $0.split(separator: "\u{1}", omittingEmptySubsequences: false).map(String.init)
                }
    }
}
