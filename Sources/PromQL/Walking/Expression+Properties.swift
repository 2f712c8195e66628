extension Expression {
    /// The type of the value; for trees that do not pass the type check, of the value they would
    /// have.
    public var valueType: ValueType {
        switch self {
        case .number: return .scalar
        case .string: return .string
        case .aggregation, .vectorSelector: return .instantVector
        case .matrixSelector, .subquery: return .rangeVector
        case .call(let node): return node.function.signature.result
        case .fragment(let node): return node.type
        case .paren, .unary: return innermost.valueType
        case .binary(let node):
            if node.matching != nil { return .instantVector }
            return node.lhs.isScalar && node.rhs.isScalar ? .scalar : .instantVector
        }
    }

    /// Without the parentheses and signs around it.
    private var innermost: Expression {
        var expression = self
        while true {
            switch expression {
            case .paren(let node): expression = node.expression
            case .unary(let node): expression = node.operand
            default: return expression
            }
        }
    }

    /// Whether the value is a scalar; a loop over the operators, since a chain of them is a deep
    /// tree.
    private var isScalar: Bool {
        var pending = [self]
        while let expression = pending.popLast() {
            let inner = expression.innermost
            if case .binary(let node) = inner {
                if node.matching != nil { return false }
                pending.append(node.rhs)
                pending.append(node.lhs)
            } else if inner.valueType != .scalar {
                return false
            }
        }
        return true
    }

    /// Where it stands in the query, as Prometheus's `PositionRange`.
    public var sourceRange: SourceRange {
        switch self {
        case .number(let node): node.range
        case .string(let node): node.range
        case .paren(let node): node.range
        case .unary(let node): node.range
        case .binary(let node): node.range
        case .aggregation(let node): node.range
        case .call(let node): node.range
        case .vectorSelector(let node): node.range
        case .matrixSelector(let node): node.range
        case .subquery(let node): node.range
        case .fragment(let node): node.range
        }
    }
}

extension DurationExpression {
    /// Where it stands in the query. A sign is taken to stand right before what it applies to, and
    /// parentheses do not count, as in Prometheus.
    public var sourceRange: SourceRange {
        switch self {
        case .number(let literal): return literal.range
        case .step(let range), .range(let range): return range
        case .paren(let inner): return inner.sourceRange
        case .unary(_, let operand):
            let range = operand.sourceRange
            return SourceRange(start: max(0, range.start - 1), end: range.end)
        case .binary(_, let lhs, let rhs), .minOf(let lhs, let rhs), .maxOf(let lhs, let rhs):
            return SourceRange(start: lhs.sourceRange.start, end: rhs.sourceRange.end)
        }
    }
}
