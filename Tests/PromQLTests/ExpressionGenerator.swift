import GoText
import PromQL
import TestSupport

/// Makes well-typed expressions of every kind from a seed; the same seed gives the same ones.
struct ExpressionGenerator {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    private mutating func below(_ bound: Int) -> Int { random.below(bound) }
    private mutating func oneIn(_ count: Int) -> Bool { random.oneIn(count) }
    private mutating func pick<T>(_ values: [T]) -> T { random.pick(values) }

    // MARK: - Expressions

    mutating func expression(depth: Int = 5) -> Expression {
        switch below(10) {
        case 0: scalar(depth)
        case 1: range(depth)
        default: vector(depth)
        }
    }

    private mutating func expression(_ type: ValueType, _ depth: Int) -> Expression {
        switch type {
        case .scalar: scalar(depth)
        case .string: .string(StringLiteral(text()))
        case .instantVector: vector(depth)
        case .rangeVector: range(depth)
        }
    }

    private mutating func scalar(_ depth: Int) -> Expression {
        if depth <= 0 { return number() }
        switch below(6) {
        case 0: return .paren(Paren(scalar(depth - 1)))
        case 1: return signed(scalar(depth - 1))
        case 2:
            let op = pick(arithmetic + comparisons)
            return .binary(
                Binary(
                    op, operand(scalar(depth - 1)), operand(scalar(depth - 1)),
                    returnsBool: op.isComparison))
        case 3: return call(.scalar, depth)
        default: return number()
        }
    }

    private mutating func vector(_ depth: Int) -> Expression {
        if depth <= 0 { return .vectorSelector(selector()) }
        switch below(9) {
        case 0: return .paren(Paren(vector(depth - 1)))
        case 1: return signed(vector(depth - 1))
        case 2, 3: return binary(depth)
        case 4, 5: return aggregation(depth)
        case 6, 7: return call(.instantVector, depth)
        default: return .vectorSelector(selector())
        }
    }

    private mutating func range(_ depth: Int) -> Expression {
        if depth <= 0 || oneIn(2) {
            return .matrixSelector(MatrixSelector(selector(), window: duration()))
        }
        return .subquery(
            Subquery(
                operand(vector(depth - 1)), window: duration(),
                step: oneIn(2) ? nil : duration(), offset: offset(), at: at()))
    }

    /// Mostly as it stands, so that the printer has to see to the grouping.
    private mutating func operand(_ expression: Expression) -> Expression {
        oneIn(4) ? .paren(Paren(expression)) : expression
    }

    /// A sign before a number is part of the number.
    private mutating func signed(_ expression: Expression) -> Expression {
        let inner: Expression
        switch expression {
        case .number: inner = .paren(Paren(expression))
        default: inner = expression
        }
        return .unary(Unary(oneIn(2) ? .plus : .minus, inner))
    }

    private let arithmetic: [Binary.Operator] = [
        .add, .subtract, .multiply, .divide, .modulo, .power, .atan2,
    ]
    private let comparisons: [Binary.Operator] = [
        .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual,
    ]

    private mutating func binary(_ depth: Int) -> Expression {
        let op = pick(arithmetic + comparisons + [.and, .or, .unless, .trimUpper, .trimLower])
        var binary = Binary(op, operand(vector(depth - 1)), operand(vector(depth - 1)))
        binary.returnsBool = op.isComparison && oneIn(3)
        if !op.isSetOperator, oneIn(3) {
            binary.lhs = operand(scalar(depth - 1))
            return .binary(binary)
        }
        var matching = VectorMatching(cardinality: op.isSetOperator ? .manyToMany : .oneToOne)
        if oneIn(2) {
            matching.isOn = oneIn(2)
            matching.labels = labels()
            if !op.isSetOperator, oneIn(2) {
                matching.cardinality = oneIn(2) ? .manyToOne : .oneToMany
                matching.include = labels().filter { !matching.labels.contains($0) }
            }
        }
        if !op.isSetOperator, oneIn(4) {
            matching.fillLeft = oneIn(3) ? nil : fill()
            matching.fillRight = oneIn(3) ? matching.fillLeft : fill()
        }
        binary.matching = matching
        return .binary(binary)
    }

    private mutating func fill() -> Double { pick([0, -1.5, 1e21, 3e-7, .infinity, 1_000_000]) }

    private mutating func aggregation(_ depth: Int) -> Expression {
        let op = pick(Aggregation.Operator.allCases)
        let parameter: Expression?
        switch op {
        case .topk, .bottomk, .quantile, .limitk, .limitRatio: parameter = scalar(depth - 1)
        case .countValues: parameter = .string(StringLiteral(text()))
        case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar: parameter = nil
        }
        return .aggregation(
            Aggregation(
                op, vector(depth - 1), parameter: parameter, grouping: oneIn(2) ? labels() : [],
                isWithout: oneIn(3)))
    }

