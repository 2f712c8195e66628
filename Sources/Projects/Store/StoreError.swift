/// Why something in the store could not be read or changed.
public enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The change breaks a rule; nothing was changed.
    case refused(StoreRefusal)
    /// The store cannot be reached or used. Holds no secret.
    case unavailable(String)

    public var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .unavailable(let reason): "the store is not available: \(reason)"
        }
    }
}

/// Which rule a change breaks.
public enum StoreRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was sent is wrong; every error at once.
    case invalid([ConfigurationError])
    case notFound(String)
    /// A name that is in use, or something that others refer to.
    case conflict(String)
    /// Defined in the configuration file, so not to be changed here.
    case readOnly(String)

    /// One thing that is wrong with what was sent.
    static func invalid(_ problem: String, mend: String? = nil) -> StoreRefusal {
        .invalid([ConfigurationError(problem: problem, mend: mend)])
    }

    /// Refuses a name or description of more than one line: it could forge lines of logs, and not
    /// every database can keep every character.
    static func checkLine(_ text: String, _ key: String) throws(StoreRefusal) {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return }
        throw .invalid([ConfigurationError(keyPath: key, problem: "holds a control character")])
    }

    public var description: String {
        switch self {
        case .invalid(let errors):
            // Lines and columns mean nothing in what a program sent.
            errors.map { error in
                var error = error
                error.line = nil
                return error.description
            }.joined(separator: "; ")
        case .notFound(let text), .conflict(let text), .readOnly(let text): text
        }
    }
}
