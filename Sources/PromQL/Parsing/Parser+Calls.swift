internal import GoText

/// The part of a call or an aggregation before its arguments.
struct CallHead {
    struct Grouping {
        var labels: [String]
        var isWithout: Bool
    }

    enum Callee {
        /// A function, by a name that may be unknown.
        case function(name: String, SourceRange)
        case aggregation(Aggregation.Operator, Grouping?)
    }

    var callee: Callee
    var start: Int

    var isAggregation: Bool {
        switch callee {
        case .function: false
        case .aggregation: true
        }
    }
}

extension Parser {
    /// A name with a parenthesis behind it is a function, without it a metric.
    mutating func callOrSelector() throws(ParseError) -> Operand? {
        let name = try take()
        guard try peek().kind == .leftParen else { return try checked(try selector(named: name)) }
        let callee = CallHead.Callee.function(name: lexer.text(name), name.range)
        return try opened(CallHead(callee: callee, start: name.range.start))
    }

    mutating func aggregationOrSelector(_ op: Aggregation.Operator) throws(ParseError) -> Operand? {
        let name = try take()
        let next = try peek()
        guard next.kind == .leftParen || next.isGroupingKeyword else {
            return try checked(try selector(named: name))
        }
        let grouping = try self.grouping()
        guard try peek().kind == .leftParen else { throw unexpected("aggregation", "") }
        return try opened(
            CallHead(callee: .aggregation(op, grouping), start: name.range.start))
    }

    /// Takes the opening parenthesis; returns the call when it closes at once.
    private mutating func opened(_ head: CallHead) throws(ParseError) -> Operand? {
        try take()
        try push(.call(head, arguments: []))
        guard try peek().kind == .rightParen else { return nil }
        frames.removeLast()
        try take()
        return try call(head, [])
    }

    /// `by (…)`, `without (…)` or nothing.
    private mutating func grouping() throws(ParseError) -> CallHead.Grouping? {
        guard try peek().isGroupingKeyword else { return nil }
        let isWithout = try take().kind == .keyword(.without)
        return CallHead.Grouping(labels: try labelList(), isWithout: isWithout)
    }

    /// A call whose closing parenthesis has been read.
    mutating func call(_ head: CallHead, _ arguments: [Operand]) throws(ParseError) -> Operand {
        switch head.callee {
        case .function(let name, let nameRange):
            let range = SourceRange(start: head.start, end: previousEnd)
            guard let function = Function(rawValue: name),
                function != .holtWinters || options.holtWinters
            else {
                throw error("unknown function with name \(GoQuoting.quote(name))", at: nameRange)
            }
            let signature = function.signature
            guard !signature.isExperimental || options.experimentalFunctions else {
                throw error("function \(GoQuoting.quote(name)) is not enabled", at: nameRange)
            }
            let call = Call(function, arguments.map(\.expression), range: range)
            return try node(
                .call(call), type: signature.result,
                fault: fault(function, signature, arguments, at: range), over: arguments)
        case .aggregation(let op, let before):
            let grouping = before == nil ? try self.grouping() : before
            return try aggregation(
                op, grouping, arguments, at: SourceRange(start: head.start, end: previousEnd))
        }
    }

    // MARK: - Functions

    private func fault(
        _ function: Function, _ signature: FunctionSignature, _ arguments: [Operand],
        at range: SourceRange
    ) -> ParseError? {
        if let fault = arity(function, signature, count: arguments.count, at: range) {
            return fault
        }
        for (index, argument) in arguments.enumerated() {
            if function == .info, index == 1 {
                if let fault = labelSelectors(argument) { return fault }
                continue
            }
            if let fault = argument.fault { return fault }
            let expected = signature.arguments[min(index, signature.arguments.count - 1)]
            if argument.type != expected {
                return error(
                    "expected type \(expected.rawValue) in call to function "
                        + "\(GoQuoting.quote(function.rawValue)), got \(argument.type.rawValue)",
                    at: argument.expression.sourceRange)
            }
        }
        return nil
    }

    private func arity(
        _ function: Function, _ signature: FunctionSignature, count: Int, at range: SourceRange
    ) -> ParseError? {
        let declared = signature.arguments.count
        let bound: String
        if signature.variadic == 0 {
            guard count != declared else { return nil }
            bound = "\(declared)"
        } else if count < declared - 1 {
            bound = "at least \(declared - 1)"
        } else if signature.variadic > 0, count > declared - 1 + signature.variadic {
            bound = "at most \(declared - 1 + signature.variadic)"
        } else {
            return nil
        }
        return error(
            "expected \(bound) argument(s) in call to \(GoQuoting.quote(function.rawValue)), "
                + "got \(count)", at: range)
    }

    /// The second argument of `info`: matchers in braces, which may also be such that accept
    /// everything.
    private func labelSelectors(_ argument: Operand) -> ParseError? {
        let range = argument.expression.sourceRange
        guard argument.type == .instantVector else {
            return argument.fault
                ?? error(
                    "expected type instant vector in call to function \"info\", "
                        + "got \(argument.type.rawValue)", at: range)
        }
        guard case .vectorSelector = argument.expression else {
            return error("expected label selectors only", at: range)
        }
        guard lexer.bytes[range.start] == UInt8(ascii: "{") else {
            return error(
                "expected label selectors only, got vector selector instead", at: range)
        }
        return nil
    }

    // MARK: - Aggregations

    private func aggregation(
        _ op: Aggregation.Operator, _ grouping: CallHead.Grouping?, _ arguments: [Operand],
        at range: SourceRange
    ) throws(ParseError) -> Operand {
        guard let last = arguments.last else {
            throw error("no arguments for aggregate expression provided", at: range)
        }
        if op.isExperimental, !options.experimentalFunctions {
            throw error(
                "\(op.rawValue)() is experimental and must be enabled with "
                    + "--enable-feature=promql-experimental-functions", at: range)
        }
        let wanted = op.parameterType == nil ? 1 : 2
        guard arguments.count == wanted else {
            throw error(
                "wrong number of arguments for aggregate expression provided, expected \(wanted), "
                    + "got \(arguments.count)", at: range)
        }
        let parameter = wanted == 2 ? arguments[0] : nil
        var fault = mismatch(last, .instantVector, "aggregation expression")
        if fault == nil, let parameter, let type = op.parameterType {
            fault = mismatch(parameter, type, "aggregation parameter")
        }
        let aggregation = Aggregation(
            op, last.expression, parameter: parameter?.expression,
            grouping: grouping?.labels ?? [], isWithout: grouping?.isWithout ?? false, range: range)
        return try node(
            .aggregation(aggregation), type: .instantVector, fault: fault, over: arguments)
    }

    private func mismatch(
        _ operand: Operand, _ expected: ValueType, _ context: String
    ) -> ParseError? {
        if let fault = operand.fault { return fault }
        guard operand.type != expected else { return nil }
        return error(
            "expected type \(expected.rawValue) in \(context), got \(operand.type.rawValue)",
            at: operand.expression.sourceRange)
    }
}
