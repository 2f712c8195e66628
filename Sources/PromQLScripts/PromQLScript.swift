/// A script that loads series and says what queries over them must give: the language of the
/// Prometheus project's PromQL tests (`promql/promqltest`).
public struct PromQLScript: Sendable {
    public private(set) var commands: [ScriptCommand] = []

    /// Reads a script. Lines are trimmed, lines that begin with `#` count as empty, and an empty
    /// line ends a command.
    public init(parsing text: String) throws(ScriptSyntaxError) {
        var lines = ScriptLines(text)
        while let line = lines.nextCommandLine() {
            let keyword = line.text.prefix { !$0.isWhitespace }
            if keyword == "clear" {
                commands.append(.clear)
            } else if keyword.hasPrefix("load") {
                commands.append(.load(try LoadCommand(line, &lines)))
            } else if keyword.hasPrefix("eval") {
                commands.append(.evaluate(try EvaluateCommand(line, &lines)))
            } else {
                throw line.error("invalid command \"\(line.text)\"")
            }
        }
    }
}

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

/// One command of a script.
public enum ScriptCommand: Sendable {
    case clear
    case load(LoadCommand)
    case evaluate(EvaluateCommand)
}

/// A script that cannot be read.
public struct ScriptSyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1.
    public var line: Int
    public var reason: String

    public init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }

    public var description: String { "line \(line): \(reason)" }
}

/// What is wrong with a part of a line; the reader of the line adds where.
struct NotationError: Error, Equatable {
    var reason: String
    init(_ reason: String) { self.reason = reason }
}
