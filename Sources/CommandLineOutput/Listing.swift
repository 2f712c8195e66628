public import PrometheusWire

/// How an answer is printed.
public enum OutputFormat: String, Sendable, CaseIterable {
    /// Aligned columns, shortened to the width of the terminal.
    case table
    /// Aligned columns, all of them, at their full width.
    case wide
    /// The answer as the server sent it.
    case json
    /// One JSON object a line.
    case jsonl
    /// Comma-separated values with a header.
    case csv
    /// The values alone, one a line.
    case value
    /// As `promtool query` prints it.
    case promtool
}

/// What a command prints: the same rows for people, for spreadsheets and for scripts.
public struct Listing: Sendable {
    public var table: TextTable
    /// What CSV has instead of the table, such as one row a point of a range.
    public var long: TextTable?
    /// One value a row for scripts that want nothing else.
    public var values: [String]
    /// One object a row; nil for objects of the table's own cells.
    public var objects: [JSONValue]?
    /// As `promtool` prints it; nil for what `promtool` has no command for.
    public var promtool: String?

    public init(
        _ table: TextTable, long: TextTable? = nil, values: [String]? = nil,
        objects: [JSONValue]? = nil, promtool: String? = nil
    ) {
        self.table = table
        self.long = long
        self.values = values ?? table.rows.map { $0.first ?? "" }
        self.objects = objects
        self.promtool = promtool
    }

    /// The text in a format, without a line feed at its end; nil where there is nothing to print.
    ///
    /// - Parameters:
    ///   - body: The answer as it came, for `json`.
    ///   - width: Of the terminal; nil for none.
    public func text(
        _ format: OutputFormat, body: [UInt8], width: Int?, style: TextStyle, hasHeader: Bool
    ) -> String? {
        switch format {
        case .table:
            guard !table.rows.isEmpty else { return hasHeader ? "(empty)" : nil }
            return table.brief.text(width: width, style: style, hasHeader: hasHeader)
        case .wide:
            guard !table.rows.isEmpty else { return hasHeader ? "(empty)" : nil }
            return table.text(style: style, hasHeader: hasHeader)
        case .json: return String(decoding: body, as: UTF8.self).trimmingNewlines()
        case .jsonl:
            let lines = objects ?? table.rows.map { object(of: $0) }
            return lines.isEmpty
                ? nil
                : lines.map { String(decoding: $0.bytes, as: UTF8.self) }.joined(separator: "\n")
        case .csv:
            let table = long ?? table
            return table.rows.isEmpty && !hasHeader ? nil : table.csv(hasHeader: hasHeader)
        case .value: return values.isEmpty ? nil : values.joined(separator: "\n")
        case .promtool: return promtool
        }
    }

    private func object(of row: [String]) -> JSONValue {
        .object(
            zip(table.columns, row).map { column, cell in
                (column.name, .string(cell))
            })
    }
}

extension String {
    fileprivate func trimmingNewlines() -> String {
        var text = self[...]
        while text.last?.isNewline == true { text.removeLast() }
        return String(text)
    }
}
