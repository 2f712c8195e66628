import TestSupport

/// Reads strict JSON from bytes.
struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }

    private var current: UInt8 { isAtEnd ? 0 : bytes[position] }

    mutating func skipBlanks() {
        while [0x20, 0x0a, 0x0d, 0x09].contains(current), !isAtEnd { position += 1 }
    }

    private mutating func expect(_ text: StaticString) throws {
        for byte in "\(text)".utf8 {
            guard current == byte, !isAtEnd else {
                throw TestFailure("JSON: expected \(text) at byte \(position)")
            }
            position += 1
        }
    }

    mutating func value() throws -> JSONValue {
        skipBlanks()
        switch current {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        default:
            let start = position
            while (0x30...0x39).contains(current) || Array("+-.eE".utf8).contains(current) {
                position += 1
            }
            guard position > start else {
                throw TestFailure("JSON: no value at byte \(position)")
            }
            return .number(String(decoding: bytes[start..<position], as: UTF8.self))
        }
    }

    private mutating func object() throws -> JSONValue {
        try expect("{")
        var members: [JSONValue.Member] = []
        skipBlanks()
        if current == UInt8(ascii: "}") {
            position += 1
            return .object([])
        }
        while true {
            skipBlanks()
            let key = try string()
            skipBlanks()
            try expect(":")
            members.append(.init(key: key, value: try value()))
            skipBlanks()
            if current == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try expect("}")
            return .object(members)
        }
    }

    private mutating func array() throws -> JSONValue {
        try expect("[")
        var items: [JSONValue] = []
        skipBlanks()
        if current == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            items.append(try value())
            skipBlanks()
            if current == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try expect("]")
            return .array(items)
        }
    }

    private mutating func string() throws -> String {
        try expect("\"")
        var text: [UInt8] = []
        while !isAtEnd {
            let byte = current
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                guard byte >= 0x20 else { throw TestFailure("JSON: raw control character") }
                text.append(byte)
                continue
            }
            let escape = current
            position += 1
            switch escape {
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "r"): text.append(0x0d)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0c)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
            case UInt8(ascii: "u"):
                var unit = try hexadecimal()
                if (0xd800..<0xdc00).contains(unit), current == UInt8(ascii: "\\") {
                    position += 2
                    unit = 0x10000 + ((unit - 0xd800) << 10) + (try hexadecimal() &- 0xdc00)
                }
                let scalar = Unicode.Scalar(unit) ?? "\u{fffd}"
                text += Array(String(Character(scalar)).utf8)
            default: throw TestFailure("JSON: bad escape at byte \(position)")
            }
        }
        throw TestFailure("JSON: string without end")
    }

    private mutating func hexadecimal() throws -> UInt32 {
        let digits = bytes[position..<min(position + 4, bytes.count)]
        guard digits.count == 4,
            let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw TestFailure("JSON: bad \\u escape at byte \(position)") }
        position += 4
        return unit
    }
}
