/// Something in a configuration that is allowed but worth saying.
public struct ConfigurationNote: Sendable, Hashable, CustomStringConvertible {
    /// 1-based; nil when it concerns no one line.
    public var line: Int?
    /// As `projects[2].apiKeys[0].keySecret`; "" for the whole document.
    public var keyPath: String
    public var text: String

    public init(line: Int?, keyPath: String, text: String) {
        self.line = line
        self.keyPath = keyPath
        self.text = text
    }

    public var description: String {
        "\(line.map { "line \($0): " } ?? "")\(keyPath.isEmpty ? "" : "\(keyPath): ")\(text)"
    }
}
