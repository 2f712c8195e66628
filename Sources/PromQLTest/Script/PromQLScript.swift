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
