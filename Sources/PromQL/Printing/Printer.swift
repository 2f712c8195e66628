internal import GoText

extension Expression: CustomStringConvertible {
    /// The canonical text. Parsing it gives an equal tree, but for the order of matchers, which are
    /// printed sorted, and for parentheses that the grouping of a made tree demands.
    public var description: String {
        var printer = Printer()
        printer.print(self)
        return printer.text
    }

    /// The canonical text, cut where it has many more bytes than `limit`.
    public func description(limit: Int) -> String {
        var printer = Printer()
        printer.limit = limit
        printer.print(self)
        let bytes = printer.text.utf8
        return bytes.count <= limit
            ? printer.text : String(decoding: bytes.prefix(limit), as: UTF8.self) + "…"
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
        }
    }
}

extension Printer {
    // MARK: - Operators and aggregations

    /// An operator with its modifiers.
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
        let (left, right) = (matching.fillLeft, matching.fillRight)
        if let left, left.bitPattern == right?.bitPattern {
            text += " fill (\(GoFloat.general(left)))"
        } else {
            if let left { text += " fill_left (\(GoFloat.general(left)))" }
            if let right { text += " fill_right (\(GoFloat.general(right)))" }
        }
        return text
    }

    /// An aggregation up to its opening parenthesis.
    static func operation(_ aggregation: Aggregation) -> String {
        let name = aggregation.op.rawValue
        if aggregation.isWithout { return "\(name) without (\(labels(aggregation.grouping))) " }
        if aggregation.grouping.isEmpty { return name }
        return "\(name) by (\(labels(aggregation.grouping))) "
    }

    private static func labels(_ names: [String]) -> String {
        names.map {
            Vocabulary.isBareLabelName($0) ? $0 : GoQuoting.quote($0, escapesReplacement: true)
        }
        .joined(separator: ", ")
    }

    // MARK: - Selectors

    /// A selector without its modifiers.
    static func selector(_ selector: VectorSelector) -> String {
        var name = ""
        var quoted: [String] = []
        if let written = selector.name {
            if Vocabulary.isBareMetricName(written) {
                name = written
            } else {
                quoted.append(GoQuoting.quote(written, escapesReplacement: true))
            }
        }
        var matchers: [String] = []
        for matcher in selector.matchers {
            if matcher.isOfName, matcher.op == .equal, !matcher.value.isEmpty,
                selector.name?.utf8.elementsEqual(matcher.value.utf8) == true
            {
                continue
            }
            matchers.append(self.matcher(matcher))
        }
        matchers.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let inner = (quoted + matchers).joined(separator: ",")
        return inner.isEmpty && !name.isEmpty ? name : name + "{" + inner + "}"
    }

    /// In braces all words are plain names, those of the language too.
    private static func matcher(_ matcher: LabelMatcher) -> String {
        let name =
            Vocabulary.isIdentifier(matcher.name, allowsColon: false)
            ? matcher.name : GoQuoting.quote(matcher.name, escapesReplacement: true)
        return name + matcher.op.rawValue + GoQuoting.quote(matcher.value, escapesReplacement: true)
    }

    static func extended(_ selector: VectorSelector) -> String {
        switch selector.extended {
        case nil: ""
        case .anchored: " anchored"
        case .smoothed: " smoothed"
        }
    }

    static func at(_ at: AtModifier?) -> String {
        switch at {
        case nil: ""
        case .start: " @ start()"
        case .end: " @ end()"
        case .timestamp(let time): " @ \(seconds(time))"
        }
    }

    static func offset(_ offset: DurationValue?) -> String {
        switch offset {
        case nil, .fixed(0): ""
        case let offset?: " offset \(duration(offset))"
        }
    }

    /// What follows the inner expression of a subquery.
    static func suffix(_ subquery: Subquery) -> String {
        let step = subquery.step.map(duration) ?? ""
        return "[\(duration(subquery.window)):\(step)]" + at(subquery.at) + offset(subquery.offset)
    }

    // MARK: - Numbers and durations

    /// Seconds since the epoch with three decimals.
    static func seconds(_ time: Timestamp) -> String {
        let milliseconds = time.milliseconds
        let fraction = String(milliseconds.magnitude % 1000)
        return (milliseconds < 0 ? "-" : "") + "\(milliseconds.magnitude / 1000)."
            + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    static func number(_ literal: NumberLiteral) -> String {
        guard literal.isDuration else { return GoFloat.plain(literal.value) }
        let sign = literal.value.sign == .minus ? "-" : ""
        let milliseconds = (literal.value.magnitude * 1000).rounded(.toNearestOrAwayFromZero)
        guard milliseconds <= Double(DurationText.limit.count) else {
            return GoFloat.plain(literal.value)
        }
        return sign + DurationText.text(Milliseconds(Int64(milliseconds)))
    }

    static func duration(_ duration: DurationValue) -> String {
        switch duration {
        case .fixed(let length): DurationText.text(length)
        case .expression(let expression): self.expression(expression)
        }
    }

    static func expression(_ expression: DurationExpression) -> String {
        switch expression {
        case .number(let literal): number(literal)
        case .step: "step()"
        case .range: "range()"
        case .paren(let inner): "(\(self.expression(inner)))"
        case .unary(.plus, let operand): self.expression(operand)
        case .unary(.minus, let operand): "-" + self.expression(operand)
        case .minOf(let lhs, let rhs): "min_of(\(self.expression(lhs)), \(self.expression(rhs)))"
        case .maxOf(let lhs, let rhs): "max_of(\(self.expression(lhs)), \(self.expression(rhs)))"
        case .binary(let op, let lhs, let rhs):
            "\(self.expression(lhs)) \(op.rawValue) \(self.expression(rhs))"
        }
    }
}

extension DurationExpression: CustomStringConvertible {
    public var description: String { Printer.expression(self) }
}
