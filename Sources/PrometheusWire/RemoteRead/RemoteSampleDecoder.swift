import GoText
public import TimeSeries

/// Numbers out of the series of remote read: `prometheus.TimeSeries` messages, as
/// `RemoteReadSamples.pages` gives them.
public enum RemoteSampleDecoder {
    /// Every series of a page with its samples in order of time, staleness markers included.
    /// Histograms with custom buckets may lack their bounds (`StoredBounds`).
    ///
    /// - Parameter reserve: is told what the samples of a series weigh, in floats, before memory is
    ///   taken for them; throws when that is too much.
    /// - Throws: for what is no such series; when samples are not in order.
    public static func series(
        of page: SeriesPage, reserving reserve: (Int) throws(ScanError) -> Void
    ) throws(ScanError) -> [SampleSeries] {
        var all: [SampleSeries] = []
        all.reserveCapacity(page.series.count)
        for extent in page.series {
            let parts: Parts
            do throws(WireError) {
                var element = ProtobufReader(page.bytes, extent.element)
                guard let field = try element.next(), case .bytes(let range) = field.value else {
                    throw .malformed("an element that is no series")
                }
                parts = try Parts(ProtobufReader(page.bytes, range))
            } catch {
                throw error.inAnswer
            }
            try reserve(parts.weight)
            do throws(WireError) {
                all.append(
                    try series(LabelSet(key: Array(page.keys[extent.key])), parts, page.bytes))
            } catch {
                throw error.inAnswer
            }
        }
        return all
    }

    /// Where the samples of a series stand.
    private struct Parts {
        var floats: [Range<Int>] = []
        var histograms: [Range<Int>] = []

        init(_ message: ProtobufReader) throws(WireError) {
            var reader = message
            while let field = try reader.next() {
                switch (field.number, field.value) {
                case (2, .bytes(let range)): floats.append(range)
                case (4, .bytes(let range)): histograms.append(range)
                case (2, _), (4, _): throw .malformed("a sample with the wrong wire type")
                default: break
                }
            }
        }

        /// No bucket takes less than a byte.
        var weight: Int {
            histograms.reduce(floats.count) { $0 + 11 + $1.count / 2 }
        }
    }

    private static func series(
        _ labels: LabelSet, _ parts: Parts, _ bytes: [UInt8]
    ) throws(WireError) -> SampleSeries {
        var series = SampleSeries(labels: labels)
        series.times.reserveCapacity(parts.floats.count + parts.histograms.count)
        series.values.reserveCapacity(parts.floats.count + parts.histograms.count)
        var waiting = parts.histograms[...]
        var next = try histogram(&waiting, bytes)
        func append(_ time: Timestamp, _ value: Double) throws(WireError) {
            if let last = series.times.last, time <= last {
                throw .malformed("samples of a series are not in ascending order of time")
            }
            series.times.append(time)
            series.values.append(value)
        }
        for range in parts.floats {
            let (time, value) = try float(ProtobufReader(bytes, range))
            while let one = next, one.time < time {
                series.histograms[series.times.count] = one.value
                try append(one.time, 0)
                next = try histogram(&waiting, bytes)
            }
            try append(time, value)
        }
        while let one = next {
            series.histograms[series.times.count] = one.value
            try append(one.time, 0)
            next = try histogram(&waiting, bytes)
        }
        return series
    }

    private static func float(
        _ message: ProtobufReader
    ) throws(WireError) -> (time: Timestamp, value: Double) {
        var (time, value): (Timestamp, Double) = (0, 0)
        var reader = message
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .fixed(let range)): value = try reader.double(range)
            case (2, .varint(let number)): time = Timestamp(milliseconds: Int64(bitPattern: number))
            case (1, _), (2, _): throw .malformed("a sample with the wrong wire type")
            default: break
            }
        }
        return (time, value)
    }

    private static func histogram(
        _ waiting: inout ArraySlice<Range<Int>>, _ bytes: [UInt8]
    ) throws(WireError) -> RemoteHistogram? {
        try waiting.popFirst().map { range throws(WireError) in
            try RemoteHistogram(ProtobufReader(bytes, range))
        }
    }
}
