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
        /// Already reported, so nothing more is said about it.
        case unusable
    }

    var line: Int
    var column: Int
    /// As `projects[0].name`; "" for the root.
    var keyPath: String
    var content: Content

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

    var scalar: String? {
        guard case .scalar(let text) = content else { return nil }
        return text
    }
}
