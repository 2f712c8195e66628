internal import TimeSeries

/// The 64-bit xxHash with seed 0 (github.com/Cyan4973/xxHash, the published algorithm), by which
/// `limit_ratio` samples series.
enum XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { buffer in
            var position = 0
            var result: UInt64
            if buffer.count >= 32 {
                var lanes = (prime1 &+ prime2, prime2, UInt64(0), 0 &- prime1)
                while position + 32 <= buffer.count {
                    lanes.0 = round(lanes.0, word(buffer, position))
                    lanes.1 = round(lanes.1, word(buffer, position + 8))
                    lanes.2 = round(lanes.2, word(buffer, position + 16))
                    lanes.3 = round(lanes.3, word(buffer, position + 24))
                    position += 32
                }
                result =
                    rotate(lanes.0, 1) &+ rotate(lanes.1, 7) &+ rotate(lanes.2, 12)
                    &+ rotate(lanes.3, 18)
                for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
                    result = (result ^ round(0, lane)) &* prime1 &+ prime4
                }
            } else {
                result = prime5
            }
            result = result &+ UInt64(buffer.count)
            while position + 8 <= buffer.count {
                result ^= round(0, word(buffer, position))
                result = rotate(result, 27) &* prime1 &+ prime4
                position += 8
            }
            if position + 4 <= buffer.count {
                let half = buffer.loadUnaligned(fromByteOffset: position, as: UInt32.self)
                result ^= UInt64(UInt32(littleEndian: half)) &* prime1
                result = rotate(result, 23) &* prime2 &+ prime3
                position += 4
            }
            while position < buffer.count {
                result ^= UInt64(buffer[position]) &* prime5
                result = rotate(result, 11) &* prime1
                position += 1
            }
            result = (result ^ (result >> 33)) &* prime2
            result = (result ^ (result >> 29)) &* prime3
            return result ^ (result >> 32)
        }
    }

    /// The hash of a label set as Prometheus lays it out: names and values in order, each after
    /// its length in bytes (one byte, or 0xFF and three bytes, low first, from 255 on).
    static func hash(_ labels: LabelSet) -> UInt64 {
        var bytes: [UInt8] = []
        for pair in labels.pairs {
            for text in [pair.name, pair.value] {
                let count = text.utf8.count
                if count < 255 {
                    bytes.append(UInt8(count))
                } else {
                    bytes.append(0xFF)
                    for shift in [0, 8, 16] {
                        bytes.append(UInt8(truncatingIfNeeded: count >> shift))
                    }
                }
                bytes.append(contentsOf: text.utf8)
            }
        }
        return hash(bytes)
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        (value << count) | (value >> (64 - count))
    }

    @inline(__always)
    private static func round(_ accumulator: UInt64, _ input: UInt64) -> UInt64 {
        rotate(accumulator &+ input &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func word(_ buffer: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
