public import GoText

/// A LogQL expression whose value is numbers. A closed set: every `switch` over it is exhaustive, so
/// that a new kind of node does not compile until the printer and the planner know it.
///
/// Parentheses are not part of the tree; the printer writes those that it needs.
public indirect enum MetricExpression: Sendable, Hashable {
    case literal(NumberValue)
    /// `vector(n)`
    case vector(NumberValue)
    case range(RangeAggregation)
    case aggregation(VectorAggregation)
    case binary(BinaryOperation)
    case labelReplace(LabelReplacement)
}

/// A number that equals itself, also when it is `NaN`, and of which 0 is not -0.
public struct NumberValue: Sendable, Hashable {
    public var value: Double

    public init(_ value: Double) { self.value = value }

    public static func == (lhs: NumberValue, rhs: NumberValue) -> Bool {
        lhs.value.bitPattern == rhs.value.bitPattern
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(value.bitPattern) }
}

/// `by (…)` or `without (…)`. An aggregation over time without one keeps all labels.
public struct Grouping: Sendable, Hashable {
    public var labels: [String]
    public var isWithout: Bool

    public init(_ labels: [String], isWithout: Bool = false) {
        self.labels = labels
        self.isWithout = isWithout
    }

    /// Whether elements that differ in the label alone stay apart.
    public func keeps(_ label: String) -> Bool {
        labels.contains { $0.utf8.elementsEqual(label.utf8) } != isWithout
    }
}

/// One value a step from the lines of a window before it.
public struct RangeAggregation: Sendable, Hashable {
    public enum Operator: String, Sendable, Hashable, CaseIterable {
        case count = "count_over_time"
        case rate = "rate"
        case rateCounter = "rate_counter"
        case bytes = "bytes_over_time"
        case bytesRate = "bytes_rate"
        case average = "avg_over_time"
        case sum = "sum_over_time"
        case minimum = "min_over_time"
        case maximum = "max_over_time"
        case standardVariance = "stdvar_over_time"
        case standardDeviation = "stddev_over_time"
        case quantile = "quantile_over_time"
        case first = "first_over_time"
        case last = "last_over_time"
        case absent = "absent_over_time"
    }

    public var op: Operator
    /// Of `quantile_over_time` alone.
    public var parameter: NumberValue?
    public var query: LogQuery
    /// Whose numbers are taken; nil where lines or bytes are counted.
    public var unwrap: Unwrap?
    public var window: Nanoseconds
    public var offset: Nanoseconds
    public var grouping: Grouping?

    public init(
        _ op: Operator, _ query: LogQuery, window: Nanoseconds, parameter: NumberValue? = nil,
        unwrap: Unwrap? = nil, offset: Nanoseconds = Nanoseconds(0), grouping: Grouping? = nil
    ) {
        self.op = op
        self.parameter = parameter
        self.query = query
        self.unwrap = unwrap
        self.window = window
        self.offset = offset
        self.grouping = grouping
    }
}

/// `| unwrap label`, and the filters behind it.
public struct Unwrap: Sendable, Hashable {
    public enum Conversion: String, Sendable, Hashable, CaseIterable {
        case bytes
        case duration
        case durationSeconds = "duration_seconds"
    }

    public var label: String
    public var conversion: Conversion?
    /// Each must be fulfilled.
    public var filters: [LabelFilter]

    public init(_ label: String, conversion: Conversion? = nil, filters: [LabelFilter] = []) {
        self.label = label
        self.conversion = conversion
        self.filters = filters
    }
}

/// A length of time, in nanoseconds.
public struct Nanoseconds: Sendable, Hashable {
    public var count: Int64

    public init(_ count: Int64) { self.count = count }
    public init(milliseconds: Milliseconds) { count = milliseconds.count &* 1_000_000 }
}

/// Elements of one step put together.
public struct VectorAggregation: Sendable, Hashable {
    public enum Operator: String, Sendable, Hashable, CaseIterable {
        case sum, avg, max, min, count, stddev, stdvar, bottomk, topk, sort
        case sortDescending = "sort_desc"
        case approximateTopk = "approx_topk"
    }

