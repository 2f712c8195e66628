/// The few shapes of protobuf that remote read needs written.
enum WireWriter {
    static func append(varint value: UInt64, to out: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        out.append(UInt8(rest))
    }

    /// Left out where it is 0, which is what an absent field means.
    static func append(_ number: UInt64, varint value: UInt64, to out: inout [UInt8]) {
        guard value != 0 else { return }
        append(varint: number << 3, to: &out)
        append(varint: value, to: &out)
    }

    /// Tag and length of a field whose `count` bytes follow.
    static func append(_ number: UInt64, head count: Int, to out: inout [UInt8]) {
        append(varint: number << 3 | 2, to: &out)
        append(varint: UInt64(count), to: &out)
    }

    static func append(
        _ number: UInt64, bytes: some Collection<UInt8>, to out: inout [UInt8]
    ) {
        append(number, head: bytes.count, to: &out)
        out.append(contentsOf: bytes)
    }

    /// Left out where it is empty, which is what an absent field means.
    static func append(_ number: UInt64, text: String, to out: inout [UInt8]) {
        if !text.isEmpty { append(number, bytes: text.utf8, to: &out) }
    }

    static func count(ofVarint value: UInt64) -> Int {
        max(1, (64 - value.leadingZeroBitCount + 6) / 7)
    }
}
