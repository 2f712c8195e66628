import YAML

/// The documents of a YAML text, as nodes with places.
struct YAMLDocuments {
    /// nil to leave every value as it is written.
    let substitution: VariableSubstitution?
    /// The project file that the text is in; nil for the configuration file itself.
    var file: String?

    /// Every document, in order. What cannot be parsed is reported.
    func read(_ text: String, _ report: inout ConfigurationReport) -> [ConfigurationNode] {
        do throws(YAMLFailure) {
            return try YAMLComposer.documents(of: text).map { convert($0, keyPath: "", &report) }
        } catch let failure {
            report.error(
                ConfigurationError(
                    file: file, line: failure.line, column: failure.column,
                    problem: failure.problem,
                    mend: failure.mend))
            return []
        }
    }

    private func convert(
        _ node: YAMLNode, keyPath: String, _ report: inout ConfigurationReport
    ) -> ConfigurationNode {
        var converted = ConfigurationNode(
            line: node.line, column: node.column, keyPath: keyPath, content: .null, file: file)
        switch node.content {
        case .scalar(let text, let isPlain):
            converted.content = content(of: text, isPlain: isPlain, at: converted, &report)
        case .list(let elements):
            converted.content = .list(
                elements.enumerated().map { index, element in
                    convert(
                        element, keyPath: Self.isLong(keyPath) ? keyPath : "\(keyPath)[\(index)]",
                        &report)
                })
        case .mapping(let pairs):
            converted.content = .mapping(
                pairs.map { pair in
                    var value = convert(
                        pair.value, keyPath: Self.path(keyPath, pair.key), &report)
                    // A key without a value is shown where the key stands.
                    if case .null = value.content {
                        value.line = pair.line
                        value.column = pair.column
                    }
                    return ConfigurationNode.Entry(
                        key: pair.key, line: pair.line, column: pair.column, value: value)
                })
        }
        return converted
    }

    /// Every value has a path of its own, so that long ones would cost the square of the document.
    private static func isLong(_ keyPath: String) -> Bool { keyPath.utf8.count > 256 }

    private static func path(_ keyPath: String, _ key: String) -> String {
        if isLong(keyPath) { return keyPath }
        let shown = YAMLNode.shown(key)
        return keyPath.isEmpty ? shown : "\(keyPath).\(shown)"
    }

    private func content(
        of text: String, isPlain: Bool, at node: ConfigurationNode,
        _ report: inout ConfigurationReport
    ) -> ConfigurationNode.Content {
        if isPlain, ["", "~", "null", "Null", "NULL"].contains(text) { return .null }
        guard let substitution else { return .scalar(text) }
        do throws(VariableSubstitution.Failure) {
            var trimmed: [String] = []
            let expanded = try substitution.expand(text) { trimmed.append($0) }
            for name in trimmed {
                report.note(
                    at: node, "the line end around environment variable \(name) is left out")
            }
            return .scalar(expanded)
        } catch let failure {
            switch failure {
            case .unset(let name):
                return .unusable(
                    problem: "environment variable \(name) is not set",
                    mend: "set it, or write $$ for a literal $")
            case .malformed:
                return .unusable(
                    problem: "${ begins no variable",
                    mend: "write ${NAME}, or $$ for a literal $")
            }
        }
    }
}
