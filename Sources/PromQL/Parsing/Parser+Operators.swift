internal import GoText

/// An operator with its modifiers, before its right side is known.
struct BinaryHead {
    var op: Binary.Operator
    var range: SourceRange
    var returnsBool = false
    var matching = VectorMatching()
}

extension Parser {
    // MARK: - Signs

    func signed(
        _ op: Unary.Operator, start: Int, _ operand: Operand
    ) throws(ParseError) -> Operand {
        let range = SourceRange(start: start, end: operand.expression.sourceRange.end)
        if case .number(var literal) = operand.expression {
            // A NaN keeps its bits, as it does in Go.
            if op == .minus, !literal.value.isNaN { literal.value = -literal.value }
            literal.range = range
            return Operand(expression: .number(literal), type: .scalar)
        }
        var fault = operand.fault
        if fault == nil, operand.type != .scalar, operand.type != .instantVector {
            fault = error(
                "unary expression only allowed on expressions of type scalar or instant vector, "
                    + "got \(GoQuoting.quote(operand.type.rawValue))", at: range)
        }
        return try node(
            .unary(Unary(op, operand.expression, range: range)), type: operand.type, fault: fault,
            over: [operand])
    }

    // MARK: - Binary operators

    /// Reads an operator with `bool`, `on`, `ignoring`, `group_left`, `group_right`, `fill`.
    mutating func binaryHead(_ op: Binary.Operator) throws(ParseError) -> BinaryHead {
        var head = BinaryHead(op: op, range: try take().range)
        head.returnsBool = try accept(.keyword(.bool))
        let matching = try peek().kind
        if matching == .keyword(.on) || matching == .keyword(.ignoring) {
            try take()
            head.matching.isOn = matching == .keyword(.on)
            head.matching.labels = try labelList()
            let grouping = try peek().kind
            if grouping == .keyword(.groupLeft) || grouping == .keyword(.groupRight) {
                try take()
                head.matching.cardinality =
                    grouping == .keyword(.groupLeft) ? .manyToOne : .oneToMany
                if try peek().kind == .leftParen { head.matching.include = try labelList() }
            }
        }
        if try accept(.keyword(.fill)) {
            let value = try fillValue()
            head.matching.fillLeft = value
            head.matching.fillRight = value
        } else if try accept(.keyword(.fillLeft)) {
            head.matching.fillLeft = try fillValue()
            if try accept(.keyword(.fillRight)) { head.matching.fillRight = try fillValue() }
        } else if try accept(.keyword(.fillRight)) {
            head.matching.fillRight = try fillValue()
            if try accept(.keyword(.fillLeft)) { head.matching.fillLeft = try fillValue() }
        }
        return head
    }

    /// `(number)`
    private mutating func fillValue() throws(ParseError) -> Double {
        guard try accept(.leftParen) else { throw unexpected() }
        let value = try signedNumber { parser in parser.unexpected() }
        guard try accept(.rightParen) else { throw unexpected() }
        return value
    }

    /// A number with or without sign; `refusal` says what is wrong when there is none.
    mutating func signedNumber(
        _ refusal: (inout Parser) -> ParseError
    ) throws(ParseError) -> Double {
        var isNegative = false
        switch try peek().kind {
        case .binary(.add): try take()
        case .binary(.subtract):
            try take()
            isNegative = true
        default: break
        }
        switch try peek().kind {
        case .number, .duration:
            let value = try numberLiteral().value
            return isNegative && !value.isNaN ? -value : value
        default: throw refusal(&self)
        }
    }

    func binary(
        _ head: BinaryHead, _ lhs: Operand, _ rhs: Operand
    ) throws(ParseError) -> Operand {
        let range = SourceRange(
            start: lhs.expression.sourceRange.start, end: rhs.expression.sourceRange.end)
        let hasFill = head.matching.fillLeft != nil || head.matching.fillRight != nil
        if hasFill, !options.binopFillModifiers {
            throw error("binop fill modifiers are experimental and not enabled", at: range)
        }
        var binary = Binary(
            head.op, lhs.expression, rhs.expression, returnsBool: head.returnsBool, range: range)
        if lhs.type == .instantVector, rhs.type == .instantVector {
            var matching = head.matching
            if head.op.isSetOperator { matching.cardinality = .manyToMany }
            binary.matching = matching
        }
        let isScalar = lhs.type == .scalar && rhs.type == .scalar
        return try node(
            .binary(binary), type: isScalar ? .scalar : .instantVector,
            fault: lhs.fault ?? rhs.fault ?? fault(head, lhs, rhs, at: range), over: [lhs, rhs])
    }

    /// The first fault in the order of Prometheus's `checkAST`.
    private func fault(
        _ head: BinaryHead, _ lhs: Operand, _ rhs: Operand, at range: SourceRange
    ) -> ParseError? {
        let types = [lhs.type, rhs.type]
        let op = head.op
        if head.returnsBool, !op.isComparison {
            return error("bool modifier can only be used on comparison operators", at: head.range)
        }
        if op.isComparison, !head.returnsBool, types == [.scalar, .scalar] {
            return error("comparisons between scalars must use BOOL modifier", at: head.range)
        }
        if head.matching.isOn,
            let label = head.matching.labels.first(where: head.matching.include.contains)
        {
            return error(
                "label \(GoQuoting.quote(label)) must not occur in ON and GROUP clause at once",
                at: head.range)
        }
        for operand in [lhs, rhs] where operand.type != .scalar && operand.type != .instantVector {
            return error(
                "binary expression must contain only scalar and instant vector types",
                at: operand.expression.sourceRange)
        }
        let hasFill = head.matching.fillLeft != nil || head.matching.fillRight != nil
        if types != [.instantVector, .instantVector] {
            if !head.matching.labels.isEmpty {
                return error("vector matching only allowed between instant vectors", at: range)
            }
            if hasFill {
                return error(
                    "filling in missing series only allowed between instant vectors", at: range)
            }
            if op.isSetOperator {
                return error(
                    "set operator \(GoQuoting.quote(op.rawValue)) not allowed in binary scalar "
                        + "expression", at: range)
            }
        } else if op.isSetOperator {
            if head.matching.cardinality != .oneToOne {
                return error(
                    "no grouping allowed for \(GoQuoting.quote(op.rawValue)) operation", at: range)
            }
            if hasFill {
                return error(
                    "filling in missing series not allowed for set operators", at: range)
            }
        }
        return nil
    }

    // MARK: - Lists of labels

    /// `(a, "b c", …)`, a comma at the end allowed.
    mutating func labelList() throws(ParseError) -> [String] {
        let context = "grouping opts"
        guard try accept(.leftParen) else { throw unexpected(context, "\"(\"") }
        var labels: [String] = []
        while try !accept(.rightParen) {
            let token = try peek()
            if token.kind == .string {
                try take()
                let label = stringValue(token)
                guard !label.isEmpty else {
                    throw error(
                        "invalid label name for grouping: \(GoQuoting.quote(label))",
                        at: token.range)
                }
                labels.append(label)
            } else {
                guard token.canBeLabelName else { throw unexpected(context, "label") }
                try take()
                labels.append(lexer.text(token))
            }
            if try accept(.comma) { continue }
            guard try peek().kind == .rightParen else {
                throw unexpected(context, "\",\" or \")\"")
            }
        }
        return labels
    }
}
