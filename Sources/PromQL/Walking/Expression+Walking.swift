// Every walk keeps its own stack: trees may be as high as `ParserOptions.maximumDepth` allows, and
// the stack of the thread need not be.
extension Expression {
    /// The expressions directly inside, in textual order. The selector of a matrix selector is one.
    public var children: [Expression] {
        switch self {
        case .number, .string, .vectorSelector: []
        case .paren(let node): [node.expression]
        case .unary(let node): [node.operand]
        case .binary(let node): [node.lhs, node.rhs]
        case .aggregation(let node): (node.parameter.map { [$0] } ?? []) + [node.expression]
        case .call(let node): node.arguments
        case .matrixSelector(let node): [.vectorSelector(node.selector)]
        case .subquery(let node): [node.expression]
        }
    }

    /// The node with other children, as many as it has. A matrix selector keeps its selector when
    /// it is given something else.
    public func replacingChildren(_ children: [Expression]) -> Expression {
        switch self {
        case .number, .string, .vectorSelector: return self
        case .paren(var node):
            node.expression = children[0]
            return .paren(node)
        case .unary(var node):
            node.operand = children[0]
            return .unary(node)
        case .binary(var node):
            node.lhs = children[0]
            node.rhs = children[1]
            return .binary(node)
        case .aggregation(var node):
            if node.parameter != nil { node.parameter = children[0] }
            node.expression = children[children.count - 1]
            return .aggregation(node)
        case .call(var node):
            node.arguments = children
            return .call(node)
        case .matrixSelector(var node):
            if case .vectorSelector(let selector) = children[0] { node.selector = selector }
            return .matrixSelector(node)
        case .subquery(var node):
            node.expression = children[0]
            return .subquery(node)
        }
    }

    /// Visits every node, outer ones before inner ones, in textual order.
    public func forEach<Failure: Error>(
        _ visit: (Expression) throws(Failure) -> Void
    ) throws(Failure) {
        var pending = [self]
        while let expression = pending.popLast() {
            try visit(expression)
            pending.append(contentsOf: expression.children.reversed())
        }
    }

    /// The tree with `change` applied to every node, inner ones before outer ones. The selector
    /// inside a matrix selector is visited too; what makes it another kind of node is ignored.
    public func transformed<Failure: Error>(
        _ change: (Expression) throws(Failure) -> Expression
    ) throws(Failure) -> Expression {
        var steps = [TransformationStep.enter(self)]
        var results: [Expression] = []
        while let step = steps.popLast() {
            switch step {
            case .enter(let expression):
                let children = expression.children
                steps.append(.leave(expression, children: children.count))
                for child in children.reversed() { steps.append(.enter(child)) }
            case .leave(let expression, let count):
                let children = Array(results.suffix(count))
                results.removeLast(count)
                results.append(try change(expression.replacingChildren(children)))
            }
        }
        return results[0]
    }

    /// The tree with `change` applied to every selector, those of matrix selectors included.
    public func mapSelectors<Failure: Error>(
        _ change: (VectorSelector) throws(Failure) -> VectorSelector
    ) throws(Failure) -> Expression {
        try transformed { (node) throws(Failure) -> Expression in
            guard case .vectorSelector(let selector) = node else { return node }
            return .vectorSelector(try change(selector))
        }
    }
}

/// A node on its way through `transformed`: first to be opened, then to be built anew.
private enum TransformationStep {
    case enter(Expression)
    case leave(Expression, children: Int)
}

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

    /// Its place in the query, as Prometheus's `PositionRange`.
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
        }
    }
}

extension DurationExpression {
    /// Its place in the query. A sign is taken to stand right before what it applies to, and
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
