import RegularExpressions

/// The rules a query must satisfy beyond its grammar, as Prometheus 3.x `parser.checkAST`.
struct TypeCheck {
    let options: ParserOptions
    let query: Lexer

    func check(_ expression: Expression) throws(ParseError) {
        for (index, child) in expression.children.enumerated() {
            // The selector of `info` chooses labels, not series: it may accept anything.
            if case .call(let call) = expression, call.function == .info, index == 1 { continue }
            try check(child)
        }
        switch expression {
        case .number, .string, .paren, .fragment: return
        case .vectorSelector(let selector): try check(selector)
        case .matrixSelector: return
        case .unary(let unary):
            let type = unary.operand.valueType
            guard type == .scalar || type == .instantVector else {
                throw error(
                    "unary expression only allowed on expressions of type scalar or instant "
                        + "vector, got \"\(type.rawValue)\"", expression)
            }
        case .subquery(let subquery):
            let type = subquery.expression.valueType
            guard type == .instantVector else {
                let name = type == .rangeVector ? "matrix" : type.rawValue
                throw error(
                    "subquery is only allowed on instant vector, got \(name) instead", expression)
            }
        case .aggregation(let aggregation): try check(aggregation)
        case .binary(let binary): try check(binary, expression)
        case .call(let call): try check(call)
        }
    }

    private func check(_ selector: VectorSelector) throws(ParseError) {
        if let name = selector.name,
            let second = selector.matchers.dropFirst().first(where: { $0.name == "__name__" })
        {
            throw error(
                "metric name must not be set twice: \(GoQuoting.quote(name)) or "
                    + GoQuoting.quote(second.value), .vectorSelector(selector))
        }
        guard selector.matchers.contains(where: { !Self.acceptsEmpty($0) }) else {
            throw error(
                "vector selector must contain at least one non-empty matcher",
                .vectorSelector(selector))
        }
    }

    static func acceptsEmpty(_ matcher: LabelMatcher) -> Bool {
        switch matcher.op {
        case .equal: matcher.value.isEmpty
        case .notEqual: !matcher.value.isEmpty
        case .regexMatch: (try? RegularExpression(matcher.value))?.matches("") ?? false
        case .regexNoMatch: !((try? RegularExpression(matcher.value))?.matches("") ?? true)
        }
    }

    private func check(_ aggregation: Aggregation) throws(ParseError) {
        for label in aggregation.grouping where label.isEmpty {
            throw error(
                "invalid label name for grouping: \(GoQuoting.quote(label))",
                .aggregation(aggregation))
        }
        try expect(.instantVector, aggregation.expression, "aggregation expression")
        guard let parameter = aggregation.parameter else { return }
        try expect(
            aggregation.op == .countValues ? .string : .scalar, parameter, "aggregation parameter")
    }

    private func check(_ binary: Binary, _ expression: Expression) throws(ParseError) {
        let types = (binary.lhs.valueType, binary.rhs.valueType)
        for (type, side) in [(types.0, binary.lhs), (types.1, binary.rhs)]
        where type != .scalar && type != .instantVector {
            throw error(
                "binary expression must contain only scalar and instant vector types", side)
        }
        if types == (.scalar, .scalar) {
            if binary.op.isComparison, !binary.returnsBool {
                throw error("comparisons between scalars must use BOOL modifier", expression)
            }
        }
        if types.0 == .scalar || types.1 == .scalar, binary.op.isSetOperator {
            throw error(
                "set operator \(GoQuoting.quote(binary.op.rawValue)) not allowed in binary scalar "
                    + "expression", expression)
        }
    }

    private func check(_ call: Call) throws(ParseError) {
        let signature = call.function.signature
        let name = call.function.rawValue
        let quoted = GoQuoting.quote(name)
        if signature.isExperimental, !options.experimentalFunctions {
            throw error("function \(quoted) is not enabled", .call(call))
        }
        let given = call.arguments.count
        let listed = signature.arguments.count
        if signature.variadic == 0 {
            guard given == listed else {
                throw error(
                    "expected \(listed) argument(s) in call to \(quoted), got \(given)",
                    .call(call))
            }
        } else {
            let least = listed - 1
            guard given >= least else {
                throw error(
                    "expected at least \(least) argument(s) in call to \(quoted), got \(given)",
                    .call(call))
            }
            let most = least + signature.variadic
            guard signature.variadic < 0 || given <= most else {
                throw error(
                    "expected at most \(most) argument(s) in call to \(quoted), got \(given)",
                    .call(call))
            }
        }
        for (index, argument) in call.arguments.enumerated() {
            let type = signature.arguments[min(index, listed - 1)]
            if call.function == .info, index == 1 {
                guard case .vectorSelector(let selector) = argument, selector.name == nil else {
                    throw error(
                        "expected label selectors only, got vector selector instead", argument)
                }
            }
            try expect(type, argument, "call to function \(quoted)")
        }
    }

    private func expect(_ type: ValueType, _ expression: Expression, _ context: String)
        throws(ParseError)
    {
        guard expression.valueType == type else {
            throw error(
                "expected type \(type.rawValue) in \(context), "
                    + "got \(expression.valueType.rawValue)", expression)
        }
    }

    private func error(_ text: String, _ expression: Expression) -> ParseError {
        query.error(text, at: expression.sourceRange.start)
    }
}
