import GoText
public import TimeSeries

/// Custom bucket bounds of native histograms, out of the chunks that they are stored in.
///
/// Prometheus 3.5 leaves the bounds out of remote read's samples. All histograms of a chunk have
/// one layout, which its head says; so the head of each chunk is read, and no sample.
public struct StoredBounds: Sendable {
    /// One chunk: its bounds, and the times of its first and last sample.
    private struct Run {
        var times: ClosedRange<Timestamp>
        var bounds: [Double]
    }

    private var runs: [LabelSet: [Run]] = [:]

    public init() {}

    /// Takes what the chunks of a page's series say; pages are those of `RemoteReadChunks`.
    ///
    /// - Throws: for what are no chunks.
    public mutating func take(_ page: SeriesPage) throws(ScanError) {
        for extent in page.series {
            let labels = LabelSet(key: Array(page.keys[extent.key]))
            var frames = ChunkFrames()
            frames.append(Array(page.bytes[extent.element]))
            while let frame = try frames.next() {
                do throws(WireError) {
                    try take(frame, labels)
                } catch {
                    throw error.inAnswer
                }
            }
        }
    }

    private mutating func take(_ frame: [UInt8], _ labels: LabelSet) throws(WireError) {
        var message = ProtobufReader(frame)
        while let series = try message.next() {
            guard series.number == 1, case .bytes(let range) = series.value else { continue }
            var fields = ProtobufReader(frame, range)
            while let chunk = try fields.next() {
                guard chunk.number == 2, case .bytes(let range) = chunk.value else { continue }
                if let run = try Self.run(ProtobufReader(frame, range)) {
                    runs[labels, default: []].append(run)
                }
            }
        }
    }

    /// nil for chunks without custom bounds.
    private static func run(_ chunk: ProtobufReader) throws(WireError) -> Run? {
        var (first, last): (Timestamp, Timestamp) = (0, 0)
        var encoding: UInt64 = 0
        var data: ArraySlice<UInt8> = []
        var reader = chunk
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let number)):
                first = Timestamp(milliseconds: Int64(bitPattern: number))
            case (2, .varint(let number)): last = Timestamp(milliseconds: Int64(bitPattern: number))
            case (3, .varint(let number)): encoding = number
            case (4, .bytes(let range)): data = reader.bytes[range]
            case (1...4, _): throw .malformed("a chunk with the wrong wire type")
            default: break
            }
        }
        // Histograms of whole numbers, and of floats.
        guard encoding == 2 || encoding == 3 else { return nil }
        guard first <= last else { throw .malformed("a chunk that ends before it begins") }
        var head = HistogramChunkHead(data)
        return try head.customBounds().map { Run(times: first...last, bounds: $0) }
    }

    /// Puts the bounds into the histograms of a series that lack theirs.
    ///
    /// - Returns: whether every one has bounds now.
    /// - Throws: where the bounds are not those of the histogram's buckets.
    public func complete(_ series: inout SampleSeries) throws(ScanError) -> Bool {
        var isWhole = true
        let runs = runs[series.labels] ?? []
        for (index, histogram) in series.histograms where histogram.lacksBounds {
            let time = series.times[index]
            let found = Set(runs.filter { $0.times.contains(time) }.map(\.bounds))
            guard found.count == 1, let bounds = found.first else {
                isWhole = false
                continue
            }
            series.histograms[index]?.customValues = bounds
            do throws(WireError) {
                try series.histograms[index]?.checkBuckets()
            } catch {
                throw error.inAnswer
            }
        }
        return isWhole
    }
}

extension SampleSeries {
    /// Whether the bounds of some histogram with custom buckets did not come with it.
    public var lacksBounds: Bool { histograms.contains { $0.value.lacksBounds } }
}

extension FloatHistogram {
    fileprivate var lacksBounds: Bool {
        usesCustomBuckets && customValues.isEmpty && !SampleValue.isStale(sum)
    }
}

/// The bits at the beginning of a chunk of native histograms: the number of its samples, a flag
/// about resets, and then the layout that all of them have.
private struct HistogramChunkHead {
    private let bytes: ArraySlice<UInt8>
    /// Bits from the first byte.
    private var position = 0

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    /// nil where the schema is exponential.
    mutating func customBounds() throws(WireError) -> [Double]? {
        position = 24
        // Thresholds that are powers of two take one byte, others nine.
        if try bits(8) == 255 { _ = try bits(64) }
        guard try signed() == Int64(FloatHistogram.customBucketsSchema) else { return nil }
        for _ in 0..<2 {
            for _ in 0..<(try count()) {
                _ = try unsigned()
                _ = try signed()
            }
        }
        var bounds: [Double] = []
        for _ in 0..<(try count()) {
            // Thousandths, one more than there are; 0 before a number as it is.
            let thousandths = try unsigned()
            bounds.append(
                thousandths == 0
                    ? Double(bitPattern: try bits(64)) : Double(thousandths - 1) / 1000)
        }
        return bounds
    }

    /// How many items follow, each of at least a bit.
    private mutating func count() throws(WireError) -> Int {
        let count = try unsigned()
        guard count <= UInt64(bytes.count * 8 - position) else { throw .truncated }
        return Int(count)
    }

    private mutating func unsigned() throws(WireError) -> UInt64 {
        try bits(try width())
    }

    private mutating func signed() throws(WireError) -> Int64 {
        let width = try width()
        let number = try bits(width)
        guard width > 0, width < 64, number > 1 << (width - 1) else {
            return Int64(bitPattern: number)
        }
        return Int64(number) - 1 << width
    }

    /// Bits of the number that follows, which a run of ones says.
    private mutating func width() throws(WireError) -> Int {
        let widths = [0, 3, 6, 9, 12, 18, 25, 56, 64]
        var ones = 0
        while ones < widths.count - 1, try bits(1) == 1 { ones += 1 }
        return widths[ones]
    }

    private mutating func bits(_ count: Int) throws(WireError) -> UInt64 {
        guard position + count <= bytes.count * 8 else { throw .truncated }
        var value: UInt64 = 0
        for _ in 0..<count {
            let byte = bytes[bytes.startIndex + position / 8]
            value = value << 1 | UInt64(byte >> UInt8(7 - position % 8) & 1)
            position += 1
        }
        return value
    }
}
