/// The keys that a section of the configuration may have, in the order in which they are
/// documented and printed. Reading, the refusal of unknown keys, the JSON schema and the check of
/// docs/configuration.md all go by it.
struct SectionShape: Sendable {
    struct Key: Sendable {
        var name: String
        var type: SettingType
        /// What the schema says of it.
        var text: String
        /// What it is when it is left out, for the schema; nil where that is nothing.
        var standard: SchemaValue?
        var isRequired = false
        /// Whether it names something on the gateway's machine, so that it can stand in the
        /// configuration file alone.
        var isOfThisMachine = false
    }

    /// The name under which the schema defines it once; nil for a section that has one place.
    var definition: String?
    var keys: [Key]
    /// Other spellings that are accepted.
    var aliases: [String: String] = [:]
    /// Keys that Coroot knows and that mean nothing to a gateway of metrics.
    var ignored: Set<String> = []
    /// Keys of Coroot's without which the rest would mean something else, and what to do instead.
    var refused: [String: String] = [:]
    /// Keys that other programs have in such a section for what the gateway cannot do, and what to do
    /// instead.
    var unsupported: [String: String] = [:]
    /// Keys of former versions, and what to do instead.
    var removed: [String: String] = [:]

    init(definition: String? = nil, _ keys: [Key]) {
        self.definition = definition
        self.keys = keys
    }

    /// As paths: `projects[].prometheus.url`. Names of the user's own choice are `<name>`.
    func keyPaths(_ prefix: String = "") -> [String] {
        keys.flatMap { key -> [String] in
            let path = prefix + key.name
            switch key.type {
            case .section(let inner): return [path] + inner.keyPaths(path + ".")
            case .sections(let inner): return [path] + inner.keyPaths(path + "[].")
            case .mapping: return [path, path + ".<name>"]
            case .poolMapping:
                return [path, path + ".<name>"] + PoolSection.shape.keyPaths(path + ".<name>.")
            case .text, .nonEmptyText, .shared, .choice, .choices: return [path]
            }
        }
    }

    /// The keys here and in the sections within for which something holds.
    func names(where holds: (Key) -> Bool) -> Set<String> {
        keys.reduce(into: []) { names, key in
            if holds(key) { names.insert(key.name) }
            switch key.type {
            case .section(let inner), .sections(let inner):
                names.formUnion(inner.names(where: holds))
            case .text, .nonEmptyText, .shared, .choice, .choices, .mapping, .poolMapping: break
            }
        }
    }
}

/// What may stand at a key.
indirect enum SettingType: Sendable {
    /// Types that the schema defines once.
    enum Shared: String, CaseIterable, Sendable {
        case variable, duration, size, count, share, flag, projectName, names
    }

    case text
    case nonEmptyText
    case shared(Shared)
    case choice([String])
    /// A list of them.
    case choices([String])
    /// Texts by names of the user's own choice.
    ///
    /// - Parameters:
    ///   - names: The regular expression for the names; nil for any.
    ///   - most: How many there may be; nil for any number.
    case mapping(names: String? = nil, most: Int? = nil)
    /// Lists of names by names of the user's own choice, none of them empty.
    case poolMapping
    case section(SectionShape)
    case sections(SectionShape)

    var isMapping: Bool {
        switch self {
        case .mapping, .poolMapping: true
        case .text, .nonEmptyText, .shared, .choice, .choices, .section, .sections: false
        }
    }

    static let duration = SettingType.shared(.duration)
    static let size = SettingType.shared(.size)
    static let count = SettingType.shared(.count)
    static let share = SettingType.shared(.share)
    static let flag = SettingType.shared(.flag)
    static let projectName = SettingType.shared(.projectName)
    static let names = SettingType.shared(.names)
}

/// A JSON value whose keys keep their order.
indirect enum SchemaValue: Sendable {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([SchemaValue])
    case object([(name: String, value: SchemaValue)])

    /// Indented by two blanks a level.
    func json(_ indentation: String = "") -> String {
        let inner = indentation + "  "
        switch self {
        case .text(let text): return Self.quoted(text)
        case .number(let number): return String(number)
        case .flag(let flag): return flag ? "true" : "false"
        case .list(let elements):
            if elements.isEmpty { return "[]" }
            let lines = elements.map { inner + $0.json(inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(indentation)]"
        case .object(let pairs):
            if pairs.isEmpty { return "{}" }
            let lines = pairs.map { "\(inner)\(Self.quoted($0.name)): \($0.value.json(inner))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indentation)}"
        }
    }

    /// No text of a schema holds a control character.
    private static func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }
}
