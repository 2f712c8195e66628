import Foundation

/// A JSON document, as the API and the store hold the definitions of projects. It has the shape of
/// the configuration file, and is read by the same rules.
public indirect enum DocumentValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number as written.
    case number(String)
    case text(String)
    case list([DocumentValue])
    case mapping([String: DocumentValue])

    /// Reads what somebody sent.
    ///
    /// - Throws: `StoreRefusal.invalid` for what is not JSON, and for what is beyond
    ///   `DocumentLimits`.
    public init(json bytes: [UInt8]) throws(StoreRefusal) {
        try DocumentLimits.check(bytes)
        try self.init(written: bytes)
    }

    /// Reads what this program wrote. A file's project may be larger than one that is sent.
    init(written bytes: [UInt8]) throws(StoreRefusal) {
        do {
            self = try JSONDecoder().decode(DocumentValue.self, from: Data(bytes))
        } catch {
            throw .invalid("the body is not JSON")
        }
    }

    /// The same document always gives the same bytes.
    public var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // No value of this type is beyond JSON.
        return (try? encoder.encode(self)).map { Array($0) } ?? []
    }

    public subscript(key: String) -> DocumentValue? {
        get {
            guard case .mapping(let pairs) = self else { return nil }
            return pairs[key]
        }
        set {
            guard case .mapping(var pairs) = self else { return }
            pairs[key] = newValue
            self = .mapping(pairs)
        }
    }

    public var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    /// As a piece of a configuration file, in which nothing is substituted.
    func node(keyPath: String = "") -> ConfigurationNode {
        let content: ConfigurationNode.Content
        switch self {
        case .null: content = .null
        case .bool(let value): content = .scalar(value ? "true" : "false")
        case .number(let text), .text(let text): content = .scalar(text)
        case .list(let elements):
            content = .list(
                elements.enumerated().map { $0.element.node(keyPath: "\(keyPath)[\($0.offset)]") })
        case .mapping(let pairs):
            content = .mapping(
                pairs.sorted { $0.key < $1.key }.map { key, value in
                    let path = keyPath.isEmpty ? key : "\(keyPath).\(key)"
                    return ConfigurationNode.Entry(
                        key: key, line: 0, column: 0, value: value.node(keyPath: path))
                })
        }
        return ConfigurationNode(line: 0, column: 0, keyPath: keyPath, content: content)
    }
}

/// How large a document may be. Whatever is beyond is refused before memory is spent on it.
public enum DocumentLimits {
    public static let bytes = 1 << 20
    /// Lists and mappings within each other.
    static let depth = 32
    /// Keys and values.
    static let values = 50_000

    /// Looks at the marks of JSON alone: whether it is JSON at all is found out later.
    static func check(_ document: [UInt8]) throws(StoreRefusal) {
        guard document.count <= bytes else {
            throw .invalid(
                "the document has \(document.count) bytes; \(bytes) are allowed")
        }
        var depth = 0
        var values = 1
        var isInText = false
        var isEscaped = false
        for (offset, byte) in document.enumerated() {
            if isInText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInText = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                values += 1
                guard depth <= Self.depth else {
                    throw .invalid(
                        "lists and objects stand too deep within each other at byte "
                            + "\(offset + 1); \(Self.depth) are allowed")
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: ","), UInt8(ascii: ":"): values += 1
            default: break
            }
            guard values <= Self.values else {
                throw .invalid(
                    "there are too many keys and values at byte \(offset + 1); "
                        + "\(Self.values) are allowed")
            }
        }
    }
}

extension DocumentValue: Codable {
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public init(from decoder: any Decoder) throws {
        if let pairs = try? decoder.container(keyedBy: Key.self) {
            var mapping: [String: DocumentValue] = [:]
            for key in pairs.allKeys {
                mapping[key.stringValue] = try pairs.decode(DocumentValue.self, forKey: key)
            }
            self = .mapping(mapping)
            return
        }
        if var elements = try? decoder.unkeyedContainer() {
            var list: [DocumentValue] = []
            while !elements.isAtEnd { list.append(try elements.decode(DocumentValue.self)) }
            self = .list(list)
            return
        }
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            self = .null
        } else if let value = try? single.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? single.decode(Int64.self) {
            self = .number(String(value))
        } else if let value = try? single.decode(Double.self) {
            self = .number(String(value))
        } else {
            self = .text(try single.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .mapping(let pairs):
            var container = encoder.container(keyedBy: Key.self)
            for (key, value) in pairs {
                try container.encode(value, forKey: Key(stringValue: key))
            }
        case .list(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .null, .bool, .number, .text:
            var container = encoder.singleValueContainer()
            switch self {
            case .bool(let value): try container.encode(value)
            case .text(let text): try container.encode(text)
            case .number(let text):
                if let whole = Int64(text) {
                    try container.encode(whole)
                } else {
                    try container.encode(Double(text) ?? 0)
                }
            case .null, .list, .mapping: try container.encodeNil()
            }
        }
    }
}
