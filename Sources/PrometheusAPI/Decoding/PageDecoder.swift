public import TimeSeries

/// Numbers out of the series of a page, which the scanner has validated and spelled.
public struct PageDecoder: Sendable {
    public init() {}

    /// Every series of a page on a grid.
    ///
    /// - Throws: when a sample does not stand on a step of the grid, when samples are not in
    ///   order, or when a histogram cannot be rebuilt.
    public func steps(of page: SeriesPage, on grid: StepGrid) throws(ScanError) -> [StepSeries] {
        var all: [StepSeries] = []
        all.reserveCapacity(page.series.count)
        for extent in page.series {
            var series = StepSeries(
                labels: LabelSet(key: Array(page.keys[extent.key])),
                values: [Double](repeating: SampleValue.absent, count: grid.count))
            var last = -1
            try read(page, extent) { (time, sample) throws(ScanError) in
                let distance = time &- grid.start
                let step = grid.step == 0 ? 0 : Int(distance / grid.step)
                let isOnGrid = grid.step == 0 ? distance == 0 : distance % grid.step == 0
                guard distance >= 0, isOnGrid, step < grid.count else {
                    throw .malformed("a sample at \(time) ms, where no step was asked for")
                }
                switch sample {
                case .float(let value):
                    guard step > last else { throw .malformed("samples are not in order") }
                    last = step
                    series.values[step] = value
                case .histogram(let histogram): series.histograms[step] = histogram
                }
            }
            all.append(series)
        }
        return all
    }

    /// Every series of a page with its raw samples.
    ///
    /// - Throws: when samples are not in order, or when a histogram cannot be rebuilt.
    public func samples(of page: SeriesPage) throws(ScanError) -> [SampleSeries] {
        var all: [SampleSeries] = []
        all.reserveCapacity(page.series.count)
        for extent in page.series {
            var floats: [(time: Int64, value: Double)] = []
            var histograms: [(time: Int64, value: FloatHistogram)] = []
            try read(page, extent) { (time, sample) throws(ScanError) in
                switch sample {
                case .float(let value):
                    if let last = floats.last, last.time >= time {
                        throw .malformed("samples are not in order")
                    }
                    floats.append((time, value))
                case .histogram(let histogram): histograms.append((time, histogram))
                }
            }
            var series = SampleSeries(labels: LabelSet(key: Array(page.keys[extent.key])))
            var next = 0
            for (time, value) in floats {
                while next < histograms.count, histograms[next].time < time {
                    append(histograms[next], to: &series)
                    next += 1
                }
                series.times.append(time)
                series.values.append(value)
            }
            for histogram in histograms[next...] { append(histogram, to: &series) }
            all.append(series)
        }
        return all
    }

    private func append(
        _ histogram: (time: Int64, value: FloatHistogram), to series: inout SampleSeries
    ) {
        series.histograms[series.times.count] = histogram.value
        series.times.append(histogram.time)
        series.values.append(0)
    }

    // MARK: - Samples

    private enum Sample {
        case float(Double)
        case histogram(FloatHistogram)
    }

    private func read(
        _ page: SeriesPage, _ extent: SeriesPage.Extent,
        _ take: (Int64, Sample) throws(ScanError) -> Void
    ) throws(ScanError) {
        if extent.hasHistograms {
            try walk(page, extent, take)
        } else {
            try scan(page, extent, take)
        }
    }

    /// Floats alone: the spelling is known to the byte.
    private func scan(
        _ page: SeriesPage, _ extent: SeriesPage.Extent,
        _ take: (Int64, Sample) throws(ScanError) -> Void
    ) throws(ScanError) {
        let bytes = page.bytes[extent.samples]
        var i = bytes.firstIndex(of: UInt8(ascii: "[")) ?? bytes.endIndex
        while i < bytes.endIndex {
            guard bytes[i] == UInt8(ascii: "[") else {
                i += 1
                continue
            }
            // The outer bracket of `values` is followed by another.
            if i + 1 < bytes.endIndex, bytes[i + 1] == UInt8(ascii: "[") {
                i += 1
                continue
            }
            guard let comma = bytes[i...].firstIndex(of: UInt8(ascii: ",")),
                let close = bytes[(comma + 2)...].firstIndex(of: UInt8(ascii: "\""))
            else { return }
            guard let time = NumberScan.milliseconds(of: bytes[(i + 1)..<comma]),
                let value = NumberScan.value(of: bytes[(comma + 2)..<close])
            else { throw .malformed("a sample that is no number") }
            try take(time, .float(value))
            i = close + 2
        }
    }

    private func walk(
        _ page: SeriesPage, _ extent: SeriesPage.Extent,
        _ take: (Int64, Sample) throws(ScanError) -> Void
    ) throws(ScanError) {
        var cursor = JSONCursor(page.bytes, from: extent.samples.lowerBound)
        var taken: [(Int64, Sample?)] = []
        do throws(JSONCursor.Failure) {
            repeat {
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                switch key {
                case "value": taken.append(try Self.float(&cursor))
                case "histogram": taken.append(try Self.histogram(&cursor))
                case "values":
                    try cursor.array { (cursor) throws(JSONCursor.Failure) in
                        taken.append(try Self.float(&cursor))
                    }
                default:
                    try cursor.array { (cursor) throws(JSONCursor.Failure) in
                        taken.append(try Self.histogram(&cursor))
                    }
                }
            } while try cursor.accept(UInt8(ascii: ","))
        } catch {
            throw .malformed("a series with histograms could not be read")
        }
        for (time, sample) in taken {
            guard let sample else {
                throw .malformed(
                    "a native histogram whose bucket schema cannot be recognised without doubt")
            }
            try take(time, sample)
        }
    }

    private static func float(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure)
        -> (Int64, Sample?)
    {
        let time = try pointTime(&cursor)
        let value = try number(&cursor)
        try cursor.expect(UInt8(ascii: "]"))
        return (time, .float(value))
    }

    private static func histogram(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure)
        -> (Int64, Sample?)
    {
        let time = try pointTime(&cursor)
        var count = 0.0
        var sum = 0.0
        var buckets: [HistogramRebuild.Bucket] = []
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            switch key {
            case "count": count = try number(&cursor)
            case "sum": sum = try number(&cursor)
            default:
                try cursor.array { (cursor) throws(JSONCursor.Failure) in
                    try cursor.expect(UInt8(ascii: "["))
                    let rule = try cursor.number()
                    var numbers: [Double] = []
                    for _ in 0..<3 {
                        try cursor.expect(UInt8(ascii: ","))
                        numbers.append(try number(&cursor))
                    }
                    try cursor.expect(UInt8(ascii: "]"))
                    buckets.append(
                        (cursor.bytes[rule.lowerBound] - 48, numbers[0], numbers[1], numbers[2]))
                }
            }
        }
        try cursor.expect(UInt8(ascii: "]"))
        let rebuilt = HistogramRebuild.histogram(count: count, sum: sum, buckets: buckets)
        return (time, rebuilt.map { .histogram($0) })
    }

    private static func pointTime(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> Int64 {
        try cursor.expect(UInt8(ascii: "["))
        let range = try cursor.number()
        try cursor.expect(UInt8(ascii: ","))
        guard let time = NumberScan.milliseconds(of: cursor.bytes[range]) else {
            throw .malformed(range.lowerBound, "a time that is no number")
        }
        return time
    }

    private static func number(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> Double {
        let start = cursor.position
        guard let value = NumberScan.value(of: try cursor.stringBytes()) else {
            throw .malformed(start, "a value that is no number")
        }
        return value
    }
}
