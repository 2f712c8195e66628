/// What became of a script.
public struct ScriptReport: Sendable {
    /// A query that did not give what the script says.
    public struct Failure: Sendable, CustomStringConvertible {
        /// From 1.
        public var line: Int
        public var query: String
        public var reason: String

        public var description: String { "line \(line): \(query): \(reason)" }
    }

    public var name: String
    /// Queries that gave what the script says, each counted once however often it was varied.
    public var passed = 0
    public var failures: [Failure] = []

    public init(name: String) { self.name = name }

    /// `name  passed / failed`
    public var summary: String { "\(name)  \(passed) / \(failures.count)" }
}
