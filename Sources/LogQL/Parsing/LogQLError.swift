/// Why a query is refused, in the words of Loki.
public struct LogQLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The reason alone.
    public let message: String
    /// From 1; 0 where Loki tells none.
    public let line: Int
    /// From 1, in characters; 0 where Loki tells none.
    public let column: Int
    /// The whole text, which is the body of a 400: `parse error at line 1, col 9: …`, or without a
    /// place `parse error : …`.
    public let description: String

    init(_ message: String, at position: Position = .none) {
        self.message = message
        line = position.line
        column = position.column
        description =
            position == .none
            ? "parse error : \(message)"
            : "parse error at line \(position.line), col \(position.column): \(message)"
    }

    /// A text that stands alone.
    private init(alone message: String) {
        self.message = message
        (line, column) = (0, 0)
        description = message
    }

    /// That more than a selector was written where no more may be.
    static let onlyMatchers = LogQLError(alone: "only label matchers are supported")

    static let tooDeep = LogQLError(
        "the query has more than \(LogQLQuery.maximumDepth) levels")

    /// That a selector accepts streams without any of its labels.
    static let acceptsEverything = LogQLError(
        "queries require at least one regexp or equality matcher that does not have an "
            + #"empty-compatible value. For instance, app=~".*" does not meet this requirement, "#
            + #"but app=~".+" will"#)

    /// Of a stage that cannot be built.
    init(stage: String, _ reason: String) { self.init("stage '\(stage)' : \(reason)") }
}
