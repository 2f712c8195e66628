/// Rows under a header, which terminals, spreadsheets and scripts read.
///
///     job   value
///     ----  -----
///     shop    600
///     wiki     10
public struct TextTable: Sendable, Equatable {
    public struct Column: Sendable, Equatable {
        public var name: String
        /// Numbers are aligned at the right, and are never shortened.
        public var isNumber: Bool
        /// Shown only in wide tables and in CSV.
        public var isDetail: Bool

        public init(_ name: String, isNumber: Bool = false, isDetail: Bool = false) {
            self.name = name
            self.isNumber = isNumber
            self.isDetail = isDetail
        }
    }

    public var columns: [Column]
    /// Each has one cell a column.
    public var rows: [[String]]

    /// No column becomes narrower than this for want of room.
    private static let narrowest = 8

    public init(_ columns: [Column], rows: [[String]] = []) {
        self.columns = columns
        self.rows = rows
    }

    /// The table without the columns that are details.
    public var brief: TextTable {
        let kept = columns.indices.filter { !columns[$0].isDetail }
        return TextTable(
            kept.map { columns[$0] }, rows: rows.map { row in kept.map { row[$0] } })
    }

    /// The table for people, no line feed at its end. A control character in a cell is shown as an
    /// escape, so that no label can write to the terminal.
    ///
    /// - Parameters:
    ///   - width: Of the terminal, in characters. Texts are shortened so that a line fits where that
    ///     is possible. Nil for any width.
    ///   - hasHeader: Whether the names of the columns are shown.
    public func text(
        width: Int? = nil, style: TextStyle = .plain, hasHeader: Bool = true
    ) -> String {
        let cells = rows.map { $0.map(Self.shown) }
        var widths = columns.indices.map { column in
            max(
                hasHeader ? columns[column].name.count : 0,
                cells.lazy.map { $0[column].count }.max() ?? 0)
        }
        if let width { fit(&widths, into: width) }
        var lines: [String] = []
        if hasHeader {
            lines.append(style.bold(line(columns.map(\.name), widths)))
            lines.append(
                style.faint(
                    widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")))
        }
        lines += cells.map { line($0, widths) }
        return lines.joined(separator: "\n")
    }

    /// Comma-separated values as RFC 4180 has them, with a header and line feeds.
    public func csv(hasHeader: Bool = true) -> String {
        let all = (hasHeader ? [columns.map(\.name)] : []) + rows
        return all.map { $0.map(Self.quoted).joined(separator: ",") }.joined(separator: "\n")
    }

    // MARK: - Laying out

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var out = ""
        for (column, cell) in cells.enumerated() {
            let text = cell.count > widths[column] ? cell.prefix(widths[column] - 1) + "…" : cell
            let padding = String(repeating: " ", count: widths[column] - text.count)
            if column > 0 { out += "  " }
            out += columns[column].isNumber ? padding + text : text + padding
        }
        while out.last == " " { out.removeLast() }
        return out
    }

    /// Takes width from the widest texts until a line fits, or none can be shortened any more.
    private func fit(_ widths: inout [Int], into width: Int) {
        var excess = widths.reduce(2 * max(0, columns.count - 1), +) - width
        while excess > 0 {
            let texts = widths.indices.filter {
                !columns[$0].isNumber && widths[$0] > Self.narrowest
            }
            guard let widest = texts.max(by: { widths[$0] < widths[$1] }) else { return }
            // Down to the next one at once, as a cell may have a million characters.
            let next = texts.filter { $0 != widest }.map { widths[$0] }.max() ?? Self.narrowest
            let taken = min(excess, max(1, widths[widest] - max(next, Self.narrowest)))
            widths[widest] -= taken
            excess -= taken
        }
    }

    /// A text in one line, control characters as escapes.
    public static func shown(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case _ where isControl(scalar):
                out += "\\u{\(String(scalar.value, radix: 16))}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            || (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }

    private static func quoted(_ cell: String) -> String {
        let needsQuotes = cell.unicodeScalars.contains {
            $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r"
        }
        guard needsQuotes else { return cell }
        var out = "\""
        for scalar in cell.unicodeScalars {
            if scalar == "\"" { out += "\"" }
            out.unicodeScalars.append(scalar)
        }
        return out + "\""
    }
}

/// Whether texts have colours.
public struct TextStyle: Sendable, Equatable {
    public var hasColours: Bool

    public static let plain = TextStyle(hasColours: false)
    public static let coloured = TextStyle(hasColours: true)

    /// Colours of lines, one after the other.
    private static let palette = [32, 33, 36, 35, 34, 31]

    public init(hasColours: Bool) { self.hasColours = hasColours }

    public func bold(_ text: String) -> String { wrapped(text, "1") }
    public func faint(_ text: String) -> String { wrapped(text, "2") }
    public func good(_ text: String) -> String { wrapped(text, "32") }
    public func bad(_ text: String) -> String { wrapped(text, "31") }

    /// In the colour of the line with that number.
    public func line(_ number: Int, _ text: String) -> String {
        wrapped(text, String(Self.palette[number % Self.palette.count]))
    }

    private func wrapped(_ text: String, _ code: String) -> String {
        hasColours && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
