/// Writes messages of protobuf. Empty texts and zeros are left out, as proto3 has it.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func raw(_ more: [UInt8]) { bytes += more }

    mutating func number(_ field: Int, _ value: UInt64, evenZero: Bool = false) {
        guard value != 0 || evenZero else { return }
        varint(UInt64(field) << 3)
        varint(value)
    }

    mutating func fixed(_ field: Int, _ value: UInt64) {
        varint(UInt64(field) << 3 | 1)
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    mutating func double(_ field: Int, _ value: Double) {
        if value != 0 { fixed(field, value.bitPattern) }
    }

    mutating func bytes(_ field: Int, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        message(field) { $0.raw(value) }
    }

    mutating func text(_ field: Int, _ value: String) { bytes(field, Array(value.utf8)) }

    mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
        var inside = ProtobufWriter()
        body(&inside)
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(inside.bytes.count))
        bytes += inside.bytes
    }

    /// Numbers one after the other in one field.
    mutating func packed(_ field: Int, _ values: [Int64]) {
        guard !values.isEmpty else { return }
        message(field) { inside in
            for value in values { inside.varint(UInt64(bitPattern: value)) }
        }
    }

    private mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7F) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }
}

/// A field of a message of protobuf.
package struct ProtobufField: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case number(UInt64)
        case bytes([UInt8])
    }

    package var number: Int
    package var value: Value

    /// The fields of a message in their order; nil where it is none.
    package static func fields(of message: [UInt8]) -> [ProtobufField]? {
        var fields: [ProtobufField] = []
        var rest = message[...]
        func varint() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard let byte = rest.popFirst() else { return nil }
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }
        func fixed(_ count: Int) -> UInt64? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        while !rest.isEmpty {
            guard let tag = varint() else { return nil }
            let value: Value
            switch tag & 7 {
            case 0:
                guard let number = varint() else { return nil }
                value = .number(number)
            case 1, 5:
                guard let number = fixed(tag & 7 == 1 ? 8 : 4) else { return nil }
                value = .number(number)
            case 2:
                guard let count = varint(), count <= UInt64(rest.count) else { return nil }
                value = .bytes(Array(rest.prefix(Int(count))))
                rest = rest.dropFirst(Int(count))
            default: return nil
            }
            fields.append(ProtobufField(number: Int(tag >> 3), value: value))
        }
        return fields
    }

    package var number64: UInt64 {
        guard case .number(let number) = value else { return 0 }
        return number
    }

    package var bytes: [UInt8] {
        guard case .bytes(let bytes) = value else { return [] }
        return bytes
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }
}

enum Base64Text {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = 0
            for offset in 0..<3 {
                let index = start + offset
                bits = bits << 8 | (index < bytes.count ? Int(bytes[index]) : 0)
            }
            for place in 0..<4 {
                let isFilled = place <= group.count
                out.append(isFilled ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
