/// Why bytes are no protobuf message.
package enum WireError: Error, Sendable, Equatable {
    /// They end inside a field.
    case truncated
    case malformed(String)

    /// As a member's answer.
    var inAnswer: ScanError {
        switch self {
        case .truncated: .truncated
        case .malformed(let reason): .malformed(reason)
        }
    }
}

/// Walks the fields of one protobuf message without knowing what it is. Messages inside are given
/// as ranges and walked by readers of their own, so nothing is ever copied. Total: any bytes end
/// in fields or in an error.
package struct ProtobufReader {
    package enum Value: Equatable {
        case varint(UInt64)
        /// Text, bytes, or a message: where it stands.
        case bytes(Range<Int>)
        /// Eight bytes or four, where they stand.
        case fixed(Range<Int>)
    }

    package struct Field: Equatable {
        package var number: UInt64
        package var value: Value
        /// The whole field, its tag included.
        package var extent: Range<Int>
    }

    @usableFromInline package let bytes: [UInt8]
    @usableFromInline package var position: Int
    @usableFromInline let end: Int

    package init(_ bytes: [UInt8]) { self.init(bytes, bytes.indices) }

    /// `range` lies inside of the bytes.
    package init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field, nil behind the last.
    @inlinable package mutating func next() throws(WireError) -> Field? {
        if position >= end { return nil }
        let start = position
        let tag = try varint()
        let number = tag >> 3
        guard number > 0, number < 1 << 29 else { throw .malformed("an impossible field number") }
        let value: Value
        switch tag & 7 {
        case 0: value = .varint(try varint())
        case 1: value = .fixed(try take(8))
        case 2: value = .bytes(try take(try varint()))
        case 5: value = .fixed(try take(4))
        default: throw .malformed("an impossible wire type")
        }
        return Field(number: number, value: value, extent: start..<position)
    }

    @inlinable package mutating func varint() throws(WireError) -> UInt64 {
        // Most numbers are tags and lengths of one byte.
        if position < end, bytes[position] < 0x80 {
            defer { position += 1 }
            return UInt64(bytes[position])
        }
        return try longVarint()
    }

    @usableFromInline package mutating func longVarint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < end else { throw .truncated }
            let byte = bytes[position]
            position += 1
            // The tenth byte has room for one bit.
            if shift == 63, byte > 1 { throw .malformed("a number of more than 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    @inlinable mutating func take(_ count: UInt64) throws(WireError) -> Range<Int> {
        guard count <= UInt64(end - position) else { throw .truncated }
        let start = position
        position += Int(count)
        return start..<position
    }
}

/// The few shapes of protobuf that are written here.
package enum WireWriter {
    package static func append(varint value: UInt64, to out: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        out.append(UInt8(rest))
    }

    /// Left out where it is 0, which is what an absent field means.
    package static func append(_ number: UInt64, varint value: UInt64, to out: inout [UInt8]) {
        guard value != 0 else { return }
        append(varint: number << 3, to: &out)
        append(varint: value, to: &out)
    }

    /// Tag and length of a field whose `count` bytes follow.
    package static func append(_ number: UInt64, head count: Int, to out: inout [UInt8]) {
        append(varint: number << 3 | 2, to: &out)
        append(varint: UInt64(count), to: &out)
    }

    package static func append(
        _ number: UInt64, bytes: some Collection<UInt8>, to out: inout [UInt8]
    ) {
        append(number, head: bytes.count, to: &out)
        out.append(contentsOf: bytes)
    }

    /// Left out where it is empty, which is what an absent field means.
    package static func append(_ number: UInt64, text: String, to out: inout [UInt8]) {
        if !text.isEmpty { append(number, bytes: text.utf8, to: &out) }
    }

    package static func count(ofVarint value: UInt64) -> Int {
        max(1, (64 - value.leadingZeroBitCount + 6) / 7)
    }
}
