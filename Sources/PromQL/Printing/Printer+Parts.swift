internal import GoText

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
        case .timestamp(let milliseconds): " @ \(seconds(milliseconds))"
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

    /// Milliseconds as seconds with three decimals.
    static func seconds(_ milliseconds: Int64) -> String {
        let fraction = String(milliseconds.magnitude % 1000)
        return (milliseconds < 0 ? "-" : "") + "\(milliseconds.magnitude / 1000)."
            + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    static func number(_ literal: NumberLiteral) -> String {
        guard literal.isDuration else { return GoFloat.plain(literal.value) }
        let sign = literal.value.sign == .minus ? "-" : ""
        let milliseconds = (literal.value.magnitude * 1000).rounded(.toNearestOrAwayFromZero)
        guard milliseconds <= Double(DurationText.limit) else {
            return GoFloat.plain(literal.value)
        }
        return sign + DurationText.text(milliseconds: Int64(milliseconds))
    }

    static func duration(_ duration: DurationValue) -> String {
        switch duration {
        case .fixed(let milliseconds): DurationText.text(milliseconds: milliseconds)
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
