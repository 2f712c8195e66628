/// One thing wrong with a configuration: where, what, and how to mend it.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A project file; nil for the configuration file itself.
    public var file: String?
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
        file: String? = nil, line: Int? = nil, column: Int? = nil, keyPath: String = "",
        subject: String? = nil, problem: String, mend: String? = nil
    ) {
        self.file = file
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

/// Why a name of the user's choice cannot be given, and what to do instead.
struct NameRefusal: Error, Hashable {
    var problem: String
    var mend: String
}

/// Everything wrong with a configuration, in the order of the file.
public struct ConfigurationErrors: Error, Sendable, Hashable, CustomStringConvertible {
    public var path: String
    public var errors: [ConfigurationError]

    public init(path: String, errors: [ConfigurationError]) {
        self.path = path
        self.errors = errors
    }

    /// One line an error: `FILE:LINE:COLUMN: KEY: PROBLEM; MEND`.
    public var description: String {
        errors.map { error in
            let path = error.file ?? path
            return error.line == nil ? "\(path): \(error)" : "\(path):\(error)"
        }.joined(separator: "\n")
    }
}

/// Something in a configuration that is allowed but worth saying.
public struct ConfigurationNote: Sendable, Hashable, CustomStringConvertible {
    /// A project file; nil for the configuration file itself.
    public var file: String?
    /// 1-based; nil when it concerns no one line.
    public var line: Int?
    /// As `projects[2].apiKeys[0].keySecret`; "" for the whole document.
    public var keyPath: String
    public var text: String

    public init(file: String? = nil, line: Int?, keyPath: String, text: String) {
        self.file = file
        self.line = line
        self.keyPath = keyPath
        self.text = text
    }

    public var description: String {
        "\(file.map { "\($0): " } ?? "")\(line.map { "line \($0): " } ?? "")\(keyPath.isEmpty ? "" : "\(keyPath): ")\(text)"
    }
}
