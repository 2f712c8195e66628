import CZlib

/// Compresses a stream piece by piece, at zlib's quickest level: the gateway's time is dearer than
/// the last tenth of size.
struct Deflater: ~Copyable {
    /// zlib refused; only for want of memory.
    struct Failure: Error {
        var code: Int32
    }

    /// On the heap: zlib keeps a pointer back to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private static let quickest: Int32 = 1
    private static let defaultMemory: Int32 = 8

    enum Format: Sendable {
        case gzip
        case zlib
    }

    init(_ format: Format) throws(Failure) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let windowBits: Int32 =
            switch format {
            case .gzip: MAX_WBITS + 16
            case .zlib: MAX_WBITS
            }
        let code = deflateInit2_(
            stream, Self.quickest, Z_DEFLATED, windowBits, Self.defaultMemory,
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
