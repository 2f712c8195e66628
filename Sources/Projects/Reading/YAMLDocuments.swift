import Yams

/// The documents of a YAML text, as nodes with places.
struct YAMLDocuments {
    let substitution: VariableSubstitution

    /// Every document, in order. What cannot be parsed is reported, and so is every unset variable.
    func read(_ text: String, _ report: inout ConfigurationReport) -> [ConfigurationNode] {
        do {
            var documents: [ConfigurationNode] = []
            var parsed = try Yams.compose_all(yaml: text)
            while let node = parsed.next() {
                documents.append(convert(node, keyPath: "", &report))
            }
            if let error = parsed.error { throw error }
            return documents
        } catch let error as YamlError {
            report.error(Self.described(error))
        } catch {
            report.error(ConfigurationError(problem: "is not YAML: \(error)"))
        }
        return []
    }

    private func convert(
        _ node: Node, keyPath: String, _ report: inout ConfigurationReport
    ) -> ConfigurationNode {
        var converted = ConfigurationNode(
            line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, keyPath: keyPath,
            content: .null)
        switch node {
        case .scalar(let scalar):
            converted.content = content(of: scalar, at: converted, &report)
        case .sequence(let sequence):
            converted.content = .list(
                sequence.enumerated().map { index, element in
                    convert(element, keyPath: "\(keyPath)[\(index)]", &report)
                })
        case .mapping(let mapping):
            var entries: [ConfigurationNode.Entry] = []
            for (keyNode, valueNode) in mapping {
                let key = keyNode.scalar?.string ?? ""
                let path = keyPath.isEmpty ? key : "\(keyPath).\(key)"
                var value = convert(valueNode, keyPath: path, &report)
                // A key without a value is shown where the key stands.
                if case .null = value.content, let mark = keyNode.mark {
                    value.line = mark.line
                    value.column = mark.column
                }
                entries.append(
                    ConfigurationNode.Entry(
                        key: key, line: keyNode.mark?.line ?? converted.line,
                        column: keyNode.mark?.column ?? converted.column, value: value))
            }
            converted.content = .mapping(entries)
        case .alias:
            report.error(
                at: converted, "is an alias whose anchor is not known",
                mend: "define the anchor earlier in the file")
            converted.content = .unusable
        }
        return converted
    }

    private func content(
        of scalar: Node.Scalar, at node: ConfigurationNode, _ report: inout ConfigurationReport
    ) -> ConfigurationNode.Content {
        let isPlain = scalar.style == .plain || scalar.style == .any
        if isPlain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .null }
        do throws(VariableSubstitution.Failure) {
            return .scalar(try substitution.expand(scalar.string))
        } catch let failure {
            switch failure {
            case .unset(let name):
                report.error(
                    at: node, "environment variable \(name) is not set",
                    mend: "set it, or write $$ for a literal $")
            case .malformed(let text):
                report.error(
                    at: node, "\(text) is not a variable",
                    mend: "write ${NAME}, or $$ for a literal $")
            }
            return .unusable
        }
    }

    private static func described(_ error: YamlError) -> ConfigurationError {
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let before = context.map { " \($0.text)" } ?? ""
            return ConfigurationError(
                line: mark.line, column: mark.column,
                problem: "is not YAML:\(before) \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.sorted().joined(separator: ", ")
            return ConfigurationError(
                line: context.mark.line, column: context.mark.column,
                problem: "the mapping that begins here has a key twice: \(names)",
                mend: "keep one of them")
        case .reader(let problem, _, _, _), .writer(let problem), .emitter(let problem),
            .representer(let problem):
            return ConfigurationError(problem: "is not YAML: \(problem)")
        case .no, .memory, .dataCouldNotBeDecoded:
            return ConfigurationError(problem: "is not YAML: \(error)")
        }
    }
}
