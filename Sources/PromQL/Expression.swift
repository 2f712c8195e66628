public import GoText

/// A PromQL expression. A closed set: every `switch` over it is exhaustive, so that a new kind of
/// node does not compile until the type check, the printer, the engine and the planner know it.
public indirect enum Expression: Sendable, Hashable {
    case number(NumberLiteral)
    case string(StringLiteral)
    case paren(Paren)
    case unary(Unary)
    case binary(Binary)
    case aggregation(Aggregation)
    case call(Call)
    case vectorSelector(VectorSelector)
    case matrixSelector(MatrixSelector)
    case subquery(Subquery)
}

public struct NumberLiteral: Sendable, Hashable {
    public var value: Double
    /// True when the number was written as a duration (`5m`): it then prints as one.
    public var isDuration: Bool
    public var range: SourceRange

    public init(_ value: Double, isDuration: Bool = false, range: SourceRange = .none) {
        self.value = value
        self.isDuration = isDuration
        self.range = range
    }

    /// By bits, so that `NaN` equals itself and `-0` is not `0`.
    public static func == (lhs: NumberLiteral, rhs: NumberLiteral) -> Bool {
        lhs.value.bitPattern == rhs.value.bitPattern && lhs.isDuration == rhs.isDuration
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(value.bitPattern) }
}

public struct StringLiteral: Sendable, Hashable {
    /// With U+FFFD for bytes that are no UTF-8.
    public var value: String
    /// The bytes of the literal when they are no UTF-8 (`"a\xc5"`), else nil.
    public var malformedBytes: [UInt8]?
    public var range: SourceRange

    public init(_ value: String, range: SourceRange = .none) {
        self.value = value
        self.range = range
    }

    /// Takes any bytes.
    public init(bytes: [UInt8], range: SourceRange = .none) {
        value = String(decoding: bytes, as: UTF8.self)
        malformedBytes = value.utf8.elementsEqual(bytes) ? nil : bytes
        self.range = range
    }
}

public struct Paren: Sendable, Hashable {
    public var expression: Expression
    public var range: SourceRange

    public init(_ expression: Expression, range: SourceRange = .none) {
        self.expression = expression
        self.range = range
    }
}

public struct Unary: Sendable, Hashable {
    public enum Operator: String, Sendable, Hashable { case plus = "+", minus = "-" }
    public var op: Operator
    public var operand: Expression
    public var range: SourceRange

    public init(_ op: Operator, _ operand: Expression, range: SourceRange = .none) {
        self.op = op
        self.operand = operand
        self.range = range
    }
}

public struct Binary: Sendable, Hashable {
    public enum Operator: String, Sendable, Hashable, CaseIterable {
        case add = "+", subtract = "-", multiply = "*", divide = "/", modulo = "%", power = "^"
        case atan2 = "atan2"
        case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">"
        case greaterOrEqual = ">="
        case and = "and", or = "or", unless = "unless"
        case trimUpper = "</", trimLower = ">/"
    }
    public var op: Operator
    public var lhs: Expression
    public var rhs: Expression
    public var returnsBool: Bool
    /// Present exactly when both operands are instant vectors, also when nothing was written.
    public var matching: VectorMatching?
    public var range: SourceRange

    public init(
        _ op: Operator, _ lhs: Expression, _ rhs: Expression, returnsBool: Bool = false,
        matching: VectorMatching? = nil, range: SourceRange = .none
    ) {
        self.op = op
        self.lhs = lhs
        self.rhs = rhs
        self.returnsBool = returnsBool
        self.matching = matching
        self.range = range
    }
}

public struct VectorMatching: Sendable, Hashable {
    public enum Cardinality: String, Sendable, Hashable {
        case oneToOne = "one-to-one", manyToOne = "many-to-one", oneToMany = "one-to-many"
        case manyToMany = "many-to-many"
    }
    public var cardinality: Cardinality
    /// Labels of `on(…)` or `ignoring(…)`, in the order written.
    public var labels: [String]
    /// True for `on(…)`; false for `ignoring(…)` and for the default, which ignores nothing.
    public var isOn: Bool
    /// Labels of `group_left(…)` or `group_right(…)`.
    public var include: [String]
    /// Values of `fill`, `fill_left`, `fill_right`.
    public var fillLeft: Double?
    public var fillRight: Double?

    public init(
        cardinality: Cardinality = .oneToOne, labels: [String] = [], isOn: Bool = false,
        include: [String] = [], fillLeft: Double? = nil, fillRight: Double? = nil
    ) {
        self.cardinality = cardinality
        self.labels = labels
        self.isOn = isOn
        self.include = include
        self.fillLeft = fillLeft
        self.fillRight = fillRight
    }

    /// Fill values by bits, so that `NaN` equals itself.
    public static func == (lhs: VectorMatching, rhs: VectorMatching) -> Bool {
        lhs.cardinality == rhs.cardinality && lhs.labels == rhs.labels && lhs.isOn == rhs.isOn
            && lhs.include == rhs.include
            && lhs.fillLeft?.bitPattern == rhs.fillLeft?.bitPattern
            && lhs.fillRight?.bitPattern == rhs.fillRight?.bitPattern
    }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(cardinality)
        hasher.combine(labels)
        hasher.combine(isOn)
        hasher.combine(include)
        hasher.combine(fillLeft?.bitPattern)
        hasher.combine(fillRight?.bitPattern)
    }
}

