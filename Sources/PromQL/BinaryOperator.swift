extension Binary.Operator {
    public var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
        case .add, .subtract, .multiply, .divide, .modulo, .power, .atan2, .and, .or, .unless,
            .trimUpper, .trimLower:
            false
        }
    }

    public var isSetOperator: Bool { self == .and || self == .or || self == .unless }

    /// Higher binds tighter.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .trimUpper,
            .trimLower:
            3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo, .atan2: 5
        case .power: 6
        }
    }

    /// That of a sign before an operand: `-a ^ b` is `-(a ^ b)`, `-a * b` is `(-a) * b`.
    static let signPrecedence = Binary.Operator.multiply.precedence

    /// Whether `a op b next c` groups as `(a op b) next c`.
    func groupsBefore(_ next: Binary.Operator) -> Bool {
        precedence > next.precedence || (precedence == next.precedence && self != .power)
    }
}

extension Aggregation.Operator {
    /// Whether a parameter stands before the aggregated vector, and its type.
    var parameterType: ValueType? {
        switch self {
        case .topk, .bottomk, .quantile, .limitk, .limitRatio: .scalar
        case .countValues: .string
        case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar: nil
        }
    }

    var isExperimental: Bool { self == .limitk || self == .limitRatio }
}

/// One condition on one label of a selector.
public struct LabelMatcher: Sendable, Hashable {
    public enum Operator: String, Sendable, Hashable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case regexMatch = "=~"
        case regexNoMatch = "!~"
    }

    public var name: String
    public var op: Operator
    public var value: String

    public init(_ name: String, _ op: Operator, _ value: String) {
        self.name = name
        self.op = op
        self.value = value
    }
}
