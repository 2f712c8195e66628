import PromQL

/// The syntax tree as `parse_query` shows it (http-api.md, 4.5; keys in alphabetical order).
enum SyntaxTreeJSON {
    static func value(_ expression: Expression) -> JSONValue {
        switch expression {
        case .number(let node): number(node)
        case .string(let node): object("stringLiteral", [("val", .string(node.value))])
        case .paren(let node): object("parenExpr", [("expr", value(node.expression))])
        case .unary(let node):
            object(
                "unaryExpr", [("op", .string(node.op.rawValue)), ("expr", value(node.operand))])
        case .binary(let node): binary(node)
        case .aggregation(let node):
            object(
                "aggregation",
                [
                    ("op", .string(node.op.rawValue)), ("expr", value(node.expression)),
                    ("param", node.parameter.map(value) ?? .null),
                    ("grouping", .strings(node.grouping)), ("without", .bool(node.isWithout)),
                ])
        case .call(let node): call(node)
        case .vectorSelector(let node): object("vectorSelector", selector(node))
        case .matrixSelector(let node):
            object("matrixSelector", selector(node.selector) + duration("range", node.window))
        case .subquery(let node): subquery(node)
        // Made by a planner only; no text parses to one.
        case .fragment(let node): object("fragment", [("id", .integer(Int64(node.id)))])
        }
    }

    private static func object(
        _ type: String, _ fields: [(key: String, value: JSONValue)]
    ) -> JSONValue {
        .sortedObject(fields + [(key: "type", value: .string(type))])
    }

    private static func number(_ node: NumberLiteral) -> JSONValue {
        object("numberLiteral", [("val", .string(plain(node.value)))])
    }

    /// Plain decimal, as a number prints in a query.
    private static func plain(_ value: Double) -> String {
        Expression.number(NumberLiteral(value)).description
    }

    private static func binary(_ node: Binary) -> JSONValue {
        let matching = node.matching.map { matching in
            JSONValue.sortedObject([
                ("card", .string(matching.cardinality.rawValue)),
                ("labels", .strings(matching.labels)), ("on", .bool(matching.isOn)),
                ("include", .strings(matching.include)),
                (
                    "fillValues",
                    .sortedObject([
                        ("lhs", matching.fillLeft.map { .number(plain($0)) } ?? .null),
                        ("rhs", matching.fillRight.map { .number(plain($0)) } ?? .null),
                    ])
                ),
            ])
        }
        return object(
            "binaryExpr",
            [
                ("op", .string(node.op.rawValue)), ("lhs", value(node.lhs)),
                ("rhs", value(node.rhs)), ("matching", matching ?? .null),
                ("bool", .bool(node.returnsBool)),
            ])
    }

    private static func call(_ node: Call) -> JSONValue {
        let signature = node.function.signature
        return object(
            "call",
            [
                (
                    "func",
                    .sortedObject([
                        ("name", .string(node.function.rawValue)),
                        ("argTypes", .strings(signature.arguments.map(typeName))),
                        ("variadic", .integer(Int64(signature.variadic))),
                        ("returnType", .string(typeName(signature.result))),
                    ])
                ),
                ("args", .array(node.arguments.map(value))),
            ])
    }

    private static func typeName(_ type: ValueType) -> String {
        switch type {
        case .scalar: "scalar"
        case .string: "string"
        case .instantVector: "vector"
        case .rangeVector: "matrix"
        }
    }

    private static func selector(
        _ node: VectorSelector
    ) -> [(key: String, value: JSONValue)] {
        let matchers = node.matchers.map { matcher in
            JSONValue.sortedObject([
                ("name", .string(matcher.name)), ("type", .string(matcher.op.rawValue)),
                ("value", .string(matcher.value)),
            ])
        }
        return [
            ("name", .string(node.name ?? "")), ("matchers", .array(matchers)),
            ("anchored", .bool(node.extended == .anchored)),
            ("smoothed", .bool(node.extended == .smoothed)),
        ] + duration("offset", node.offset) + at(node.at)
    }

    private static func subquery(_ node: Subquery) -> JSONValue {
        object(
            "subquery",
            [("expr", value(node.expression))] + duration("range", node.window)
                + duration("step", node.step) + duration("offset", node.offset) + at(node.at))
    }

    private static func at(_ at: AtModifier?) -> [(key: String, value: JSONValue)] {
        switch at {
        case nil: [("timestamp", .null), ("startOrEnd", .null)]
        case .timestamp(let time): [("timestamp", .integer(time)), ("startOrEnd", .null)]
        case .start: [("timestamp", .null), ("startOrEnd", .string("start"))]
        case .end: [("timestamp", .null), ("startOrEnd", .string("end"))]
        }
    }

    /// `name` in milliseconds, 0 when absent or not known yet, and `nameExpr` for arithmetic.
    private static func duration(
        _ name: String, _ value: DurationValue?
    ) -> [(key: String, value: JSONValue)] {
        switch value {
        case nil: [(name, .integer(0)), (name + "Expr", .null)]
        case .fixed(let milliseconds): [(name, .integer(milliseconds)), (name + "Expr", .null)]
        case .expression(let expression):
            [(name, .integer(0)), (name + "Expr", durationTree(expression))]
        }
    }

    private static func durationTree(_ expression: DurationExpression) -> JSONValue {
        switch expression {
        case .number(let node):
            object(
                "numberLiteral",
                [("val", .string(plain(node.value))), ("duration", .bool(node.isDuration))])
        case .step: operation("step", nil, nil)
        case .range: operation("range", nil, nil)
        case .unary(let op, let operand): operation(op.rawValue, nil, operand)
        case .binary(let op, let lhs, let rhs): operation(op.rawValue, lhs, rhs)
        case .minOf(let lhs, let rhs): operation("min", lhs, rhs)
        case .maxOf(let lhs, let rhs): operation("max", lhs, rhs)
        case .paren(let inner):
            switch inner {
            case .unary(let op, let operand): operation(op.rawValue, nil, operand, wrapped: true)
            case .binary(let op, let lhs, let rhs): operation(op.rawValue, lhs, rhs, wrapped: true)
            case .number, .step, .range, .minOf, .maxOf, .paren: durationTree(inner)
            }
        }
    }

    private static func operation(
        _ op: String, _ lhs: DurationExpression?, _ rhs: DurationExpression?, wrapped: Bool = false
    ) -> JSONValue {
        object(
            "durationExpr",
            [
                ("op", .string(op)), ("lhs", lhs.map(durationTree) ?? .null),
                ("rhs", rhs.map(durationTree) ?? .null), ("wrapped", .bool(wrapped)),
            ])
    }
}
