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
            var reader = WireReader(message)
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
