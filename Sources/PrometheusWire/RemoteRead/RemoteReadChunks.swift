/// Reads a member's streamed answer (`prometheus.ChunkedReadResponse` in frames) and makes pages of
/// it, whose elements are the frames of one series, ready to be written: labels edited, chunks
/// copied, checksums verified and computed anew.
public struct RemoteReadChunks {
    public static let contentType =
        "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"

    /// Series of one query.
    public struct Part: Sendable {
        /// The number that the client's request gives the query.
        public var query: Int
        public var page: SeriesPage
    }

    /// Bytes after which a page is given on.
    private static let pageBytes = 128 << 10

    /// By the numbers of the member's request.
    private let queries: [RemoteReadShare]
    private var frames = ChunkFrames()
    private var parts: ArraySlice<Part> = []
    private var page = SeriesPage()
    /// The query whose series are read, in the member's numbers.
    private var current = 0
    /// The series that is read; it may go on in the next frame.
    private var openKey: [UInt8]?
    private var openFrames: [UInt8] = []

    /// - Parameter queries: those that the member was sent, in their order.
    public init(queries: [RemoteReadShare]) { self.queries = queries }

    /// Takes more of the body.
    public mutating func append(_ bytes: [UInt8]) throws(ScanError) {
        frames.append(bytes)
        while let message = try frames.next() { try read(message) }
    }

    /// Ends the body.
    public mutating func finish() throws(ScanError) {
        try frames.finish()
        closeSeries()
        closePage()
    }

    /// The query of the next part, nil when none is ready.
    public var nextQuery: Int? { parts.first?.query }

    /// The next part, with its series in the order of arrival.
    public mutating func next() -> Part? { parts.popFirst() }

    private mutating func read(_ message: [UInt8]) throws(ScanError) {
        var series: [Range<Int>] = []
        var index: UInt64 = 0
        do throws(WireError) {
            var reader = ProtobufReader(message)
            while let field = try reader.next() {
                switch (field.number, field.value) {
                case (1, .bytes(let range)): series.append(range)
                case (2, .varint(let number)): index = number
                case (1, _), (2, _): throw .malformed("a frame with the wrong wire type")
                default: break
                }
            }
        } catch {
            throw error.inAnswer
        }
        guard index < UInt64(queries.count), index >= UInt64(current) else {
            throw .malformed("a frame of a query that was not asked, or is over")
        }
        if index != UInt64(current) {
            closeSeries()
            closePage()
            current = Int(index)
        }
        for range in series { try read(try queries[current].editor.edited(range, of: message)) }
    }

    private mutating func read(_ series: RemoteSeriesEditor.Edited) throws(ScanError) {
        if openKey != series.key {
            closeSeries()
            openKey = series.key
        }
        var message: [UInt8] = []
        WireWriter.append(1, bytes: series.message, to: &message)
        WireWriter.append(2, varint: UInt64(queries[current].number), to: &message)
        ChunkFrames.append(message, to: &openFrames)
    }

    private mutating func closeSeries() {
        guard let key = openKey else { return }
        page.append(key: key) { $0 += openFrames }
        openKey = nil
        openFrames = []
        if page.bytes.count >= Self.pageBytes { closePage() }
    }

    private mutating func closePage() {
        guard !page.series.isEmpty else { return }
        parts.append(Part(query: queries[current].number, page: page))
        page = SeriesPage()
    }
}

/// The frames of a streamed answer: length as a varint, big-endian CRC-32C, message.
struct ChunkFrames {
    /// Bytes of one frame that are held; Prometheus cuts at one mebibyte, and reads fifty.
    static let maximumBytes = 64 << 20

    private var bytes: [UInt8] = []
    private var position = 0

    mutating func append(_ more: [UInt8]) {
        if position > 0, position == bytes.count || position >= 1 << 20 {
            bytes.removeFirst(position)
            position = 0
        }
        bytes += more
    }

    /// The next message, nil when more bytes are needed for it.
    ///
    /// - Throws: when the bytes are no frame, as when an error's text follows in their place.
    mutating func next() throws(ScanError) -> [UInt8]? {
        var reader = ProtobufReader(bytes, position..<bytes.count)
        let length: UInt64
        do throws(WireError) {
            length = try reader.varint()
        } catch {
            if case .truncated = error { return nil }
            throw error.inAnswer
        }
        guard length <= UInt64(Self.maximumBytes) else {
            throw .malformed("a frame says that it has \(length) bytes")
        }
        let start = reader.position + 4
        guard bytes.count - start >= Int(length) else { return nil }
        let said = bytes[reader.position..<start].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
        let message = bytes[start..<(start + Int(length))]
        guard CRC32C.checksum(message) == said else {
            throw .malformed("the checksum of a frame is wrong")
        }
        position = start + Int(length)
        return Array(message)
    }

    /// - Throws: when the bytes end inside a frame.
    func finish() throws(ScanError) {
        guard position == bytes.count else { throw .truncated }
    }

    static func append(_ message: [UInt8], to out: inout [UInt8]) {
        WireWriter.append(varint: UInt64(message.count), to: &out)
        let checksum = CRC32C.checksum(message[...])
        for shift in [24, 16, 8, 0] {
            out.append(UInt8(truncatingIfNeeded: checksum >> UInt32(shift)))
        }
        out += message
    }
}

/// CRC-32C, which every frame of a streamed answer carries.
enum CRC32C {
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
