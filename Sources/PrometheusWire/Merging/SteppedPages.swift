import GoText
public import TimeSeries

/// The answers to instant queries, put together to what a range query would have answered.
public struct SteppedPages {
    private struct Row {
        /// The `metric` object and the comma behind it.
        var head: ArraySlice<UInt8>
        var floats: [UInt8] = []
        var histograms: [UInt8] = []
    }

    private let maximumBytes: Int
    private var rows: [ArraySlice<UInt8>: Row] = [:]
    private var bytes = 0
    /// What the answers say besides their series: each text once, costs added up.
    public private(set) var trailer = ResponseScanner.Trailer()

    public init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// Adds the answer at the next step.
    ///
    /// - Throws: when it is no vector, or when all is more than may be held.
    public mutating func add(
        _ pages: [SeriesPage], _ told: ResponseScanner.Trailer
    ) throws(ScanError) {
        guard told.resultType == "vector" else {
            throw .malformed("an instant query was answered with a \(told.resultType)")
        }
        for page in pages {
            for extent in page.series {
                let key = page.keys[extent.key]
                bytes += extent.element.count
                guard bytes <= maximumBytes else {
                    throw .tooLarge("the answer is larger than \(maximumBytes) bytes")
                }
                let head = page.bytes[extent.element.lowerBound..<extent.samples.lowerBound]
                // Without the brace behind the sample.
                let sample = page.bytes[extent.samples].dropLast()
                if sample.starts(with: Self.value) {
                    Self.append(
                        sample.dropFirst(Self.value.count),
                        to: &rows[key, default: Row(head: head)].floats)
                } else {
                    Self.append(
                        sample.dropFirst(Self.histogram.count),
                        to: &rows[key, default: Row(head: head)].histograms)
                }
            }
        }
        trailer.add(told)
    }

    private static let value = Array("\"value\":".utf8)
    private static let histogram = Array("\"histogram\":".utf8)

    private static func append(_ sample: ArraySlice<UInt8>, to list: inout [UInt8]) {
        if !list.isEmpty { list.append(UInt8(ascii: ",")) }
        list += sample
    }

    /// Series in the order of their labels, in pages of about so many bytes.
    public func pages(ofBytes size: Int) -> [SeriesPage] {
        var all: [SeriesPage] = []
        var page = SeriesPage()
        for (key, row) in rows.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            page.append(key: key, head: row.head, floats: row.floats, histograms: row.histograms)
            if page.bytes.count >= size {
                all.append(page)
                page = SeriesPage()
            }
        }
        if !page.series.isEmpty { all.append(page) }
        return all
    }
}

extension ResponseScanner.Trailer {
    /// Adds what another answer to the same query says.
    fileprivate mutating func add(_ other: ResponseScanner.Trailer) {
        resultType = "matrix"
        for text in other.warnings where !warnings.contains(text) { warnings.append(text) }
        for text in other.infos where !infos.contains(text) { infos.append(text) }
        isPartial = isPartial || other.isPartial
        if let told = other.statistics { statistics = statistics?.adding(told) ?? told }
    }
}

extension SeriesPage {
    /// The page without the samples that do not stand on a grid, and without the series that have no
    /// others.
    public func thinned(to grid: StepGrid) throws(ScanError) -> SeriesPage {
        try moved { time in (time - grid.start) % grid.step == 0 ? time : nil }
    }

    /// The page with its samples at other times, which ascend as they did.
    ///
    /// - Parameter place: the time of a sample from now on; nil leaves it out.
    public func moved(_ place: (Timestamp) -> Timestamp?) throws(ScanError) -> SeriesPage {
        var out = SeriesPage()
        for extent in series {
            var floats: [UInt8] = []
            var histograms: [UInt8] = []
            var isHistogram = bytes[extent.samples].starts(with: "\"histograms\"".utf8)
            var depth = 0
            var start = extent.samples.lowerBound
            // The scanner's spelling: no white space, and no brackets inside strings.
            for index in extent.samples {
                switch bytes[index] {
                case UInt8(ascii: "["):
                    depth += 1
                    if depth == 2 { start = index }
                case UInt8(ascii: "]"):
                    depth -= 1
                    if depth == 0 { isHistogram = true }
                    guard depth == 1 else { continue }
                    var sample = bytes[start...index]
                    let text = sample.dropFirst().prefix { $0 != UInt8(ascii: ",") }
                    guard let time = NumberScan.time(of: text) else {
                        throw .malformed("a sample without a time")
                    }
                    guard let now = place(time) else { continue }
                    if now != time {
                        var moved = [UInt8(ascii: "[")]
                        TimestampText.appendSample(now, to: &moved)
                        moved += sample[text.endIndex...]
                        sample = moved[...]
                    }
                    if isHistogram {
                        if !histograms.isEmpty { histograms.append(UInt8(ascii: ",")) }
                        histograms += sample
                    } else {
                        if !floats.isEmpty { floats.append(UInt8(ascii: ",")) }
                        floats += sample
                    }
                default: break
                }
            }
            guard !floats.isEmpty || !histograms.isEmpty else { continue }
            out.append(
                key: keys[extent.key],
                head: bytes[extent.element.lowerBound..<extent.samples.lowerBound],
                floats: floats, histograms: histograms)
        }
        return out
    }

    /// Adds a series; samples stand one behind another, with commas.
    fileprivate mutating func append(
        key: ArraySlice<UInt8>, head: ArraySlice<UInt8>, floats: [UInt8], histograms: [UInt8]
    ) {
        let (element, keyStart) = (bytes.count, keys.count)
        keys += key
        bytes += head
        let samples = bytes.count
        if !floats.isEmpty {
            bytes.append(contentsOf: "\"values\":[".utf8)
            bytes += floats
            bytes.append(UInt8(ascii: "]"))
        }
        if !histograms.isEmpty {
            bytes.append(contentsOf: "\(floats.isEmpty ? "" : ",")\"histograms\":[".utf8)
            bytes += histograms
            bytes.append(UInt8(ascii: "]"))
        }
        bytes.append(UInt8(ascii: "}"))
        series.append(
            Extent(
                key: keyStart..<keys.count, element: element..<bytes.count,
                samples: samples..<bytes.count, hasHistograms: !histograms.isEmpty))
        bytes.append(UInt8(ascii: ","))
    }
}
