import UpstreamSettings

/// A piece of a YAML document with its place, after substitution of variables.
struct ConfigurationNode {
    struct Entry {
        var key: String
        var line: Int
        var column: Int
        var value: ConfigurationNode
    }

    enum Content {
        case null
        case scalar(String)
        case list([ConfigurationNode])
        case mapping([Entry])
        /// A value whose variables cannot be put in. That is reported when it is read: it does no
        /// harm in a value that is ignored.
        case unusable(problem: String, mend: String)
    }

    var line: Int
    var column: Int
    /// As `projects[0].name`; "" for the root.
    var keyPath: String
    var content: Content
    /// The project file that has the node; nil for the configuration file itself.
    var file: String?

    /// What it is, for texts about what it should have been.
    var kindName: String {
        switch content {
        case .null: "nothing"
        case .scalar: "a single value"
        case .list: "a list"
        case .mapping: "a mapping"
        case .unusable: "unusable"
        }
    }

    /// The value of a key, for looking at a document before it is read.
    func value(of key: String) -> ConfigurationNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// Whether it says anything but `false` or nothing.
    var isSwitchedOn: Bool {
        switch content {
        case .null: false
        case .scalar(let text): !["", "false", "no", "off"].contains(text.lowercased())
        case .list(let elements): !elements.isEmpty
        case .mapping(let entries): !entries.isEmpty
        case .unusable: true
        }
    }

    var scalar: String? {
        guard case .scalar(let text) = content else { return nil }
        return text
    }
}

/// `${NAME}` and `$NAME` in values. `$$` stands for one `$`; a `$` that begins neither stays.
/// Values that were put in are not looked at again, and never parsed as YAML. Line ends around them
/// are left out, as shells do.
struct VariableSubstitution {
    let environment: [String: String]

    enum Failure: Error, Equatable {
        /// `${` without a `}`, or with something that is not a name between them. What is there is
        /// not told: it may be a part of a password.
        case malformed
        /// A variable that is not set.
        case unset(String)
    }

    /// - Parameter onTrim: is told the variables around whose values line ends were left out.
    func expand(
        _ text: String, onTrim: (String) -> Void = { _ in }
    ) throws(Failure) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var out = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            out += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.hasPrefix("$") {
                out += "$"
                rest = rest.dropFirst()
            } else if rest.hasPrefix("{") {
                guard let close = rest.firstIndex(of: "}") else { throw .malformed }
                let name = rest[rest.index(after: rest.startIndex)..<close]
                guard Self.isName(name) else { throw .malformed }
                out += try value(of: name, onTrim)
                rest = rest[rest.index(after: close)...]
            } else {
                let name = rest.prefix { Self.isNameCharacter($0) }
                if Self.isName(name) {
                    out += try value(of: name, onTrim)
                    rest = rest.dropFirst(name.count)
                } else {
                    out += "$"
                }
            }
        }
        return out + rest
    }

    private func value(
        of name: Substring, _ onTrim: (String) -> Void
    ) throws(Failure) -> String {
        guard let value = environment[String(name)] else { throw .unset(String(name)) }
        let trimmed = SecretText.trimmed(value)
        if !trimmed.utf8.elementsEqual(value.utf8) { onTrim(String(name)) }
        return trimmed
    }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character == "_" || character.isASCII && (character.isLetter || character.isNumber)
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.first else { return false }
        return !first.isNumber && text.allSatisfy(isNameCharacter)
    }
}

/// What was found while reading: errors are gathered, not thrown, so that all are told at once.
struct ConfigurationReport {
    private(set) var errors: [ConfigurationError] = []
    /// Indices of the errors that may only follow from others, as one of a name does whose definition
    /// has an error of its own.
    private var consequences: Set<Int> = []
    /// Mappings with unknown keys: what they lack may only be misspelt.
    private var misspelt: Set<Place> = []
    /// Indices of the errors about unknown keys.
    private var unknownKeys: Set<Int> = []
    /// Unusable values that were reported.
    private var unusable: Set<Place> = []

    private struct Place: Hashable {
        var file: String?
        var line: Int?
        var column: Int?

        init(_ node: ConfigurationNode) {
            file = node.file
            line = node.line
            column = node.column
        }

        init(_ error: ConfigurationError) {
            file = error.file
            line = error.line
            column = error.column
        }
    }

    private(set) var notes: [ConfigurationNote] = []

    mutating func error(
        at node: ConfigurationNode, subject: String? = nil, _ problem: String, mend: String? = nil
    ) {
        errors.append(
            ConfigurationError(
                file: node.file, line: node.line, column: node.column, keyPath: node.keyPath,
                subject: subject, problem: problem, mend: mend))
    }

    mutating func error(_ error: ConfigurationError) { errors.append(error) }

    /// An error that may only follow from others, and is told behind them.
    mutating func consequence(
        at node: ConfigurationNode, subject: String? = nil, _ problem: String, mend: String? = nil
    ) {
        consequences.insert(errors.count)
        error(at: node, subject: subject, problem, mend: mend)
    }

    /// An error about a key that a mapping may not have. What is told at the mapping itself, such as a
    /// key that it lacks, then comes behind it.
    mutating func unknownKey(
        in mapping: ConfigurationNode, at key: ConfigurationNode, subject: String? = nil,
        _ problem: String, mend: String?
    ) {
        misspelt.insert(Place(mapping))
        unknownKeys.insert(errors.count)
        error(at: key, subject: subject, problem, mend: mend)
    }

    /// Reports, once, why a value is unusable; false for one that is not.
    mutating func errorIfUnusable(_ node: ConfigurationNode) -> Bool {
        guard case .unusable(let problem, let mend) = node.content else { return false }
        if unusable.insert(Place(node)).inserted {
            error(at: node, problem, mend: mend)
        }
        return true
    }

    mutating func note(at node: ConfigurationNode?, _ text: String) {
        notes.append(
            ConfigurationNote(
                file: node?.file, line: node?.line, keyPath: node?.keyPath ?? "", text: text))
    }

    /// Causes before consequences; of either those of the configuration file first, then by file, in
    /// the order of the document; of one place in the order found.
    var sortedErrors: [ConfigurationError] {
        errors.enumerated().sorted { a, b in
            func place(
                _ error: (offset: Int, element: ConfigurationError)
            ) -> (
                Int, String, Int, Int, Int
            ) {
                let (offset, error) = error
                let follows =
                    consequences.contains(offset)
                    || misspelt.contains(Place(error)) && !unknownKeys.contains(offset)
                return (
                    follows ? 1 : 0, error.file ?? "", error.line ?? 0,
                    error.column ?? 0, offset
                )
            }
            return place(a) < place(b)
        }.map(\.element)
    }
}
