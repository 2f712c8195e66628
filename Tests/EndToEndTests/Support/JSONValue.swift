import RealServers
import TestSupport

/// JSON with its numbers kept as text and its keys in order: the wire is what is compared.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Equatable, Sendable {
        var key: String
        var value: JSONValue
    }

    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    var items: [JSONValue]? {
        guard case .array(let items) = self else { return nil }
        return items
    }

    var strings: [String] { items?.compactMap(\.text) ?? [] }

    init(parsing bytes: [UInt8]) throws {
        var reader = JSONReader(bytes: bytes)
        self = try reader.value()
        reader.skipBlanks()
        guard reader.isAtEnd else { throw TestFailure("text after the JSON value") }
    }
}

extension HTTPAnswer {
    func json() throws -> JSONValue {
        do {
            return try JSONValue(parsing: body)
        } catch {
            throw TestFailure("\(error); status \(status), body \(text.prefix(300))")
        }
    }
}
