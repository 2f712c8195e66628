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
            error.line == nil ? "\(path): \(error)" : "\(path):\(error)"
        }.joined(separator: "\n")
    }
}
