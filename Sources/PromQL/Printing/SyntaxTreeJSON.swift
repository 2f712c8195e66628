internal import GoText

extension Expression {
    /// The syntax tree as JSON, with the keys of every object in alphabetical order; as Prometheus
    /// `web/api/v1/translate_ast.go`, which `parse_query` shows.
    public var syntaxTreeJSON: [UInt8] {
        var writer = SyntaxTreeWriter()
        writer.write(self)
        return writer.bytes
    }
}

struct SyntaxTreeWriter {
    /// What is still to be written; kept here rather than on the stack of the thread.
    private enum Piece {
        case text(String)
        case expression(Expression)
        case expressions([Expression])
    }

    private(set) var bytes: [UInt8] = []

    mutating func write(_ expression: Expression) {
        var pending = [Piece.expression(expression)]
        while let piece = pending.popLast() {
            switch piece {
            case .text(let text): bytes.append(contentsOf: text.utf8)
            case .expression(let expression):
                pending.append(contentsOf: Self.pieces(expression).reversed())
            case .expressions(let expressions):
                var pieces = [Piece.text("[")]
                for (index, expression) in expressions.enumerated() {
                    if index > 0 { pieces.append(.text(",")) }
                    pieces.append(.expression(expression))
                }
                pieces.append(.text("]"))
                pending.append(contentsOf: pieces.reversed())
            }
        }
    }

    private static func pieces(_ expression: Expression) -> [Piece] {
        switch expression {
        case .number(let node):
            return [.text("{\"type\":\"numberLiteral\",\"val\":\"\(GoFloat.plain(node.value))\"}")]
        case .string(let node):
            return [.text("{\"type\":\"stringLiteral\",\"val\":\(quoted(node.value))}")]
        case .paren(let node):
            return [
                .text("{\"expr\":"), .expression(node.expression),
                .text(",\"type\":\"parenExpr\"}"),
            ]
        case .unary(let node):
            return [
                .text("{\"expr\":"), .expression(node.operand),
                .text(",\"op\":\"\(node.op.rawValue)\",\"type\":\"unaryExpr\"}"),
            ]
        case .binary(let node):
            return [
                .text("{\"bool\":\(node.returnsBool),\"lhs\":"), .expression(node.lhs),
                .text(
                    ",\"matching\":\(node.matching.map(matching) ?? "null"),"
                        + "\"op\":\(quoted(node.op.rawValue)),\"rhs\":"),
                .expression(node.rhs), .text(",\"type\":\"binaryExpr\"}"),
            ]
        case .aggregation(let node):
            return [
                .text("{\"expr\":"), .expression(node.expression),
                .text(
                    ",\"grouping\":\(strings(node.grouping)),\"op\":\"\(node.op.rawValue)\","
                        + "\"param\":"),
                node.parameter.map(Piece.expression) ?? .text("null"),
                .text(",\"type\":\"aggregation\",\"without\":\(node.isWithout)}"),
            ]
        case .call(let node):
            return [
                .text("{\"args\":"), .expressions(node.arguments),
                .text(",\"func\":\(function(node.function)),\"type\":\"call\"}"),
            ]
        case .vectorSelector(let node):
            return [.text(selector(node, window: nil))]
        case .matrixSelector(let node):
            return [.text(selector(node.selector, window: node.window))]
        case .subquery(let node):
            return [
                .text("{\"expr\":"), .expression(node.expression),
                .text(
                    "," + duration("offset", node.offset) + ","
                        + duration("range", node.window) + "," + startOrEnd(node.at) + ","
                        + duration("step", node.step) + "," + timestamp(node.at)
                        + ",\"type\":\"subquery\"}"),
            ]
        }
    }

    // MARK: - Parts

    private static func matching(_ matching: VectorMatching) -> String {
        func value(_ fill: Double?) -> String {
            guard let fill, fill.isFinite else { return "null" }
            return GoFloat.plain(fill)
        }
        return "{\"card\":\"\(matching.cardinality.rawValue)\",\"fillValues\":{"
            + "\"lhs\":\(value(matching.fillLeft)),\"rhs\":\(value(matching.fillRight))},"
            + "\"include\":\(strings(matching.include)),\"labels\":\(strings(matching.labels)),"
            + "\"on\":\(matching.isOn)}"
    }

