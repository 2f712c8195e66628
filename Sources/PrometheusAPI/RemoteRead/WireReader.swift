/// Why bytes are no protobuf message.
enum WireError: Error, Sendable, Equatable {
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
struct WireReader {
    enum Value: Equatable {
        case varint(UInt64)
        /// Text, bytes, or a message: where it stands.
        case bytes(Range<Int>)
        /// Eight bytes or four, where they stand.
        case fixed(Range<Int>)
    }

    struct Field: Equatable {
        var number: UInt64
        var value: Value
        /// The whole field, its tag included.
        var extent: Range<Int>
    }

    let bytes: [UInt8]
    private(set) var position: Int
    private let end: Int

    init(_ bytes: [UInt8]) { self.init(bytes, bytes.indices) }

    /// `range` lies inside of the bytes.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field, nil behind the last.
    mutating func next() throws(WireError) -> Field? {
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

    mutating func varint() throws(WireError) -> UInt64 {
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

    private mutating func take(_ count: UInt64) throws(WireError) -> Range<Int> {
        guard count <= UInt64(end - position) else { throw .truncated }
        let start = position
        position += Int(count)
        return start..<position
    }
}
