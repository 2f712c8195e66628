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
