extension Printer {
    /// The operands of a binary operator, in parentheses where their text would else group
    /// otherwise. Operands that were parsed never need them; those that a program has put together
    /// may.
    static func operands(_ binary: Binary) -> (lhs: Expression, rhs: Expression) {
        let lhsIsSafe =
            switch binary.lhs {
            case .binary(let inner): inner.op.groupsBefore(binary.op)
            case .unary: binary.op != .power
            case .number(let literal): binary.op != .power || literal.value.sign == .plus
            default: true
            }
        let rhsIsSafe =
            switch binary.rhs {
            case .binary(let inner): !binary.op.groupsBefore(inner.op)
            default: true
            }
        let isSafe = lhsIsSafe && !(binary.op.isArithmetic && endsInOpenOffset(binary.lhs))
        return (
            isSafe ? binary.lhs : .paren(Paren(binary.lhs)),
            rhsIsSafe ? binary.rhs : .paren(Paren(binary.rhs))
        )
    }

    /// The operand of a sign, in parentheses where needed.
    static func operand(_ unary: Unary) -> Expression {
        guard case .binary(let inner) = unary.operand, inner.op != .power else {
            return unary.operand
        }
        return .paren(Paren(unary.operand))
    }

    /// What a subquery is of, in parentheses where needed.
    static func operand(_ subquery: Subquery) -> Expression {
        switch subquery.expression {
        case .binary, .unary: .paren(Paren(subquery.expression))
        default: subquery.expression
        }
    }

    /// The base of a power if it is infinite: the sign of `+Inf` would apply to the whole power.
    static func unsignedBase(_ binary: Binary) -> String? {
        guard binary.op == .power, case .number(let literal) = binary.lhs,
            literal.value == .infinity
        else { return nil }
        return "Inf"
    }

    /// Whether the text ends in an offset that an operator behind it would continue.
    private static func endsInOpenOffset(_ expression: Expression) -> Bool {
        var last = expression
        while true {
            switch last {
            case .binary(let node): last = node.rhs
            case .unary(let node): last = node.operand
            case .vectorSelector(let node): return isOpen(node.offset)
            case .matrixSelector(let node): return isOpen(node.selector.offset)
            case .subquery(let node): return isOpen(node.offset)
            case .number, .string, .paren, .aggregation, .call, .fragment: return false
            }
        }
    }

    /// A number or a call, with or without a sign, and parentheses with a sign end an offset;
    /// everything else goes on.
    private static func isOpen(_ offset: DurationValue?) -> Bool {
        guard case .expression(let expression)? = offset else { return false }
        switch expression {
        case .number, .step, .range, .minOf, .maxOf: return false
        case .binary, .paren: return true
        case .unary(_, let operand):
            switch operand {
            case .number, .step, .range, .minOf, .maxOf, .paren: return false
            case .binary, .unary: return true
            }
        }
    }
}

extension Binary.Operator {
    /// The operators of durations too.
    var isArithmetic: Bool {
        switch self {
        case .add, .subtract, .multiply, .divide, .modulo, .power: true
        case .atan2, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or,
            .unless, .trimUpper, .trimLower:
            false
        }
    }
}
