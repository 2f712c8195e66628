import PromQL

extension Expression {
    /// The same expression with `@ time` (ms) on every selector and subquery that has none, those
    /// inside a subquery left alone; nil when a function in it depends on the query's time.
    func fixed(at time: Int64) -> Expression? {
        switch self {
        case .number, .string, .fragment: return self
        case .paren(var node):
            guard let inner = node.expression.fixed(at: time) else { return nil }
            node.expression = inner
            return .paren(node)
        case .unary(var node):
            guard let operand = node.operand.fixed(at: time) else { return nil }
            node.operand = operand
            return .unary(node)
        case .binary(var node):
            guard let lhs = node.lhs.fixed(at: time), let rhs = node.rhs.fixed(at: time) else {
                return nil
            }
            node.lhs = lhs
            node.rhs = rhs
            return .binary(node)
        case .aggregation(var node):
            guard let inner = node.expression.fixed(at: time) else { return nil }
            node.expression = inner
            if let parameter = node.parameter {
                guard let fixed = parameter.fixed(at: time) else { return nil }
                node.parameter = fixed
            }
            return .aggregation(node)
        case .call(var node):
            guard !node.function.dependsOnQueryTime else { return nil }
            var arguments: [Expression] = []
            for argument in node.arguments {
                guard let fixed = argument.fixed(at: time) else { return nil }
                arguments.append(fixed)
            }
            node.arguments = arguments
            return .call(node)
        case .vectorSelector(var node):
            node.at = node.at.fixed(at: time)
            return .vectorSelector(node)
        case .matrixSelector(var node):
            node.selector.at = node.selector.at.fixed(at: time)
            return .matrixSelector(node)
        case .subquery(var node):
            guard !node.expression.dependsOnQueryTime else { return nil }
            node.at = node.at.fixed(at: time)
            return .subquery(node)
        }
    }

    /// Whether any function in the expression depends on the query's time.
    private var dependsOnQueryTime: Bool { fixed(at: 0) == nil }
}

extension AtModifier? {
    fileprivate func fixed(at time: Int64) -> AtModifier {
        switch self {
        case .timestamp(let own): .timestamp(own)
        // In an instant query both are its time.
        case .start, .end, nil: .timestamp(time)
        }
    }
}

extension Function {
    fileprivate var dependsOnQueryTime: Bool {
        switch self {
        case .daysInMonth, .dayOfMonth, .dayOfWeek, .dayOfYear, .hour, .minute, .month, .year,
            .predictLinear, .time, .timestamp, .start, .end, .range, .step, .startTimestamp:
            true
        default: false
        }
    }
}
