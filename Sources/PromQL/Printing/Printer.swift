internal import GoText

extension Expression: CustomStringConvertible {
    /// The canonical text. Parsing it gives an equal tree, but for the order of matchers, which are
    /// printed sorted, and for parentheses that the grouping of a made tree demands.
    /// Fragments print as `<fragment N>`.
    public var description: String {
        var printer = Printer()
        printer.print(self)
        return printer.text
    }
}

/// Writes expressions in canonical form, as Prometheus `promql/parser/printer.go`.
struct Printer {
    /// What is still to be written. The printer keeps this stack itself: trees may be higher than
    /// the stack of a thread is deep.
    private enum Piece {
        case text(String)
        case expression(Expression)
    }

    private(set) var text = ""

    /// Stops once there is more text than this, in bytes.
    var limit = Int.max

    mutating func print(_ expression: Expression) {
        var pending = [Piece.expression(expression)]
        while text.utf8.count <= limit, let piece = pending.popLast() {
            switch piece {
            case .text(let piece): text += piece
            case .expression(let expression):
                pending.append(contentsOf: Self.pieces(expression).reversed())
            }
        }
    }

    private static func pieces(_ expression: Expression) -> [Piece] {
        switch expression {
        case .number(let node): return [.text(number(node))]
        case .string(let node):
            let quoted = node.malformedBytes.map {
                GoQuoting.quote(bytes: $0, escapesReplacement: true)
            }
            return [.text(quoted ?? GoQuoting.quote(node.value, escapesReplacement: true))]
        case .paren(let node): return [.text("("), .expression(node.expression), .text(")")]
        case .unary(let node): return [.text(node.op.rawValue), .expression(operand(node))]
        case .binary(let node):
            let (lhs, rhs) = operands(node)
            let base = unsignedBase(node).map(Piece.text) ?? .expression(lhs)
            return [base, .text(" \(operation(node)) "), .expression(rhs)]
        case .aggregation(let node):
            let head = Piece.text(operation(node) + "(")
            let parameter: [Piece] = node.parameter.map { [.expression($0), .text(", ")] } ?? []
            return [head] + parameter + [.expression(node.expression), .text(")")]
        case .call(let node):
            var pieces = [Piece.text(node.function.rawValue + "(")]
            for (index, argument) in node.arguments.enumerated() {
                if index > 0 { pieces.append(.text(", ")) }
                pieces.append(.expression(argument))
            }
            return pieces + [.text(")")]
        case .vectorSelector(let node):
            return [.text(selector(node) + at(node.at) + extended(node) + offset(node.offset))]
        case .matrixSelector(let node):
            let inner = node.selector
            return [
                .text(
                    selector(inner) + "[" + duration(node.window) + "]" + extended(inner)
                        + at(inner.at) + offset(inner.offset))
            ]
        case .subquery(let node): return [.expression(operand(node)), .text(suffix(node))]
        case .fragment(let node): return [.text("<fragment \(node.id)>")]
        }
    }
}
