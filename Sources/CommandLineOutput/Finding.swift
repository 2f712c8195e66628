public import PrometheusWire

/// Something to say about a place in a file.
public struct Finding: Sendable, Equatable {
    public enum Severity: String, Sendable {
        case error
        case note
    }

    public var severity: Severity
    public var path: String
    /// 1-based; nil when it concerns no one line.
    public var line: Int?
    /// 1-based, in characters.
    public var column: Int?
    /// The whole text, without the place.
    public var text: String
    /// As `projects[2].url`; "" for the whole document.
    public var keyPath: String

    public init(
        _ severity: Severity, path: String, line: Int?, column: Int?, keyPath: String, text: String
    ) {
        self.severity = severity
        self.path = path
        self.line = line
        self.column = column
        self.keyPath = keyPath
        self.text = text
    }

    /// The place, then the text. With the source, its line and a caret follow.
    ///
    ///     tributary.yaml:3:9: projects[0].ulr: unknown key ulr; did you mean url?
    ///       3 | … ulr: …
    ///         |   ^^^
    public func text(in source: SourceText?, style: TextStyle) -> String {
        var place = path
        if let line { place += ":\(line)" + (column.map { ":\($0)" } ?? "") }
        let kind = severity == .note ? "note: " : ""
        let head = "\(style.bold(place)): \(kind)\(text)"
        guard let line, let column, let source,
            let excerpt = source.excerpt(line: line, column: column, said: text)
        else { return head }
        let number = "\(line)"
        let margin = String(repeating: " ", count: number.count)
        let carets = String(repeating: "^", count: excerpt.width)
        let indent = String(repeating: " ", count: excerpt.offset)
        return """
            \(head)
              \(number) | \(excerpt.text)
              \(margin) | \(indent)\(style.bad(carets))
            """
    }

    public var json: JSONValue {
        func number(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
        return .object([
            ("severity", .string(severity.rawValue)), ("file", .string(path)),
            ("line", number(line)), ("column", number(column)), ("keyPath", .string(keyPath)),
            ("text", .string(text)),
        ])
    }

    /// A command of GitHub's workflows, which shows the text beside the line of a change.
    public var githubCommand: String {
        var properties = ["file=\(Self.escaped(path, isProperty: true))"]
        if let line { properties.append("line=\(line)") }
        if let column { properties.append("col=\(column)") }
        let command = severity == .error ? "error" : "notice"
        return
            "::\(command) \(properties.joined(separator: ","))::\(Self.escaped(text, isProperty: false))"
    }

    private static func escaped(_ text: String, isProperty: Bool) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "%": out += "%25"
            case "\r": out += "%0D"
            case "\n": out += "%0A"
            case ":" where isProperty: out += "%3A"
            case "," where isProperty: out += "%2C"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}

/// The lines of a file of configuration, which may hold secrets.
public struct SourceText: Sendable {
    private let lines: [Substring]

    public init(_ text: String) {
        lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    }

    /// A part of a line to be shown.
    struct Excerpt: Equatable {
        var text: String
        /// Where the part meant begins in it, and how long that is; in characters.
        var offset: Int
        var width: Int
    }

    /// The key or value at a place. Of the rest of the line nothing but blanks, list signs and one
    /// key is shown, as other values may be secrets; a value itself only if it is said already.
    ///
    /// - Parameter said: What is said of it.
    /// - Returns: nil where there is nothing.
    func excerpt(line: Int, column: Int, said: String) -> Excerpt? {
        guard lines.indices.contains(line - 1), column >= 1 else { return nil }
        let scalars = Array(lines[line - 1].unicodeScalars)
        guard column <= scalars.count else { return nil }
        let (token, isKey) = Self.token(scalars[(column - 1)...])
        guard !token.isEmpty else { return nil }
        let before = String(String.UnicodeScalarView(scalars[..<(column - 1)]))
        let lead =
            Self.isHarmless(before)
            ? TextTable.shown(String(before.map { $0 == "\t" ? " " : $0 })) : "… "
        let isShown = isKey || said.contains(token.trimmingQuotes)
        let shown = isShown ? TextTable.shown(token) : "…"
        let rest = scalars[(column - 1 + token.unicodeScalars.count)...]
        let tail = isKey ? ":" : ""
        let hasMore = rest.dropFirst(tail.count).contains { $0 != " " && $0 != "\r" }
        return Excerpt(
            text: lead + shown + tail + (hasMore ? " …" : ""), offset: lead.count,
            width: max(1, shown.count))
    }

    /// The key or the scalar that begins here.
    private static func token(
        _ scalars: ArraySlice<Unicode.Scalar>
    ) -> (text: String, isKey: Bool) {
        var end = scalars.startIndex
        if let quote = scalars.first, quote == "\"" || quote == "'" {
            end = scalars.dropFirst().firstIndex(of: quote).map { $0 + 1 } ?? scalars.endIndex
        } else {
            while end < scalars.endIndex, !isEnd(scalars, at: end) { end += 1 }
        }
        let isKey = end < scalars.endIndex && isColon(scalars, at: end)
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[..<end])
        return (String(view), isKey)
    }

    private static func isColon(_ scalars: ArraySlice<Unicode.Scalar>, at index: Int) -> Bool {
        scalars[index] == ":" && (index + 1 >= scalars.endIndex || scalars[index + 1] == " ")
    }

    private static func isEnd(_ scalars: ArraySlice<Unicode.Scalar>, at index: Int) -> Bool {
        switch scalars[index] {
        case " ", "\t", "\r", ",", "]", "}", "#": true
        case ":": isColon(scalars, at: index)
        default: false
        }
    }

    /// Blanks, the signs of lists and mappings, and one key.
    private static func isHarmless(_ text: String) -> Bool {
        var rest = text.drop { " \t-[{\"'".contains($0) }
        guard !rest.isEmpty else { return true }
        let key = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        rest = rest.dropFirst(key.count)
        guard !key.isEmpty, rest.first == ":" else { return false }
        return rest.dropFirst().allSatisfy { " \t[{-\"'".contains($0) }
    }
}

extension String {
    fileprivate var trimmingQuotes: String {
        var text = self[...]
        while let first = text.first, first == "\"" || first == "'" { text = text.dropFirst() }
        while let last = text.last, last == "\"" || last == "'" { text = text.dropLast() }
        return String(text)
    }
}
