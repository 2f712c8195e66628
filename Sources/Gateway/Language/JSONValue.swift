import PrometheusAPI

/// A small JSON document, for answers that are trees and not streams.
enum JSONValue: Sendable, Equatable {
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

    static func == (lhs: JSONValue, rhs: JSONValue) -> Bool { lhs.bytes == rhs.bytes }

    static func integer(_ value: Int64) -> JSONValue { .number(String(value)) }

    static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    /// Keys in alphabetical order, as Go writes maps.
    static func sortedObject(_ pairs: [(key: String, value: JSONValue)]) -> JSONValue {
        .object(pairs.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    }

    var bytes: [UInt8] {
        var out: [UInt8] = []
        append(to: &out)
        return out
    }

    func append(to out: inout [UInt8]) {
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
