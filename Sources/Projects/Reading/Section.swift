import YAML

/// A mapping that is being read key by key. Whatever is wrong goes into the report, with the place
/// of the value; the caller gets nil and goes on.
struct Section<Key: ConfigurationKey> {
    let node: ConfigurationNode
    /// What the section describes (`project prod-a`), for error texts.
    var subject: String?
    private var values: [Key: ConfigurationNode] = [:]

    /// nil when the node is not a mapping. Unknown keys are errors unless they are `lenient`, when
    /// they are notes.
    init?(
        _ node: ConfigurationNode, subject: String? = nil, lenient: Bool = false,
        _ report: inout ConfigurationReport
    ) {
        self.node = node
        self.subject = subject
        guard case .mapping(let entries) = node.content else {
            if case .unusable = node.content { return nil }
            report.error(
                at: node, subject: subject, "must be a mapping, not \(node.kindName)",
                mend: "its keys are \(Self.names(Key.allCases.map(\.rawValue)))")
            return nil
        }
        for entry in entries {
            guard let key = Key(rawValue: entry.key) ?? Key.aliases[entry.key] else {
                refuse(entry, lenient: lenient, &report)
                continue
            }
            if values[key] != nil {
                report.error(
                    at: entry.value, subject: subject, "is given twice under two spellings",
                    mend: "keep \(key.rawValue)")
            }
            values[key] = entry.value
        }
    }

    /// The value of a key that is present and not empty.
    subscript(key: Key) -> ConfigurationNode? {
        guard let value = values[key] else { return nil }
        if case .null = value.content { return nil }
        return value
    }

    /// Whether the key was written at all, with a value or without.
    func isWritten(_ key: Key) -> Bool { values[key] != nil }

    /// Where to point at for a key, also when it is missing.
    func place(of key: Key) -> ConfigurationNode {
        if let value = values[key] { return value }
        var missing = node
        missing.keyPath = node.keyPath.isEmpty ? key.rawValue : "\(node.keyPath).\(key.rawValue)"
        return missing
    }

    private func refuse(
        _ entry: ConfigurationNode.Entry, lenient: Bool, _ report: inout ConfigurationReport
    ) {
        var place = entry.value
        place.line = entry.line
        place.column = entry.column
        if lenient || Key.ignored.contains(entry.key) {
            report.note(at: place, "is of no use to a gateway of metrics and is ignored")
            return
        }
        if let mend = Key.removed[entry.key] {
            report.error(
                at: place, subject: subject, "the key \(entry.key) is gone", mend: mend)
            return
        }
        let known = Key.allCases.map(\.rawValue)
        let mend =
            NearestName.of(entry.key, among: known).map { "did you mean \($0)?" }
            ?? "known here are \(Self.names(known))"
        report.error(
            at: place, subject: subject, "unknown key \(YAMLNode.shown(entry.key))", mend: mend)
    }

    private static func names(_ names: [String]) -> String {
        guard names.count > 1, let last = names.last else { return names.first ?? "none" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}
