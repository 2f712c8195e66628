/// A JSON value whose objects keep their order and whose numbers keep their text.
package enum JSONNode: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONNode])
    case object([Member])

    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: JSONNode

        package init(_ name: String, _ value: JSONNode) {
            self.name = name
            self.value = value
        }
    }

    /// The value of a whole text; nil where it is not JSON.
    package init?(_ bytes: [UInt8]) {
        var scanner = JSONScanner(bytes)
        guard let node = try? scanner.value(), scanner.isAtEnd else { return nil }
        self = node
    }

    package init?(_ text: String) { self.init(Array(text.utf8)) }

    /// An object of texts, ordered by name.
    package init(_ labels: [String: String]) {
        self = .object(
            labels.sorted { $0.key < $1.key }.map { Member($0.key, .string($0.value)) })
    }

    package init(_ number: some BinaryInteger) { self = .number(String(number)) }

    package subscript(_ name: String) -> JSONNode? { members.first { $0.name == name }?.value }

    /// Empty for what is no object.
    package var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    /// Empty for what is no list.
    package var elements: [JSONNode] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    package var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// An integer, written as a number or, as protobuf's JSON has large ones, as a text.
    package var integer: Int64? {
        switch self {
        case .number(let text), .string(let text): Int64(text)
        default: nil
        }
    }

    package var bytes: [UInt8] {
        var out: [UInt8] = []
        append(to: &out)
        return out
    }

    package func append(to out: inout [UInt8]) {
        switch self {
        case .null: out += Array("null".utf8)
        case .bool(let value): out += Array((value ? "true" : "false").utf8)
        case .number(let text): out += Array(text.utf8)
        case .string(let text): Self.appendQuoted(text, to: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                element.append(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                Self.appendQuoted(member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                member.value.append(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func appendQuoted(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var text = text
        if text.withUTF8(isPlain) {
            text.withUTF8 { out.append(contentsOf: $0) }
        } else {
            appendEscaped(text, to: &out)
        }
        out.append(UInt8(ascii: "\""))
    }

    /// Whether a text is written as it is. All that is not ASCII is looked at by scalars.
    private static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for index in 0..<bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { return false }
        }
        return true
    }

    private static func appendEscaped(_ text: String, to out: inout [UInt8]) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += [UInt8(ascii: "\\"), UInt8(ascii: "\"")]
            case "\\": out += [UInt8(ascii: "\\"), UInt8(ascii: "\\")]
            case "\n": out += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case "\r": out += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
            case "\t": out += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
            case "\u{0}"..."\u{1f}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                out += Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
            case _ where scalar.isASCII: out.append(UInt8(scalar.value))
            default: out += Array(UTF8.encode(scalar)!)
            }
        }
    }
}

/// Reads JSON step by step, so that what stands before a fault can be used.
struct JSONScanner {
    struct Malformed: Error {}

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(_ text: String) { self.init(Array(text.utf8)) }

    /// Whether nothing but white space is left.
    var isAtEnd: Bool {
        bytes[position...].allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    }

    /// The first byte of the next value.
    mutating func peek() -> UInt8? {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            case let byte: return byte
            }
        }
        return nil
    }

    mutating func value() throws(Malformed) -> JSONNode {
        switch peek() {
        case UInt8(ascii: "{"):
            var members: [JSONNode.Member] = []
            try self.members { name, scanner throws(Malformed) in
                members.append(.init(name, try scanner.value()))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONNode] = []
            position += 1
            if peek() == UInt8(ascii: "]") {
                position += 1
                return .array([])
            }
            while true {
                elements.append(try value())
                if try separator(closing: UInt8(ascii: "]")) { return .array(elements) }
            }
        case UInt8(ascii: "\""): return .string(try quoted())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    /// Calls the body with each name; it must read the value.
    mutating func members(
        _ each: (String, inout JSONScanner) throws(Malformed) -> Void
    ) throws(Malformed) {
        guard peek() == UInt8(ascii: "{") else { throw Malformed() }
        position += 1
        if peek() == UInt8(ascii: "}") {
            position += 1
            return
        }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw Malformed() }
            let name = try quoted()
            guard peek() == UInt8(ascii: ":") else { throw Malformed() }
            position += 1
            try each(name, &self)
            if try separator(closing: UInt8(ascii: "}")) { return }
        }
    }

    /// Whether the list or object ends here; false after a comma.
    private mutating func separator(closing: UInt8) throws(Malformed) -> Bool {
        let byte = peek()
        guard byte == closing || byte == UInt8(ascii: ",") else { throw Malformed() }
        position += 1
        return byte == closing
    }

    private mutating func word(_ text: String, _ node: JSONNode) throws(Malformed) -> JSONNode {
        guard bytes[position...].starts(with: text.utf8) else { throw Malformed() }
        position += text.utf8.count
        return node
    }

    private mutating func number() throws(Malformed) -> String {
        let start = position
        reading: while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                position += 1
            default: break reading
            }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard Double(text) != nil else { throw Malformed() }
        return text
    }

    private mutating func quoted() throws(Malformed) -> String {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != 0x22, bytes[position] != 0x5C {
            position += 1
        }
        var out = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: out, as: UTF8.self) }
            if byte != UInt8(ascii: "\\") {
                out.append(byte)
                continue
            }
            guard position < bytes.count else { break }
            let escape = bytes[position]
            position += 1
            switch escape {
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "u"): out += Array(String(try scalar()).utf8)
            default: out.append(escape)
            }
        }
        throw Malformed()
    }

    /// What `\u` stands for; two of them where it is a surrogate.
    private mutating func scalar() throws(Malformed) -> Character {
        let first = try unit()
        if let scalar = Unicode.Scalar(first) { return Character(scalar) }
        guard bytes[position...].starts(with: "\\u".utf8) else { return "\u{fffd}" }
        position += 2
        let second = try unit()
        guard (0xD800..<0xDC00).contains(first), (0xDC00..<0xE000).contains(second) else {
            return "\u{fffd}"
        }
        let code = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
        return Unicode.Scalar(code).map(Character.init) ?? "\u{fffd}"
    }

    private mutating func unit() throws(Malformed) -> UInt32 {
        let end = position + 4
        guard end <= bytes.count,
            let unit = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else { throw Malformed() }
        position = end
        return unit
    }
}
