extension Expression {
    /// The type of the value; for ill-typed trees, of the value it would have.
    public var valueType: ValueType {
        switch self {
        case .number: .scalar
        case .string: .string
        case .paren(let paren): paren.expression.valueType
        case .unary(let unary): unary.operand.valueType
        case .binary(let binary):
            binary.lhs.valueType == .scalar && binary.rhs.valueType == .scalar
                ? .scalar : .instantVector
        case .aggregation, .vectorSelector: .instantVector
        case .call(let call): call.function.signature.result
        case .matrixSelector, .subquery: .rangeVector
        case .fragment(let reference): reference.type
        }
    }

    /// Where it stands in the query.
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

    /// The expressions directly inside, in textual order.
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

    /// The tree with `change` applied to every node, children first. The selector inside a matrix
    /// selector is visited too; a change that makes it another kind of node is ignored there.
    public func transformed<Failure: Error>(
        _ change: (Expression) throws(Failure) -> Expression
    ) throws(Failure) -> Expression {
        switch self {
        case .number, .string, .vectorSelector, .fragment: return try change(self)
        case .paren(var node):
            node.expression = try node.expression.transformed(change)
            return try change(.paren(node))
        case .unary(var node):
            node.operand = try node.operand.transformed(change)
            return try change(.unary(node))
        case .binary(var node):
            node.lhs = try node.lhs.transformed(change)
            node.rhs = try node.rhs.transformed(change)
            return try change(.binary(node))
        case .aggregation(var node):
            if let parameter = node.parameter {
                node.parameter = try parameter.transformed(change)
            }
            node.expression = try node.expression.transformed(change)
            return try change(.aggregation(node))
        case .call(var node):
            for index in node.arguments.indices {
                node.arguments[index] = try node.arguments[index].transformed(change)
            }
            return try change(.call(node))
        case .matrixSelector(var node):
            if case .vectorSelector(let selector) = try change(.vectorSelector(node.selector)) {
                node.selector = selector
            }
            return try change(.matrixSelector(node))
        case .subquery(var node):
            node.expression = try node.expression.transformed(change)
            return try change(.subquery(node))
        }
    }
}
