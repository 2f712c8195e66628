/// What may stand between a binary operator and its right operand.
struct BinaryModifiers {
    private var returnsBool = false
    private var matching = VectorMatching()
    private var hasMatching = false
    private var hasFill = false
    private var boolToken: Token?

    mutating func parse(_ parser: inout Parser, _ op: Binary.Operator) throws(ParseError) {
        if parser.token.kind == .keyword(.bool) {
            boolToken = parser.token
            returnsBool = true
            try parser.advance()
        }
        switch parser.token.kind {
        case .keyword(.on), .keyword(.ignoring):
            hasMatching = true
            matching.isOn = parser.token.kind == .keyword(.on)
            try parser.advance()
            matching.labels = try parser.labelList()
            switch parser.token.kind {
            case .keyword(.groupLeft), .keyword(.groupRight):
                matching.cardinality =
                    parser.token.kind == .keyword(.groupLeft) ? .manyToOne : .oneToMany
                try parser.advance()
                if parser.token.kind == .leftParen { matching.include = try parser.labelList() }
            default: break
            }
        default: break
        }
        while case .keyword(let word) = parser.token.kind,
            word == .fill || word == .fillLeft || word == .fillRight
        {
            guard parser.options.binopFillModifiers else {
                throw parser.error(
                    "binop fill modifiers are experimental and not enabled", parser.token)
            }
            hasFill = true
            try parser.advance()
            try parser.expect(.leftParen, "fill modifier", "\"(\"")
            let value = try signedNumber(&parser)
            try parser.expect(.rightParen, "fill modifier", "\")\"")
            if word != .fillRight { matching.fillLeft = value }
            if word != .fillLeft { matching.fillRight = value }
        }
    }

    private func signedNumber(_ parser: inout Parser) throws(ParseError) -> Double {
        var sign = 1.0
        if parser.token.kind == .op(.subtract) {
            sign = -1
            try parser.advance()
        } else if parser.token.kind == .op(.add) {
            try parser.advance()
        }
        guard parser.token.kind == .number || parser.token.kind == .duration else {
            throw parser.unexpected("fill modifier", "number")
        }
        let literal = try parser.number(parser.token)
        try parser.advance()
        return sign * literal.value
    }

    func build(
        _ op: Binary.Operator, _ lhs: Expression, _ rhs: Expression, at token: Token,
        in parser: Parser
    ) throws(ParseError) -> Expression {
        let range = SourceRange(start: lhs.sourceRange.start, end: rhs.sourceRange.end)
        if returnsBool, !op.isComparison {
            throw parser.error(
                "bool modifier can only be used on comparison operators", boolToken ?? token)
        }
        var binary = Binary(op, lhs, rhs, returnsBool: returnsBool, range: range)
        let isBothVectors =
            lhs.valueType == .instantVector && rhs.valueType == .instantVector
        if isBothVectors {
            var matching = matching
            if op.isSetOperator {
                if matching.cardinality != .oneToOne {
                    throw parser.error(
                        "no grouping allowed for \(GoQuoting.quote(op.rawValue)) operation", token)
                }
                if hasFill {
                    throw parser.error(
                        "filling in missing series not allowed for set operators", token)
                }
                matching.cardinality = .manyToMany
            }
            if matching.isOn, let twice = matching.labels.first(where: matching.include.contains) {
                throw parser.error(
                    "label \(GoQuoting.quote(twice)) must not occur in ON and GROUP clause at once",
                    token)
            }
            binary.matching = matching
        } else if !matching.labels.isEmpty || (hasMatching && matching.isOn) {
            throw parser.error(
                "vector matching only allowed between instant vectors", token)
        } else if hasFill {
            throw parser.error(
                "filling in missing series only allowed between instant vectors", token)
        }
        return .binary(binary)
    }
}

extension Binary.Operator {
    public var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
        default: false
        }
    }
    public var isSetOperator: Bool { self == .and || self == .or || self == .unless }
}
