extension Expression {
    /// The text over several lines, where the canonical text of a part is longer than 100 bytes; as
    /// Prometheus `promql/parser/prettier.go`, which `format_query` shows.
    public var prettyPrinted: String {
        var printer = PrettyPrinter()
        printer.print(self)
        return printer.text
    }
}

struct PrettyPrinter {
    private static let longestLine = 100

    /// What is still to be written; kept here rather than on the stack of the thread.
    private enum Piece {
        case text(String)
        /// An expression, indented unless something stands before it on its line.
        case expression(Expression, level: Int, indented: Bool)
    }

    private(set) var text = ""

    mutating func print(_ expression: Expression) {
        var pending = [Piece.expression(expression, level: 0, indented: true)]
        while let piece = pending.popLast() {
            switch piece {
            case .text(let piece): text += piece
            case .expression(let expression, let level, let indented):
                pending.append(
                    contentsOf: Self.pieces(expression, level, indented: indented).reversed())
            }
        }
    }

    private static func indentation(_ level: Int) -> String {
        String(repeating: "  ", count: level)
    }

    /// The canonical text, or nil when it is too long for a line.
    private static func line(_ expression: Expression) -> String? {
        var printer = Printer()
        printer.limit = longestLine
        printer.print(expression)
        return printer.text.utf8.count <= longestLine ? printer.text : nil
    }

    private static func pieces(
        _ expression: Expression, _ level: Int, indented: Bool
    ) -> [Piece] {
        let before = Piece.text(indented ? indentation(level) : "")
        let after = Piece.text("\n" + indentation(level) + ")")
        func inner(_ expression: Expression) -> Piece {
            .expression(expression, level: level + 1, indented: true)
        }
        if let line = line(expression) {
            // Subqueries that fit are not indented; Prometheus does not do it either.
            if case .subquery = expression { return [.text(line)] }
            return [before, .text(line)]
        }
        switch expression {
        case .number, .string, .vectorSelector, .matrixSelector:
            return [before, .text(expression.description)]
        case .paren(let node):
            return [before, .text("(\n"), inner(node.expression), after]
        case .unary(let node):
            return [
                before, .text(node.op.rawValue),
                .expression(Printer.operand(node), level: level, indented: false),
            ]
        case .binary(let node):
            let (lhs, rhs) = Printer.operands(node)
            let base = Printer.unsignedBase(node).map { base in
                Piece.text((indented ? indentation(level + 1) : "") + base)
            }
            return [
                base ?? .expression(lhs, level: level + 1, indented: indented),
                .text("\n" + indentation(level) + Printer.operation(node) + "\n"), inner(rhs),
            ]
        case .aggregation(let node):
            var pieces = [before, .text(Printer.operation(node) + "(\n")]
            if let parameter = node.parameter { pieces += [inner(parameter), .text(",\n")] }
            return pieces + [inner(node.expression), after]
        case .call(let node):
            var pieces = [before, .text(node.function.rawValue + "(\n")]
            for (index, argument) in node.arguments.enumerated() {
                if index > 0 { pieces.append(.text(",\n")) }
                pieces.append(inner(argument))
            }
            return pieces + [after]
        case .subquery(let node):
            return [
                .expression(Printer.operand(node), level: level, indented: indented),
                .text(Printer.suffix(node)),
            ]
        }
    }
}

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
            case .number, .string, .paren, .aggregation, .call: return false
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
