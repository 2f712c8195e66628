import TimeSeries

/// `metric{label="value"}` and the points after it.
enum SeriesNotation {
    static func read(_ line: some StringProtocol) throws(NotationError) -> SeriesDescription {
        var scanner = NotationScanner(line)
        let labels = try readLabels(&scanner)
        let values = try SequenceNotation.read(&scanner)
        return SeriesDescription(labels: labels, values: values)
    }

    /// Reads a metric; anything may follow.
    static func readLabels(_ scanner: inout NotationScanner) throws(NotationError) -> LabelSet {
        var pairs: [(name: String, value: String)] = []
        let name = scanner.identifier(colons: true)
        if !name.isEmpty { pairs.append(("__name__", name)) }
        let afterName = scanner
        scanner.skipSpace()
        guard scanner.starts(with: "{"), !scanner.starts(with: "{{") else {
            guard !name.isEmpty else { throw NotationError("expected a metric") }
            scanner = afterName
            return LabelSet(pairs)
        }
        _ = scanner.skip("{")
        while true {
            scanner.skipSpace()
            if scanner.skip("}") { break }
            if let pair = try readPair(&scanner) { pairs.append(pair) }
            scanner.skipSpace()
            guard scanner.skip(",") || scanner.starts(with: "}") else {
                throw NotationError("expected \",\" or \"}\" before \"\(scanner.rest)\"")
            }
        }
        return LabelSet(pairs)
    }

    /// `name="value"`, or a quoted string alone, which is the metric's name.
    private static func readPair(
        _ scanner: inout NotationScanner
    ) throws(NotationError) -> (name: String, value: String)? {
        let isQuoted = scanner.next.map { [0x22, 0x27, 0x60].contains($0) } ?? false
        let name = isQuoted ? try scanner.quotedString() : scanner.identifier()
        scanner.skipSpace()
        guard scanner.skip("=") else {
            guard isQuoted else { throw NotationError("expected = before \"\(scanner.rest)\"") }
            return ("__name__", name)
        }
        scanner.skipSpace()
        return (name, try scanner.quotedString())
    }
}
