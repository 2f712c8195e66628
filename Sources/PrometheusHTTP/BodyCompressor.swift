/// Compresses a body in the coding that its reader chose.
enum BodyCompressor: ~Copyable {
    case zlib(Deflater)
    case zstd(ZstdCompressor)

    /// - Throws: `Deflater.Failure` or `ZstdCompressor.Failure`.
    init(_ coding: ContentCoding) throws {
        switch coding {
        case .gzip: self = .zlib(try Deflater(.gzip))
        case .deflate: self = .zlib(try Deflater(.zlib))
        case .zstd: self = .zstd(try ZstdCompressor())
        }
    }

    /// This compressor, after it took a piece and appended what came out.
    consuming func compressing(
        _ input: [UInt8], flush: Deflater.Flush, into output: inout [UInt8]
    ) throws -> BodyCompressor {
        switch consume self {
        case .zlib(var deflater):
            try input.withUnsafeBytes { try deflater.compress($0, flush: flush, into: &output) }
            return .zlib(deflater)
        case .zstd(var compressor):
            try input.withUnsafeBytes { try compressor.compress($0, flush: flush, into: &output) }
            return .zstd(compressor)
        }
    }
}
