/// One line of a script, trimmed.
struct ScriptLine {
    var text: Substring
    /// From 1.
    var number: Int

    func error(_ reason: String) -> ScriptSyntaxError {
        ScriptSyntaxError(line: number, reason: reason)
    }

    /// Reads a part of the line; what goes wrong goes wrong here.
    func reading<T>(
        _ body: () throws(NotationError) -> T
    ) throws(ScriptSyntaxError) -> T {
        do throws(NotationError) {
            return try body()
        } catch {
            throw self.error(error.reason)
        }
    }

    /// What follows a word at the start of the text, or nil when it does not begin so.
    func after(_ prefix: String) -> Substring? {
        guard text.hasPrefix(prefix) else { return nil }
        return ScriptLines.trimmed(text.dropFirst(prefix.count))
    }
}

/// Goes through the lines of a script.
struct ScriptLines {
    private let lines: [Substring]
    private var index = 0

    init(_ text: String) {
        lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
            .map { line in
                let trimmed = Self.trimmed(line)
                return trimmed.hasPrefix("#") ? "" : trimmed
            }
    }

    static func trimmed(_ text: Substring) -> Substring {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return text[first...last]
    }

    /// The next line that is not empty.
    mutating func nextCommandLine() -> ScriptLine? {
        while index < lines.count, lines[index].isEmpty { index += 1 }
        return nextLine()
    }

    /// The next line of the current command.
    mutating func nextLine() -> ScriptLine? {
        guard index < lines.count, !lines[index].isEmpty else { return nil }
        index += 1
        return ScriptLine(text: lines[index - 1], number: index)
    }
}
