import CZlib

/// Inflates gzip or zlib, told apart by their first bytes, as a stream; gzip members that follow
/// each other are one body.
///
/// Feed a chunk, take pages until there are none, and again; `finish` at the end. No page is larger
/// than asked, however much a chunk inflates to.
public struct Inflater: ~Copyable {
    private enum Place {
        /// Nothing of the next stream has been seen.
        case between
        case inside
    }

    private let stream: UnsafeMutablePointer<z_stream>
    private let limits: InflateLimits
    private var input: [UInt8] = []
    private var position = 0
    /// The newest page had no room for more.
    private var isFull = false
    private var place = Place.between
    private var streams = 0
    private var bytesIn = 0
    private var bytesOut = 0

    /// - Throws: `.outOfMemory`.
    public init(limits: InflateLimits = InflateLimits()) throws(InflateError) {
        self.limits = limits
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 32 on top of the window's size: gzip or zlib, whichever comes.
        let code = inflateInit2_(
            stream, MAX_WBITS + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            // The deinitialiser does not run for a value that was never made.
            stream.deallocate()
            throw .outOfMemory
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Inflated bytes so far.
    public var inflatedBytes: Int { bytesOut }

    /// Adds compressed bytes behind those that are not inflated yet.
    public mutating func feed(_ chunk: [UInt8]) {
        if position == input.count {
            input = chunk
        } else {
            input.removeSubrange(..<position)
            input += chunk
        }
        position = 0
    }

    /// Whether there may be more to inflate before more is fed.
    public var isFed: Bool { position < input.count || isFull }

    /// The next inflated bytes, or nil when more must be fed first.
    ///
    /// - Throws: `InflateError`; nothing can follow.
    public mutating func next(upTo pageBytes: Int = 256 << 10) throws(InflateError) -> [UInt8]? {
        let room = min(max(1, pageBytes), Int(UInt32.max))
        var failure: InflateError?
        let page = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            do throws(InflateError) {
                count = try fill(buffer)
            } catch {
                count = 0
                failure = error
            }
        }
        if let failure { throw failure }
        isFull = page.count == room
        return page.isEmpty ? nil : page
    }

    /// Confirms that the body ended where a stream ends.
    public func finish() throws(InflateError) {
        guard position == input.count, place == .between, streams > 0 else { throw .truncated }
    }

    /// Inflates until the buffer is full or the input is used up.
    private mutating func fill(
        _ buffer: UnsafeMutableBufferPointer<UInt8>
    ) throws(InflateError) -> Int {
        var written = 0
        while written < buffer.count {
            if place == .between {
                guard position < input.count else { break }
                if streams > 0 { try restart() }
                place = .inside
            }
            let before = position
            let (code, count) = step(
                UnsafeMutableBufferPointer(rebasing: buffer[written...]))
            written += count
            bytesIn += position - before
            bytesOut += count
            try checkLimits()
            switch code {
            case Z_STREAM_END:
                streams += 1
                place = .between
            case Z_OK: break
            case Z_BUF_ERROR: return written
            case Z_MEM_ERROR: throw .outOfMemory
            default: throw .corrupt(stream.pointee.msg.map { String(cString: $0) } ?? "bad data")
            }
            if position == input.count, count == 0, code == Z_OK { return written }
        }
        return written
    }

    private mutating func step(
        _ buffer: UnsafeMutableBufferPointer<UInt8>
    ) -> (code: Int32, count: Int) {
        let start = position
        let stream = stream
        let (code, used) = input.withUnsafeMutableBufferPointer { source in
            let available = UInt32(clamping: source.count - start)
            stream.pointee.next_in = source.baseAddress.map { $0 + start }
            stream.pointee.avail_in = available
            stream.pointee.next_out = buffer.baseAddress
            stream.pointee.avail_out = UInt32(clamping: buffer.count)
            let code = inflate(stream, Z_NO_FLUSH)
            return (code, Int(available - stream.pointee.avail_in))
        }
        position += used
        return (code, buffer.count - Int(stream.pointee.avail_out))
    }

    private func restart() throws(InflateError) {
        guard input[position] == 0x1F else { throw .corrupt("something follows the stream") }
        inflateReset(stream)
    }

    private func checkLimits() throws(InflateError) {
        if bytesOut > limits.maximumBytes { throw .tooLarge(limit: limits.maximumBytes) }
        guard bytesOut > limits.ratioFreeBytes else { return }
        let (allowed, overflow) = bytesIn.multipliedReportingOverflow(by: limits.maximumRatio)
        if !overflow, bytesOut > allowed { throw .suspiciousRatio(limit: limits.maximumRatio) }
    }
}

/// How far a compressed body may grow.
public struct InflateLimits: Sendable, Hashable {
    /// Inflated bytes.
    public var maximumBytes: Int
    /// Inflated bytes for each compressed one; looked at once an answer is large enough to hurt.
    public var maximumRatio: Int
    /// Inflated bytes up to which any ratio will do.
    public var ratioFreeBytes: Int

    public init(
        maximumBytes: Int = .max, maximumRatio: Int = 512, ratioFreeBytes: Int = 16 << 20
    ) {
        self.maximumBytes = maximumBytes
        self.maximumRatio = maximumRatio
        self.ratioFreeBytes = ratioFreeBytes
    }
}

/// Why a compressed body cannot be inflated.
public enum InflateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not gzip, not zlib, or a checksum that does not fit.
    case corrupt(String)
    /// The body ends before the stream's trailer.
    case truncated
    /// More inflated bytes than allowed.
    case tooLarge(limit: Int)
    /// More inflated bytes for each compressed one than any honest answer has.
    case suspiciousRatio(limit: Int)
    case outOfMemory

    public var description: String {
        switch self {
        case .corrupt(let reason): "corrupt compressed data: \(reason)"
        case .truncated: "the compressed data ends in the middle"
        case .tooLarge(let limit): "the answer inflates to more than \(limit) bytes"
        case .suspiciousRatio(let limit):
            "the answer inflates to more than \(limit) times its size"
        case .outOfMemory: "out of memory"
        }
    }
}
