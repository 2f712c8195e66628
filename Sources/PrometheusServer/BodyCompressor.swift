import CZlib
import CZstd

/// Compresses a body in the coding that its reader chose.
enum BodyCompressor: ~Copyable {
    case zlib(Deflater)
    case zstd(ZstdCompressor)

    enum Effort: Sendable {
        /// For what is compressed while it is sent.
        case quickest
        /// For what is compressed once and sent often.
        case smallest
    }

    /// - Throws: `Deflater.Failure` or `ZstdCompressor.Failure`.
    init(_ coding: ContentCoding, _ effort: Effort = .quickest) throws {
        switch coding {
        case .gzip: self = .zlib(try Deflater(.gzip, effort))
        case .deflate: self = .zlib(try Deflater(.zlib, effort))
        case .zstd: self = .zstd(try ZstdCompressor(effort))
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

/// Compresses a stream piece by piece. Of answers the gateway's time is dearer than the last tenth of
/// size.
struct Deflater: ~Copyable {
    /// zlib refused; only for want of memory.
    struct Failure: Error {
        var code: Int32
    }

    /// On the heap: zlib keeps a pointer back to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private static let defaultMemory: Int32 = 8

    enum Format: Sendable {
        case gzip
        case zlib
    }

    init(_ format: Format, _ effort: BodyCompressor.Effort = .quickest) throws(Failure) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let windowBits: Int32 =
            switch format {
            case .gzip: MAX_WBITS + 16
            case .zlib: MAX_WBITS
            }
        let level: Int32 =
            switch effort {
            case .quickest: Z_BEST_SPEED
            case .smallest: Z_BEST_COMPRESSION
            }
        let code = deflateInit2_(
            stream, level, Z_DEFLATED, windowBits, Self.defaultMemory,
            Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            stream.deallocate()
            throw Failure(code: code)
        }
        self.stream = stream
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    enum Flush: Sendable {
        /// Output may lag behind input.
        case none
        /// Everything put in so far can be read by the receiver.
        case sync
        /// The end of the stream.
        case finish
    }

    /// Compresses a piece and appends what comes out.
    mutating func compress(
        _ input: UnsafeRawBufferPointer, flush: Flush, into output: inout [UInt8]
    ) throws(Failure) {
        let mode: Int32 =
            switch flush {
            case .none: Z_NO_FLUSH
            case .sync: Z_SYNC_FLUSH
            case .finish: Z_FINISH
            }
        var rest = input
        repeat {
            // zlib counts in 32 bits.
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: piece.bindMemory(to: Bytef.self).baseAddress)
            stream.pointee.avail_in = UInt32(piece.count)
            try drain(rest.isEmpty ? mode : Z_NO_FLUSH, into: &output)
        } while !rest.isEmpty
    }

    private mutating func drain(_ mode: Int32, into output: inout [UInt8]) throws(Failure) {
        let room = 16 * 1024
        while true {
            let start = output.count
            output.append(contentsOf: repeatElement(0, count: room))
            var code = Z_OK
            let left: Int = output.withUnsafeMutableBufferPointer { buffer in
                stream.pointee.next_out = buffer.baseAddress.map { $0 + start }
                stream.pointee.avail_out = UInt32(room)
                code = deflate(stream, mode)
                return Int(stream.pointee.avail_out)
            }
            output.removeLast(left)
            if code == Z_STREAM_END { return }
            // Z_BUF_ERROR only says that there was nothing to do.
            guard code == Z_OK || code == Z_BUF_ERROR else { throw Failure(code: code) }
            if left > 0 { return }
        }
    }
}

/// Compresses a stream piece by piece with Zstandard, at an ordinary level.
struct ZstdCompressor: ~Copyable {
    /// The library refused; only for want of memory.
    struct Failure: Error {
        var code: Int
    }

    private let context: OpaquePointer

    init(_ effort: BodyCompressor.Effort = .quickest) throws(Failure) {
        guard let context = ZSTD_createCCtx() else { throw Failure(code: 0) }
        let level: Int32 =
            switch effort {
            case .quickest: 1
            case .smallest: 19
            }
        let code = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
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

/// How an answer is compressed. `deflate` means the zlib format.
public enum ContentCoding: String, Sendable, CaseIterable {
    case gzip
    case deflate
    /// Not known to Prometheus: only who asks for it first gets it.
    case zstd

    /// The whole of something that is sent often, as small as the coding makes it.
    ///
    /// - Throws: when the library refuses, which is only for want of memory.
    public func compressed(_ bytes: [UInt8]) throws -> [UInt8] {
        var output: [UInt8] = []
        _ = try BodyCompressor(self, .smallest).compressing(bytes, flush: .finish, into: &output)
        return output
    }

    /// The first token of `Accept-Encoding` that is exactly a known coding; weights and `*` select
    /// nothing (as Prometheus `util/httputil/compression.go`).
    public static func chosen(byAcceptEncoding header: String?) -> ContentCoding? {
        guard let header else { return nil }
        for token in header.split(separator: ",") {
            let trimmed = token.drop { $0 == " " || $0 == "\t" }
            let name = trimmed.prefix { $0 != " " && $0 != "\t" }
            guard trimmed.dropFirst(name.count).allSatisfy({ $0 == " " || $0 == "\t" }) else {
                continue
            }
            if let coding = ContentCoding(rawValue: String(name)) { return coding }
        }
        return nil
    }
}
