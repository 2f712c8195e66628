internal import GoText
import PromQL

extension LogQLQuery: CustomStringConvertible {
    /// The canonical text. Parsing it gives an equal tree, but for numbers that are not finite, which
    /// no text has.
    public var description: String {
        switch self {
        case .log(let query): query.description
        case .metric(let expression): expression.description
        }
    }
}

extension LogQuery: CustomStringConvertible {
    public var description: String {
        let inner = matchers.map(\.logQLText).joined(separator: ", ")
        return (["{\(inner)}"] + stages.map(\.description)).joined(separator: " ")
    }
}

extension LabelMatcher {
    var logQLText: String { name + op.rawValue + quoted(value) }
}

private func quoted(_ text: String) -> String { GoQuoting.quote(text, escapesReplacement: true) }

extension PipelineStage: CustomStringConvertible {
    public var description: String {
        switch self {
        case .line(let filter): filter.description
        case .json(let extractions): "| json" + Self.text(of: extractions)
        case .logfmt(let flags, let extractions):
            (["| logfmt"] + flags).joined(separator: " ") + Self.text(of: extractions)
        case .regexp(let pattern): "| regexp " + quoted(pattern)
        case .pattern(let pattern): "| pattern " + quoted(pattern)
        case .unpack: "| unpack"
        case .label(let filter): "| " + filter.description
        case .lineFormat(let template): "| line_format " + quoted(template)
        case .labelFormat(let formats):
            "| label_format " + formats.map(\.description).joined(separator: ", ")
        case .decolorize: "| decolorize"
        case .drop(let labels): "| drop " + Self.text(of: labels)
        case .keep(let labels): "| keep " + Self.text(of: labels)
        }
    }

    private static func text(of extractions: [LabelExtraction]) -> String {
        guard !extractions.isEmpty else { return "" }
        return " "
            + extractions.map { "\($0.name)=\(quoted($0.expression))" }.joined(separator: ", ")
    }

    private static func text(of labels: [LabelSelection]) -> String {
        labels.map { label in
            switch label {
            case .name(let name): name
            case .matcher(let matcher): matcher.logQLText
            }
        }.joined(separator: ", ")
    }
}

extension LineFilter: CustomStringConvertible {
    public var description: String {
        let texts = operands.map { $0.isAddress ? "ip(\(quoted($0.text)))" : quoted($0.text) }
        return op.rawValue + " " + texts.joined(separator: " or ")
    }
}

extension LabelFormat: CustomStringConvertible {
    public var description: String {
        switch source {
        case .label(let label): "\(name)=\(label)"
        case .template(let template): "\(name)=\(quoted(template))"
        }
    }
}

extension LabelFilter: CustomStringConvertible {
    public var description: String {
        switch self {
        case .matcher(let matcher): matcher.logQLText
        case .address(let name, let isNegated, let address):
            "\(name)\(isNegated ? "!=" : "=")ip(\(quoted(address)))"
        case .comparison(let name, let comparison, let quantity):
            "\(name) \(comparison.rawValue) \(quantity.text)"
        case .and(let left, let right): "(\(left) and \(right))"
        case .or(let left, let right): "(\(left) or \(right))"
        }
    }
}

extension MetricExpression: CustomStringConvertible {
    /// The canonical text, as `LogQLQuery.description`.
    public var description: String {
        switch self {
        case .literal(let number): GoFloat.plain(number.value)
        case .vector(let number): "vector(\(GoFloat.plain(number.value)))"
        case .range(let aggregation): aggregation.description
        case .aggregation(let aggregation): aggregation.description
        case .binary(let binary): binary.description
        case .labelReplace(let node):
            "label_replace(\(node.expression), \(quoted(node.target)), \(quoted(node.replacement)), "
                + "\(quoted(node.source)), \(quoted(node.pattern)))"
        }
    }
}

extension RangeAggregation: CustomStringConvertible {
    public var description: String {
        var text = op.rawValue + "("
        if let parameter { text += GoFloat.plain(parameter.value) + ", " }
        text += query.description
        if let unwrap { text += " " + unwrap.description }
        text += " [\(window.text)]"
        if offset.count != 0 { text += " offset \(offset.text)" }
        return text + ")" + (grouping.map { " " + $0.description } ?? "")
    }
}

extension Unwrap: CustomStringConvertible {
    public var description: String {
        let value = conversion.map { "\($0.rawValue)(\(label))" } ?? label
        return (["| unwrap \(value)"] + filters.map { "| \($0)" }).joined(separator: " ")
    }
}

extension Grouping: CustomStringConvertible {
    public var description: String {
        (isWithout ? "without" : "by") + " (" + labels.joined(separator: ", ") + ")"
    }
}

extension Nanoseconds {
    /// As durations are written. With no unit above the hour where Loki would not read one: before a
    /// sign, or beside fractions of a millisecond.
    var text: String {
        if count >= 0, count % 1_000_000 == 0 {
            return DurationText.text(Milliseconds(count / 1_000_000))
        }
        if count % 1_000_000_000 == 0 { return "\(count / 1_000_000_000)s" }
        return count % 1_000_000 == 0 ? "\(count / 1_000_000)ms" : "\(count)ns"
    }
}

extension VectorAggregation: CustomStringConvertible {
    public var description: String {
        let head = grouping.map { "\(op.rawValue) \($0) (" } ?? "\(op.rawValue)("
        return head + (parameter.map { "\($0), " } ?? "") + expression.description + ")"
    }
}

extension BinaryOperation: CustomStringConvertible {
    public var description: String {
        var text = "\(Self.operand(lhs)) \(op.rawValue)"
        if returnsBool { text += " bool" }
        if matching.isOn || !matching.labels.isEmpty || matching.cardinality != .oneToOne {
            text += matching.isOn ? " on (" : " ignoring ("
            text += matching.labels.joined(separator: ", ") + ")"
        }
        switch matching.cardinality {
        case .oneToOne: break
        case .manyToOne(let include): text += " group_left (\(include.joined(separator: ", ")))"
        case .oneToMany(let include): text += " group_right (\(include.joined(separator: ", ")))"
        }
        return text + " " + Self.operand(rhs)
    }

    private static func operand(_ expression: MetricExpression) -> String {
        if case .binary = expression { "(\(expression))" } else { expression.description }
    }
}