public struct Aggregation: Sendable, Hashable {
    public enum Operator: String, Sendable, Hashable, CaseIterable {
        case sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk, quantile, limitk
        case countValues = "count_values"
        case limitRatio = "limit_ratio"
    }
    public var op: Operator
    public var expression: Expression
    /// The first argument of `topk`, `quantile`, `count_values` and their like.
    public var parameter: Expression?
    public var grouping: [String]
    public var isWithout: Bool
    public var range: SourceRange

    public init(
        _ op: Operator, _ expression: Expression, parameter: Expression? = nil,
        grouping: [String] = [], isWithout: Bool = false, range: SourceRange = .none
    ) {
        self.op = op
        self.expression = expression
        self.parameter = parameter
        self.grouping = grouping
        self.isWithout = isWithout
        self.range = range
    }
}

public struct Call: Sendable, Hashable {
    public var function: Function
    public var arguments: [Expression]
    public var range: SourceRange

    public init(_ function: Function, _ arguments: [Expression], range: SourceRange = .none) {
        self.function = function
        self.arguments = arguments
        self.range = range
    }
}

/// `@`: the time a selector or subquery is fixed to.
public enum AtModifier: Sendable, Hashable {
    case timestamp(Timestamp)
    case start
    case end
}

public struct VectorSelector: Sendable, Hashable {
    public enum Extension: String, Sendable, Hashable { case anchored, smoothed }
    /// The metric name when written before the braces or as a lone quoted string in them, else nil.
    public var name: String?
    /// All matchers; those of the name included (`__name__="…"`), in the order written, the
    /// name's first.
    public var matchers: [LabelMatcher]
    public var offset: DurationValue?
    public var at: AtModifier?
    public var extended: Extension?
    public var range: SourceRange

    public init(
        name: String? = nil, matchers: [LabelMatcher], offset: DurationValue? = nil,
        at: AtModifier? = nil, extended: Extension? = nil, range: SourceRange = .none
    ) {
        self.name = name
        self.matchers = matchers
        self.offset = offset
        self.at = at
        self.extended = extended
        self.range = range
    }
}

/// `selector[range]`. Offset and `@` stand in the selector.
public struct MatrixSelector: Sendable, Hashable {
    public var selector: VectorSelector
    public var window: DurationValue
    public var range: SourceRange

    public init(_ selector: VectorSelector, window: DurationValue, range: SourceRange = .none) {
        self.selector = selector
        self.window = window
        self.range = range
    }
}

public struct Subquery: Sendable, Hashable {
    public var expression: Expression
    public var window: DurationValue
    /// nil: the default evaluation interval.
    public var step: DurationValue?
    public var offset: DurationValue?
    public var at: AtModifier?
    public var range: SourceRange

    public init(
        _ expression: Expression, window: DurationValue, step: DurationValue? = nil,
        offset: DurationValue? = nil, at: AtModifier? = nil, range: SourceRange = .none
    ) {
        self.expression = expression
        self.window = window
        self.step = step
        self.offset = offset
        self.at = at
        self.range = range
    }
}

/// A length of time as written in `[…]`, in a subquery step or after `offset`.
public enum DurationValue: Sendable, Hashable {
    /// Known at parse time.
    case fixed(Milliseconds)
    /// Arithmetic, or dependent on the query's step or range; evaluated by
    /// `Expression.resolved(in:)` before planning and evaluation.
    case expression(DurationExpression)
}

/// Arithmetic of durations, in seconds. `step()` and `range()` carry their place in the query, the
/// others take theirs from their parts.
public indirect enum DurationExpression: Sendable, Hashable {
    case number(NumberLiteral)
    case step(SourceRange)
    case range(SourceRange)
    case unary(Unary.Operator, DurationExpression)
    case binary(Binary.Operator, DurationExpression, DurationExpression)
    case minOf(DurationExpression, DurationExpression)
    case maxOf(DurationExpression, DurationExpression)
    case paren(DurationExpression)
}

public enum ValueType: String, Sendable, Hashable {
    case scalar
    case string
    case instantVector = "instant vector"
    case rangeVector = "range vector"
}

/// A half-open range of byte offsets into the query text.
///
/// Positions say where an expression was written, not what it means: two ranges always compare
/// equal, so that equality of expressions is equality of trees.
public struct SourceRange: Sendable, Hashable {
    public var start: Int
    public var end: Int

    public init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }

    /// The range of expressions without a source, such as those a planner makes.
    public static let none = SourceRange(start: 0, end: 0)

    public static func == (lhs: SourceRange, rhs: SourceRange) -> Bool { true }
    public func hash(into hasher: inout Hasher) {}
}

extension SourceRange {
    /// The start as `<line>:<column>`, both from 1 and counted in bytes.
    public func position(in query: String) -> String { position(in: Array(query.utf8)) }

    func position(in query: [UInt8]) -> String {
        let before = query.prefix(max(0, start))
        let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let lastBreak = before.lastIndex(of: UInt8(ascii: "\n")) ?? -1
        return "\(line):\(before.count - lastBreak)"
    }
}
