import CSnappy

/// Snappy's block format, which remote read compresses whole messages with.
public enum SnappyBlock {
    public enum Failure: Error, Sendable, Equatable {
        case corrupt
        /// The block says, or would need to hold, more bytes than are allowed.
        case tooLarge
    }

    /// Bytes a block can hold.
    private static let most = Int(UInt32.max)
    /// No three bytes of a block can stand for more than 64.
    private static let greatestRatio = 32

    /// - Throws: `.tooLarge` for more than a block can hold.
    public static func compress(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
        guard bytes.count <= most else { throw .tooLarge }
        var isWhole = false
        let block = [UInt8](
            unsafeUninitializedCapacity: snappy_max_compressed_length(bytes.count)
        ) { out, count in
            bytes.withUnsafeBytes { input in
                var length = out.count
                isWhole =
                    snappy_compress(
                        Self.characters(input), input.count,
                        UnsafeMutableRawBufferPointer(out).bindMemory(to: CChar.self).baseAddress,
                        &length) == SNAPPY_OK
                count = isWhole ? length : 0
            }
        }
        guard isWhole else { throw .tooLarge }
        return block
    }

    /// Bytes that a block says it holds, as far as that can be true; 0 for what is no block.
    public static func announcedSize(of block: [UInt8]) -> Int {
        var length = 0
        let hasLength = block.withUnsafeBytes {
            snappy_uncompressed_length(Self.characters($0), $0.count, &length) == SNAPPY_OK
        }
        let (most, overflows) = block.count.multipliedReportingOverflow(by: greatestRatio)
        return hasLength ? (overflows ? length : min(length, most)) : 0
    }

    /// - Parameter limit: bytes; a block that says it holds more is refused before memory is taken.
    public static func uncompress(_ block: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        var length = 0
        let hasLength = block.withUnsafeBytes {
            snappy_uncompressed_length(Self.characters($0), $0.count, &length) == SNAPPY_OK
        }
        guard hasLength else { throw .corrupt }
        // A few bytes that claim gigabytes cannot be honest.
        guard length <= block.count.multipliedReportingOverflow(by: greatestRatio).partialValue
        else { throw .corrupt }
        guard length <= limit else { throw .tooLarge }
        var isWhole = false
        let bytes = [UInt8](unsafeUninitializedCapacity: length) { out, count in
            block.withUnsafeBytes { input in
                var written = length
                isWhole =
                    snappy_uncompress(
                        Self.characters(input), input.count,
                        UnsafeMutableRawBufferPointer(out).bindMemory(to: CChar.self).baseAddress,
                        &written) == SNAPPY_OK
                count = isWhole ? written : 0
            }
        }
        guard isWhole, bytes.count == length else { throw .corrupt }
        return bytes
    }

    private static func characters(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<CChar>? {
        bytes.bindMemory(to: CChar.self).baseAddress
    }
}
