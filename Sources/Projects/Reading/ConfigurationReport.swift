/// What was found while reading: errors are gathered, not thrown, so that all are told at once.
struct ConfigurationReport {
    private(set) var errors: [ConfigurationError] = []
    private(set) var notes: [ConfigurationNote] = []

    mutating func error(
        at node: ConfigurationNode, subject: String? = nil, _ problem: String, mend: String? = nil
    ) {
        errors.append(
            ConfigurationError(
                line: node.line, column: node.column, keyPath: node.keyPath, subject: subject,
                problem: problem, mend: mend))
    }

    mutating func error(_ error: ConfigurationError) { errors.append(error) }

    mutating func note(at node: ConfigurationNode?, _ text: String) {
        notes.append(
            ConfigurationNote(line: node?.line, keyPath: node?.keyPath ?? "", text: text))
    }

    /// In the order of the document; of one place in the order found.
    var sortedErrors: [ConfigurationError] {
        errors.enumerated().sorted { a, b in
            let placeA = (a.element.line ?? 0, a.element.column ?? 0, a.offset)
            let placeB = (b.element.line ?? 0, b.element.column ?? 0, b.offset)
            return placeA < placeB
        }.map(\.element)
    }
}
