import TimeSeries

/// A small JSON document, for answers that are trees and not streams.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// Digits as they are to stand.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// In the order written.
    case object([(key: String, value: JSONValue)])
    /// Names and values of labels, which are escaped less than other strings.
    case labels([(name: String, value: String)])

    public static func == (lhs: JSONValue, rhs: JSONValue) -> Bool { lhs.bytes == rhs.bytes }

    public static func integer(_ value: Int64) -> JSONValue { .number(String(value)) }

    public static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    /// An object whose values are strings.
    public static func strings(of pairs: [(key: String, value: String)]) -> JSONValue {
        .object(pairs.map { ($0.key, .string($0.value)) })
    }

    /// Keys in alphabetical order, as Go writes maps.
    public static func sortedObject(_ pairs: [(key: String, value: JSONValue)]) -> JSONValue {
        .object(pairs.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    }

    public var bytes: [UInt8] {
        var out: [UInt8] = []
        append(to: &out)
        return out
    }

    public func append(to out: inout [UInt8]) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let digits): out.append(contentsOf: digits.utf8)
        case .string(let text): JSONText.append(text, to: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                element.append(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let pairs):
            out.append(UInt8(ascii: "{"))
            for (index, pair) in pairs.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSONText.append(pair.key, to: &out)
                out.append(UInt8(ascii: ":"))
                pair.value.append(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        case .labels(let pairs):
            out.append(UInt8(ascii: "{"))
            for (index, pair) in pairs.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSONText.appendLabel(pair.name.utf8, to: &out)
                out.append(UInt8(ascii: ":"))
                JSONText.appendLabel(pair.value.utf8, to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }
}

extension JSONValue {
    private static let maximumDepth = 48

    /// Reads a whole document. Numbers stay as they are written, keys in their order.
    public init(parsing bytes: [UInt8]) throws(JSONCursor.Failure) {
        var cursor = JSONCursor(bytes)
        self = try Self.read(&cursor, bytes, depth: 0)
    }

    private static func read(
        _ cursor: inout JSONCursor, _ bytes: [UInt8], depth: Int
    ) throws(JSONCursor.Failure) -> JSONValue {
        guard depth < maximumDepth else { throw .malformed(cursor.position, "nested too deeply") }
        switch try cursor.peek() {
        case UInt8(ascii: "{"):
            var pairs: [(key: String, value: JSONValue)] = []
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                pairs.append((key, try read(&cursor, bytes, depth: depth + 1)))
            }
            return .object(pairs)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try cursor.array { (cursor) throws(JSONCursor.Failure) in
                elements.append(try read(&cursor, bytes, depth: depth + 1))
            }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try cursor.string())
        case UInt8(ascii: "t"):
            try cursor.skip()
            return .bool(true)
        case UInt8(ascii: "f"):
            try cursor.skip()
            return .bool(false)
        case UInt8(ascii: "n"):
            try cursor.skip()
            return .null
        default:
            return .number(String(decoding: bytes[try cursor.number()], as: UTF8.self))
        }
    }

    // MARK: Looking inside

    /// The first value of a key; nil when there is none, or no object.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let pairs) = self else { return nil }
        return pairs.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The elements of an array; none when it is null or something else.
    public var items: [JSONValue] {
        if case .array(let items) = self { items } else { [] }
    }

    /// A string's text.
    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// A number that is whole, and in the range of 64 bits.
    public var integer: Int64? {
        guard case .number(let digits) = self else { return nil }
        return Int64(digits) ?? Double(digits).flatMap { Int64(exactly: $0) }
    }

    /// The names and values of an object of strings.
    public var pairs: [(name: String, value: String)] {
        switch self {
        case .object(let pairs):
            pairs.compactMap { pair in pair.value.text.map { (name: pair.key, value: $0) } }
        case .labels(let pairs): pairs
        case .null, .bool, .number, .string, .array: []
        }
    }

    /// The object with one value changed; a key it does not have stays away.
    public func changing(_ key: String, _ change: (JSONValue) -> JSONValue) -> JSONValue {
        guard case .object(var pairs) = self else { return self }
        for index in pairs.indices where pairs[index].key.utf8.elementsEqual(key.utf8) {
            pairs[index].value = change(pairs[index].value)
        }
        return .object(pairs)
    }
}

extension JSONValue {
    /// The labels that an object of strings stands for.
    public var labelSet: LabelSet { LabelSet(pairs) }

    public static func labels(_ labels: LabelSet) -> JSONValue { .labels(Array(labels.pairs)) }
}
