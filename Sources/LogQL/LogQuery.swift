public import PromQL

/// A LogQL query: lines of logs, or numbers made of them.
public enum LogQLQuery: Sendable, Hashable {
    case log(LogQuery)
    case metric(MetricExpression)
}

extension LogQLQuery {
    /// The queries for lines in it, from left to right.
    public var pipelines: [LogQuery] {
        switch self {
        case .log(let query): [query]
        case .metric(let expression): expression.ranges.map(\.query)
        }
    }
}

/// A selector of streams and what is done with each line of them, in order.
public struct LogQuery: Sendable, Hashable {
    /// In the order written.
    public var matchers: [LabelMatcher]
    public var stages: [PipelineStage]

    public init(_ matchers: [LabelMatcher], stages: [PipelineStage] = []) {
        self.matchers = matchers
        self.stages = stages
    }
}

/// One step of a pipeline. A closed set: every `switch` over it is exhaustive, so that a new kind of
/// stage does not compile until the printer and the rules of the partition label know it.
public enum PipelineStage: Sendable, Hashable {
    case line(LineFilter)
    case json([LabelExtraction])
    /// `flags` as written: `--strict`, `--keep-empty`.
    case logfmt(flags: [String], [LabelExtraction])
    case regexp(String)
    case pattern(String)
    case unpack
    case label(LabelFilter)
    case lineFormat(String)
    case labelFormat([LabelFormat])
    case decolorize
    case drop([LabelSelection])
    case keep([LabelSelection])
}

/// Keeps the lines in which one of some texts is found, or none.
public struct LineFilter: Sendable, Hashable {
    public enum Operator: String, Sendable, Hashable, CaseIterable {
        case contains = "|="
        case containsNot = "!="
        case matches = "|~"
        case matchesNot = "!~"
        case matchesPattern = "|>"
        case matchesPatternNot = "!>"
    }

    public struct Operand: Sendable, Hashable {
        public var text: String
        /// `ip("…")`: the text is an address or a range of addresses.
        public var isAddress: Bool

        public init(_ text: String, isAddress: Bool = false) {
            self.text = text
            self.isAddress = isAddress
        }
    }

    public var op: Operator
    /// At least one; of several each is enough.
    public var operands: [Operand]

    public init(_ op: Operator, _ operands: [Operand]) {
        self.op = op
        self.operands = operands
    }
}

/// `name="expression"` behind `json` or `logfmt`: the label that gets what the expression finds.
public struct LabelExtraction: Sendable, Hashable {
    public var name: String
    /// Equal to the name where none was written.
    public var expression: String

    public init(_ name: String, _ expression: String) {
        self.name = name
        self.expression = expression
    }
}

/// One assignment of `label_format`.
public struct LabelFormat: Sendable, Hashable {
    public enum Source: Sendable, Hashable {
        /// The label is renamed: the one of this name is gone afterwards.
        case label(String)
        case template(String)
    }

    public var name: String
    public var source: Source

    public init(_ name: String, _ source: Source) {
        self.name = name
        self.source = source
    }
}

/// A label of `drop` or `keep`: with any value, or with the values that a matcher accepts.
public enum LabelSelection: Sendable, Hashable {
    case name(String)
    case matcher(LabelMatcher)

    public var name: String {
        switch self {
        case .name(let name): name
        case .matcher(let matcher): matcher.name
        }
    }
}

/// Keeps the lines whose labels fulfil a condition.
public indirect enum LabelFilter: Sendable, Hashable {
    case matcher(LabelMatcher)
    case address(name: String, isNegated: Bool, String)
    case comparison(name: String, Comparison, Quantity)
    case and(LabelFilter, LabelFilter)
    case or(LabelFilter, LabelFilter)

    public enum Comparison: String, Sendable, Hashable, CaseIterable {
        case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">"
        case greaterOrEqual = ">="
    }
}

/// What a label is compared with: a number, a length of time or a number of bytes, as it was
/// written.
public struct Quantity: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case number, duration, bytes }

    public var kind: Kind
    public var text: String

    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }
}

extension LogQuery {
    /// Whether it is a selector and nothing else.
    public var isSelector: Bool { stages.isEmpty }
}
