/// One thing wrong with a configuration: where, what, and how to mend it.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// 1-based; nil when the file could not be read at all.
    public var line: Int?
    public var column: Int?
    /// As `projects[2].remoteCoroot.url`; "" for the whole document.
    public var keyPath: String
    /// The name of the project or cluster the key belongs to, when there is one: `project prod-a`.
    public var subject: String?
    public var problem: String
    /// What to write instead.
    public var mend: String?

    public init(
        line: Int? = nil, column: Int? = nil, keyPath: String = "", subject: String? = nil,
        problem: String, mend: String? = nil
    ) {
        self.line = line
        self.column = column
        self.keyPath = keyPath
        self.subject = subject
        self.problem = problem
        self.mend = mend
    }

    /// `12:5: projects[1].remoteCoroot.url: project prod-a: <problem>; <mend>`.
    public var description: String {
        var parts: [String] = []
        if let line { parts.append("\(line):\(column ?? 1)") }
        if !keyPath.isEmpty { parts.append(keyPath) }
        if let subject { parts.append(subject) }
        parts.append(problem + (mend.map { "; \($0)" } ?? ""))
        return parts.joined(separator: ": ")
    }
}
