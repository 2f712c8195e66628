/// A value of a YAML document with its place. Aliases are replaced by what they repeat, and merge
/// keys (`<<`) by the pairs that they bring.
public struct YAMLNode: Sendable {
    public struct Pair: Sendable {
        public var key: String
        /// Of the key, 1-based.
        public var line: Int
        public var column: Int
        public var value: YAMLNode
    }

    public enum Content: Sendable {
        /// The text, and whether it is written without quotes: only then may `null` mean nothing.
        case scalar(String, isPlain: Bool)
        case list([YAMLNode])
        /// Every key once. A mapping's own pairs come first, in the order of the document; those
        /// that it merges follow.
        case mapping([Pair])
    }

    /// Where it is written, 1-based: of an alias, the place of what it repeats.
    public var line: Int
    public var column: Int
    public var content: Content
    /// How large it is with every alias within replaced.
    var size: Size

    struct Size: Sendable {
        var values = 1
        var bytes = 0
        var depth = 1

        mutating func contain(_ inner: Size) {
            values += inner.values
            bytes += inner.bytes
            depth = max(depth, inner.depth + 1)
        }
    }

    /// The value of a key; nil when there is none, and for what is no mapping.
    public subscript(key: String) -> YAMLNode? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// A key for messages: in one line, and not for long.
    public static func shown(_ key: String) -> String {
        let scalars = key.unicodeScalars
        let shown = scalars.prefix(128).map { scalar in
            scalar.properties.generalCategory == .control
                ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        return shown.joined() + (scalars.dropFirst(128).isEmpty ? "" : "…")
    }

    public var text: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }
}

/// Why a text is not read as YAML.
public struct YAMLFailure: Error, Sendable, Equatable {
    /// 1-based; nil when it concerns no one place.
    public var line: Int?
    public var column: Int?
    public var problem: String
    /// What to write instead.
    public var mend: String?

    init(line: Int? = nil, column: Int? = nil, problem: String, mend: String? = nil) {
        self.line = line
        self.column = column
        self.problem = problem
        self.mend = mend
    }

    static func tooDeep(line: Int, column: Int) -> YAMLFailure {
        YAMLFailure(
            line: line, column: column,
            problem: "lists and mappings stand too deep within each other")
    }
}

/// How large a text may be. Whatever is beyond is refused before memory is spent on it.
public struct YAMLLimits: Sendable {
    /// Bytes of the text. With all aliases replaced its keys and values may have twice as many.
    public var bytes: Int
    /// Keys and values of all documents, with all aliases replaced.
    public var values: Int
    /// Lists and mappings within each other.
    public var depth: Int
    /// Bytes of one key.
    public var keyBytes = 1024

    public init(bytes: Int = 8 << 20, values: Int = 200_000, depth: Int = 100) {
        self.bytes = bytes
        self.values = values
        self.depth = depth
    }
}
