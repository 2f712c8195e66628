import CZstd

/// Compresses a stream piece by piece with Zstandard, at its quickest ordinary level.
struct ZstdCompressor: ~Copyable {
    /// The library refused; only for want of memory.
    struct Failure: Error {
        var code: Int
    }

    private let context: OpaquePointer
    private static let quickest: Int32 = 1

    init() throws(Failure) {
        guard let context = ZSTD_createCCtx() else { throw Failure(code: 0) }
        let code = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.quickest)
        guard ZSTD_isError(code) == 0 else {
            ZSTD_freeCCtx(context)
            throw Failure(code: code)
        }
        self.context = context
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Compresses a piece and appends what comes out.
    mutating func compress(
        _ input: UnsafeRawBufferPointer, flush: Deflater.Flush, into output: inout [UInt8]
    ) throws(Failure) {
        let mode: ZSTD_EndDirective =
            switch flush {
            case .none: ZSTD_e_continue
            case .sync: ZSTD_e_flush
            case .finish: ZSTD_e_end
            }
        let room = 16 * 1024
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        while true {
            let start = output.count
            output.append(contentsOf: repeatElement(0, count: room))
            var written = 0
            var left = 0
            output.withUnsafeMutableBytes { buffer in
                var target = ZSTD_outBuffer(
                    dst: buffer.baseAddress.map { $0 + start }, size: room, pos: 0)
                left = ZSTD_compressStream2(context, &target, &source, mode)
                written = target.pos
            }
            output.removeLast(room - written)
            guard ZSTD_isError(left) == 0 else { throw Failure(code: left) }
            // Without a flush the library may keep what it read for later.
            let isDone = mode == ZSTD_e_continue ? source.pos == source.size : left == 0
            if isDone { return }
        }
    }
}
