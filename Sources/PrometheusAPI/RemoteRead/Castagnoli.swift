/// CRC-32C, which every frame of a streamed answer carries.
enum Castagnoli {
    /// Eight tables: byte `b` followed by `k` zero bytes is `tables[256 * k + b]`.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            tables[byte] = value
        }
        for index in 256..<(8 * 256) {
            let previous = tables[index - 256]
            tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
        }
        return tables
    }()

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var value = UInt32.max
        tables.withUnsafeBufferPointer { tables in
            bytes.withUnsafeBytes { bytes in
                var index = 0
                while index + 8 <= bytes.count {
                    let word = UInt64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                    let mixed = word ^ UInt64(value)
                    value = 0
                    for byte in 0..<8 {
                        let entry = Int(truncatingIfNeeded: mixed >> UInt64(8 * byte) & 0xFF)
                        value ^= tables[256 * (7 - byte) + entry]
                    }
                    index += 8
                }
                while index < bytes.count {
                    value = value >> 8 ^ tables[Int((value ^ UInt32(bytes[index])) & 0xFF)]
                    index += 1
                }
            }
        }
        return ~value
    }
}