    private mutating func call(_ type: ValueType, _ depth: Int) -> Expression {
        let function = pick(
            Function.allCases.filter { $0.signature.result == type && $0 != .info })
        let signature = function.signature
        var types = signature.arguments
        switch signature.variadic {
        case 0: break
        case let more:
            types.removeLast(below(2))
            let limit = more < 0 ? 3 : more
            if let last = signature.arguments.last, types.count == signature.arguments.count {
                types += Array(repeating: last, count: below(limit))
            }
        }
        var arguments: [Expression] = []
        for type in types { arguments.append(expression(type, depth - 1)) }
        return .call(Call(function, arguments))
    }

    // MARK: - Selectors

    private mutating func selector() -> VectorSelector {
        var selector = VectorSelector(matchers: [])
        if oneIn(5) {
            selector.matchers = [LabelMatcher("job", .equal, "x")]
        } else {
            let name = pick([
                "up", "a:b", "sum", "offset", "by", "inf", "NaN", "on", "atan2", "http.requests",
                "fill", "start", "a b", "bool", "é", "_", "without", "Or",
            ])
            selector.name = name
            selector.matchers = [LabelMatcher("__name__", .equal, name)]
        }
        for _ in 0..<below(3) {
            selector.matchers.append(
                LabelMatcher(label(), pick(LabelMatcher.Operator.allCases), pick(["", "a", "x|y"])))
        }
        selector.offset = offset()
        selector.at = at()
        selector.extended = oneIn(6) ? pick([.anchored, .smoothed]) : nil
        return selector
    }

    private mutating func label() -> String {
        pick(["a", "job", "without", "on", "inf", "my label", "é", "sum", "a:b", "bool", "0a"])
    }

    private mutating func labels() -> [String] {
        var labels: [String] = []
        for _ in 0..<below(4) { labels.append(label()) }
        return labels
    }

    private mutating func at() -> AtModifier? {
        switch below(8) {
        case 0: .start
        case 1: .end
        case 2:
            .timestamp(
                pick(
                    [0, 1, -1, 1_603_774_568_123, -62_135_596_800_000, 4_503_599_627_370_496]
                        as [Timestamp]))
        default: nil
        }
    }

    // MARK: - Numbers, durations, texts

    private mutating func number() -> Expression {
        if oneIn(4) {
            let value = pick([0, -0.0, 300, -5400, 0.001, 1.001, 86400, 604_800, 31_536_000.5])
            return .number(NumberLiteral(value, isDuration: true))
        }
        let special = [
            0, -0.0, 1, -1, 0.1, 1e21, -2.5e-9, 1e300, .leastNonzeroMagnitude, .infinity,
            -.infinity,
            Double(bitPattern: 0x7ff8_0000_0000_0001),
        ]
        var value = pick(special)
        if oneIn(3) {
            let any = Double(bitPattern: random.next())
            if any.isFinite { value = any }
        }
        return .number(NumberLiteral(value))
    }

    private mutating func duration() -> DurationValue {
        if oneIn(5) {
            let expression = duration(3)
            // A number alone is a fixed duration, and it must be greater than 0.
            if case .number = expression { return .fixed(300_000) }
            return .expression(.binary(.add, .number(NumberLiteral(1)), .paren(flat(expression))))
        }
        return .fixed(pick([1, 999, 1000, 1001, 300_000, 5_400_000, 604_800_000, 31_536_000_001]))
    }

    private mutating func offset() -> DurationValue? {
        switch below(8) {
        case 0: .fixed(pick([1, -1, 300_000, -5_400_001, 9_223_372_036_854]))
        case 1:
            switch below(4) {
            case 0: .expression(.step(.none))
            case 1: .expression(.unary(.minus, .range(.none)))
            case 2: .expression(.minOf(duration(2), duration(2)))
            default: .expression(.paren(flat(duration(3))))
            }
        default: nil
        }
    }

    private mutating func duration(_ depth: Int) -> DurationExpression {
        if depth <= 0 || oneIn(4) {
            switch below(4) {
            case 0: return .step(.none)
            case 1: return .range(.none)
            case 2: return .number(NumberLiteral(pick([1.5, 300, 1001]), isDuration: oneIn(2)))
            default: return .number(NumberLiteral(pick([2, 0.25, 1e3])))
            }
        }
        switch below(5) {
        case 0: return .paren(flat(duration(depth - 1)))
        case 1:
            let operand = duration(depth - 1)
            if case .paren = operand { return .unary(.minus, operand) }
            return .unary(.minus, .paren(operand))
        case 2: return .maxOf(duration(depth - 1), duration(depth - 1))
        default:
            return .binary(
                pick([.add, .subtract, .multiply, .divide, .modulo, .power]),
                .paren(flat(duration(depth - 1))), .paren(flat(duration(depth - 1))))
        }
    }

    /// Two pairs of parentheses are one.
    private func flat(_ expression: DurationExpression) -> DurationExpression {
        if case .paren(let inner) = expression { return inner }
        return expression
    }

    private mutating func text() -> String {
        pick([
            "", "a", "\"quoted\"", "back\\slash", "line\nbreak", "\u{0}\u{7f}", "é€😀", "`",
            "\u{feff}",
        ])
    }
}