    private static func function(_ function: Function) -> String {
        let signature = function.signature
        return "{\"argTypes\":\(strings(signature.arguments.map(\.internalName))),"
            + "\"name\":\"\(function.rawValue)\","
            + "\"returnType\":\"\(signature.result.internalName)\","
            + "\"variadic\":\(signature.variadic)}"
    }

    private static func selector(_ selector: VectorSelector, window: DurationValue?) -> String {
        var matchers = selector.matchers
        // Prometheus adds the matcher of a name before the braces behind all others, and does not
        // count a name inside them as a name.
        let isBare = selector.name.map(Vocabulary.isBareMetricName) ?? false
        if isBare, let first = matchers.first, first.isOfName {
            matchers.append(matchers.removeFirst())
        }
        let list = matchers.map { matcher in
            "{\"name\":\(quoted(matcher.name)),\"type\":\"\(matcher.op.rawValue)\","
                + "\"value\":\(quoted(matcher.value))}"
        }
        let name = isBare ? selector.name ?? "" : ""
        let range = window.map { duration("range", $0) + "," } ?? ""
        return "{\"anchored\":\(selector.extended == .anchored),"
            + "\"matchers\":[\(list.joined(separator: ","))],\"name\":\(quoted(name)),"
            + duration("offset", selector.offset) + "," + range
            + "\"smoothed\":\(selector.extended == .smoothed)," + startOrEnd(selector.at) + ","
            + timestamp(selector.at)
            + ",\"type\":\"\(window == nil ? "vectorSelector" : "matrixSelector")\"}"
    }

    private static func startOrEnd(_ at: AtModifier?) -> String {
        switch at {
        case nil, .timestamp: "\"startOrEnd\":null"
        case .start: "\"startOrEnd\":\"start\""
        case .end: "\"startOrEnd\":\"end\""
        }
    }

    private static func timestamp(_ at: AtModifier?) -> String {
        switch at {
        case nil, .start, .end: "\"timestamp\":null"
        case .timestamp(let time): "\"timestamp\":\(time.milliseconds)"
        }
    }

    /// `name` in milliseconds, 0 when there is none or it is not known, and `nameExpr`.
    private static func duration(_ name: String, _ value: DurationValue?) -> String {
        switch value {
        case nil: "\"\(name)\":0,\"\(name)Expr\":null"
        case .fixed(let length): "\"\(name)\":\(length.count),\"\(name)Expr\":null"
        case .expression(let expression):
            "\"\(name)\":0,\"\(name)Expr\":\(tree(expression, wrapped: false))"
        }
    }

    private static func tree(_ expression: DurationExpression, wrapped: Bool) -> String {
        func operation(
            _ op: String, _ lhs: DurationExpression?, _ rhs: DurationExpression?
        ) -> String {
            "{\"lhs\":\(lhs.map { tree($0, wrapped: false) } ?? "null"),\"op\":\"\(op)\","
                + "\"rhs\":\(rhs.map { tree($0, wrapped: false) } ?? "null"),"
                + "\"type\":\"durationExpr\",\"wrapped\":\(wrapped)}"
        }
        switch expression {
        case .number(let literal):
            // Parentheses around a number are those of a plus sign without operator.
            if wrapped { return operation("+", nil, expression) }
            return "{\"duration\":\(literal.isDuration),\"type\":\"numberLiteral\","
                + "\"val\":\"\(GoFloat.plain(literal.value))\"}"
        case .step: return operation("step", nil, nil)
        case .range: return operation("range", nil, nil)
        case .unary(let op, let operand): return operation(op.rawValue, nil, operand)
        case .binary(let op, let lhs, let rhs): return operation(op.rawValue, lhs, rhs)
        case .minOf(let lhs, let rhs): return operation("min_of", lhs, rhs)
        case .maxOf(let lhs, let rhs): return operation("max_of", lhs, rhs)
        case .paren(let inner): return tree(inner, wrapped: true)
        }
    }

    // MARK: - Strings

    private static func strings(_ values: [String]) -> String {
        "[" + values.map(quoted).joined(separator: ",") + "]"
    }

    /// As Go's `encoding/json` writes strings, with `<`, `>` and `&` escaped.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "<", ">", "&", "\u{2028}", "\u{2029}", "\u{00}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
