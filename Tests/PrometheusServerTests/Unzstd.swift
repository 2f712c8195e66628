import CZstd

/// Undoes Zstandard, so that tests read what clients would.
func unzstd(_ bytes: [UInt8]) -> [UInt8]? {
    var output = [UInt8](repeating: 0, count: 4 * 1024 * 1024)
    // A stream names no size, which the one-call function does not mind.
    let count = ZSTD_decompress(&output, output.count, bytes, bytes.count)
    guard ZSTD_isError(count) == 0 else { return nil }
    return Array(output.prefix(count))
}