    public var op: Operator
    public var expression: MetricExpression
    /// Of `topk`, `bottomk` and `approx_topk`: how many, above 0.
    public var parameter: Int?
    public var grouping: Grouping?

    public init(
        _ op: Operator, _ expression: MetricExpression, parameter: Int? = nil,
        grouping: Grouping? = nil
    ) {
        self.op = op
        self.expression = expression
        self.parameter = parameter
        self.grouping = grouping
    }
}

public struct BinaryOperation: Sendable, Hashable {
    public enum Operator: String, Sendable, Hashable, CaseIterable {
        case or, and, unless
        case add = "+", subtract = "-", multiply = "*", divide = "/", modulo = "%", power = "^"
        case equal = "==", notEqual = "!=", greater = ">", greaterOrEqual = ">=", less = "<"
        case lessOrEqual = "<="
    }

    public enum Cardinality: Sendable, Hashable {
        case oneToOne
        /// `group_left`, with the labels that the left side gets of the right one.
        case manyToOne(include: [String])
        /// `group_right`
        case oneToMany(include: [String])
    }

    /// What elements of both sides must agree in.
    public struct Matching: Sendable, Hashable {
        public var labels: [String]
        /// True for `on(…)`; false for `ignoring(…)` and for the default, which ignores nothing.
        public var isOn: Bool
        public var cardinality: Cardinality

        public init(
            _ labels: [String] = [], isOn: Bool = false, cardinality: Cardinality = .oneToOne
        ) {
            self.labels = labels
            self.isOn = isOn
            self.cardinality = cardinality
        }
    }

    public var op: Operator
    public var lhs: MetricExpression
    public var rhs: MetricExpression
    /// Comparisons give 0 or 1 and do not filter.
    public var returnsBool: Bool
    public var matching: Matching

    public init(
        _ op: Operator, _ lhs: MetricExpression, _ rhs: MetricExpression, returnsBool: Bool = false,
        matching: Matching = Matching()
    ) {
        self.op = op
        self.lhs = lhs
        self.rhs = rhs
        self.returnsBool = returnsBool
        self.matching = matching
    }
}

/// `label_replace(vector, target, replacement, source, pattern)`
public struct LabelReplacement: Sendable, Hashable {
    public var expression: MetricExpression
    public var target: String
    public var replacement: String
    public var source: String
    public var pattern: String

    public init(
        _ expression: MetricExpression, target: String, replacement: String, source: String,
        pattern: String
    ) {
        self.expression = expression
        self.target = target
        self.replacement = replacement
        self.source = source
        self.pattern = pattern
    }
}

extension BinaryOperation.Operator {
    public var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .greater, .greaterOrEqual, .less, .lessOrEqual: true
        case .or, .and, .unless, .add, .subtract, .multiply, .divide, .modulo, .power: false
        }
    }

    public var isSetOperator: Bool {
        switch self {
        case .or, .and, .unless: true
        case .add, .subtract, .multiply, .divide, .modulo, .power, .equal, .notEqual, .greater,
            .greaterOrEqual, .less, .lessOrEqual:
            false
        }
    }

    /// Higher binds tighter.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .greater, .greaterOrEqual, .less, .lessOrEqual: 3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo: 5
        case .power: 6
        }
    }
}

extension MetricExpression {
    /// The range aggregations in it, from left to right.
    public var ranges: [RangeAggregation] {
        switch self {
        case .literal, .vector: []
        case .range(let aggregation): [aggregation]
        case .aggregation(let aggregation): aggregation.expression.ranges
        case .binary(let binary): binary.lhs.ranges + binary.rhs.ranges
        case .labelReplace(let replacement): replacement.expression.ranges
        }
    }

    /// How far before a step the earliest line may lie that counts there; never below zero.
    public var lookback: Nanoseconds {
        Nanoseconds(
            ranges.reduce(0) { longest, range in
                let (sum, isTooLong) = range.window.count.addingReportingOverflow(
                    range.offset.count)
                return max(longest, isTooLong ? .max : sum)
            })
    }
}
