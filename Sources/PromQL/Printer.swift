extension Expression: CustomStringConvertible {
    /// The canonical text; parsing it gives an equal tree. Fragments print as `<fragment N>`.
    public var description: String {
        switch self {
        case .number(let node): Printer.number(node)
        case .string(let node): GoQuoting.quote(node.value)
        case .paren(let node): "(\(node.expression))"
        case .unary(let node): node.op.rawValue + node.operand.description
        case .binary(let node): "\(node.lhs) \(Printer.operation(node)) \(node.rhs)"
        case .aggregation(let node):
            Printer.head(node) + "("
                + (node.parameter.map { "\($0), " } ?? "") + "\(node.expression))"
        case .call(let node):
            node.function.rawValue + "("
                + node.arguments.map(\.description).joined(separator: ", ") + ")"
        case .vectorSelector(let node): Printer.selector(node) + Printer.modifiers(node)
        case .matrixSelector(let node):
            Printer.selector(node.selector) + "[" + Printer.duration(node.window) + "]"
                + (node.selector.extended.map { " \($0.rawValue)" } ?? "")
                + Printer.at(node.selector.at) + Printer.offset(node.selector.offset)
        case .subquery(let node):
            "\(node.expression)[\(Printer.duration(node.window)):"
                + (node.step.map(Printer.duration) ?? "") + "]"
                + Printer.at(node.at) + Printer.offset(node.offset)
        case .fragment(let node): "<fragment \(node.id)>"
        }
    }
}

/// Canonical text of the parts of an expression.
enum Printer {
    static func number(_ literal: NumberLiteral) -> String {
        guard literal.isDuration else { return GoFixed.shortest(literal.value) }
        let milliseconds = (literal.value * 1000).rounded(.toNearestOrAwayFromZero)
        return abs(milliseconds) < 9e18
            ? DurationText.text(Int64(milliseconds)) : GoFixed.shortest(literal.value)
    }

    static func operation(_ binary: Binary) -> String {
        var text = binary.op.rawValue
        if binary.returnsBool { text += " bool" }
        guard let matching = binary.matching else { return text }
        let isGrouped = matching.cardinality == .manyToOne || matching.cardinality == .oneToMany
        if matching.isOn {
            text += " on (\(labels(matching.labels)))"
        } else if !matching.labels.isEmpty || isGrouped {
            text += " ignoring (\(labels(matching.labels)))"
        }
        if isGrouped {
            let word = matching.cardinality == .manyToOne ? "group_left" : "group_right"
            text += " \(word) (\(labels(matching.include)))"
        }
        switch (matching.fillLeft, matching.fillRight) {
        case (nil, nil): break
        case (let left?, let right?) where left.bitPattern == right.bitPattern:
            text += " fill (\(GoFixed.shortest(left)))"
        case (let left, let right):
            if let left { text += " fill_left (\(GoFixed.shortest(left)))" }
            if let right { text += " fill_right (\(GoFixed.shortest(right)))" }
        }
        return text
    }

    static func head(_ aggregation: Aggregation) -> String {
        let name = aggregation.op.rawValue
        if aggregation.isWithout { return "\(name) without (\(labels(aggregation.grouping))) " }
        return aggregation.grouping.isEmpty
            ? name : "\(name) by (\(labels(aggregation.grouping))) "
    }

    static func labels(_ names: [String]) -> String {
        names.map(label).joined(separator: ", ")
    }

    /// A label name, quoted unless it is one without quotes.
    static func label(_ name: String) -> String {
        isLegacy(name, allowsColon: false) ? name : GoQuoting.quote(name)
    }

    static func isLegacy(_ name: String, allowsColon: Bool) -> Bool {
        guard let first = name.utf8.first else { return false }
        func isColon(_ byte: UInt8) -> Bool { allowsColon && byte == UInt8(ascii: ":") }
        return (Lexer.isIdentifierStart(first) || isColon(first))
            && name.utf8.allSatisfy { Lexer.isIdentifierPart($0) || isColon($0) }
    }

    static func selector(_ selector: VectorSelector) -> String {
        var name = ""
        var inner: [String] = []
        var skipsName = false
        if let written = selector.name {
            skipsName = true
            if isLegacy(written, allowsColon: true), !isNumberWord(written) {
                name = written
            } else {
                inner.append(GoQuoting.quote(written))
            }
        }
        var rest: [String] = []
        for matcher in selector.matchers {
            if skipsName, matcher.name == "__name__", matcher.op == .equal,
                matcher.value == selector.name
            {
                skipsName = false
                continue
            }
            rest.append(
                label(matcher.name) + matcher.op.rawValue + GoQuoting.quote(matcher.value))
        }
        inner += rest.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return inner.isEmpty && !name.isEmpty ? name : name + "{" + inner.joined(separator: ",") + "}"
    }

    /// Words that are numbers or operators cannot be names without quotes.
    private static func isNumberWord(_ name: String) -> Bool {
        ["inf", "nan", "atan2", "bool", "on", "ignoring", "group_left", "group_right"]
            .contains(name.lowercased())
    }

    static func modifiers(_ selector: VectorSelector) -> String {
        at(selector.at) + (selector.extended.map { " \($0.rawValue)" } ?? "")
            + offset(selector.offset)
    }

    static func at(_ at: AtModifier?) -> String {
        switch at {
        case nil: ""
        case .start: " @ start()"
        case .end: " @ end()"
        case .timestamp(let milliseconds): " @ \(GoFixed.seconds(milliseconds))"
        }
    }

    static func offset(_ offset: DurationValue?) -> String {
        switch offset {
        case nil: ""
        case .fixed(0): ""
        case let value?: " offset \(duration(value))"
        }
    }

    static func duration(_ duration: DurationValue) -> String {
        switch duration {
        case .fixed(let milliseconds): DurationText.text(milliseconds)
        case .expression(let expression): Printer.expression(expression)
        }
    }

    static func expression(_ expression: DurationExpression) -> String {
        switch expression {
        case .number(let literal): number(literal)
        case .step: "step()"
        case .range: "range()"
        case .unary(let op, let inner): op.rawValue + Printer.expression(inner)
        case .binary(let op, let lhs, let rhs):
            "\(Printer.expression(lhs)) \(op.rawValue) \(Printer.expression(rhs))"
        case .minOf(let a, let b): "min_of(\(Printer.expression(a)), \(Printer.expression(b)))"
        case .maxOf(let a, let b): "max_of(\(Printer.expression(a)), \(Printer.expression(b)))"
        case .paren(let inner): "(\(Printer.expression(inner)))"
        }
    }
}
