// Every walk keeps its own stack: trees may be as high as `ParserOptions.maximumDepth` allows, and
// the stack of the thread need not be.
extension Expression {
    /// The expressions directly inside, in textual order. The selector of a matrix selector is one.
    public var children: [Expression] {
        switch self {
        case .number, .string, .vectorSelector, .fragment: []
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
        case .number, .string, .vectorSelector, .fragment: return self
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
