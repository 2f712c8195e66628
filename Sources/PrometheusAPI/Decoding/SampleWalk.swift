import TimeSeries

/// Reads the samples of a series that has native histograms.
enum SampleWalk {
    struct Samples {
        var floats: [(time: Int64, value: Double)] = []
        var histograms: [(time: Int64, value: FloatHistogram)] = []
    }

    /// Samples as they stand there.
    struct Printed {
        var floats: [(time: Int64, value: Double)] = []
        var histograms: [(time: Int64, value: PrintedHistogram)] = []
    }

    /// All samples, each kind in its own order of time.
    ///
    /// - Throws: `unrecognizableHistogram`; an error when the bytes are not those of a scanner.
    static func samples(
        of page: SeriesPage, _ extent: SeriesPage.Extent
    ) throws(ScanError) -> Samples {
        let printed = try printed(of: page, extent)
        var samples = Samples(floats: printed.floats)
        for (time, histogram) in printed.histograms {
            guard let rebuilt = HistogramRebuild.histogram(histogram) else {
                throw .unrecognizableHistogram
            }
            samples.histograms.append((time, rebuilt))
        }
        return samples
    }

    /// All samples, each kind in its own order of time; histograms as they are printed.
    ///
    /// - Throws: when the bytes are not those of a scanner.
    static func printed(
        of page: SeriesPage, _ extent: SeriesPage.Extent
    ) throws(ScanError) -> Printed {
        var cursor = JSONCursor(page.bytes, from: extent.samples.lowerBound)
        var printed = Printed()
        do throws(JSONCursor.Failure) {
            repeat {
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                switch key {
                case "value": printed.floats.append(try float(&cursor))
                case "histogram": printed.histograms.append(try histogram(&cursor))
                case "values":
                    try cursor.array { (cursor) throws(JSONCursor.Failure) in
                        printed.floats.append(try float(&cursor))
                    }
                default:
                    try cursor.array { (cursor) throws(JSONCursor.Failure) in
                        printed.histograms.append(try histogram(&cursor))
                    }
                }
            } while try cursor.accept(UInt8(ascii: ","))
        } catch {
            throw .malformed("a series with histograms could not be read")
        }
        return printed
    }

    private static func float(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> (time: Int64, value: Double) {
        let time = try pointTime(&cursor)
        let value = try number(&cursor)
        try cursor.expect(UInt8(ascii: "]"))
        return (time, value)
    }

    private static func histogram(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> (time: Int64, value: PrintedHistogram) {
        let time = try pointTime(&cursor)
        var printed = PrintedHistogram()
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            switch key {
            case "count": printed.count = try number(&cursor)
            case "sum": printed.sum = try number(&cursor)
            default:
                try cursor.array { (cursor) throws(JSONCursor.Failure) in
                    printed.buckets.append(try bucket(&cursor))
                }
            }
        }
        try cursor.expect(UInt8(ascii: "]"))
        return (time, printed)
    }

    private static func bucket(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> PrintedHistogram.Bucket {
        try cursor.expect(UInt8(ascii: "["))
        let rule = cursor.bytes[try cursor.number().lowerBound] &- 48
        try cursor.expect(UInt8(ascii: ","))
        let lower = try number(&cursor)
        try cursor.expect(UInt8(ascii: ","))
        let upper = try number(&cursor)
        try cursor.expect(UInt8(ascii: ","))
        let count = try number(&cursor)
        try cursor.expect(UInt8(ascii: "]"))
        return PrintedHistogram.Bucket(rule: rule, lower: lower, upper: upper, count: count)
    }

    private static func pointTime(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> Int64 {
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
        let value: Double?
        if let range = try cursor.plainString() {
            value = NumberScan.value(of: cursor.bytes[range])
        } else {
            value = NumberScan.value(of: try cursor.stringBytes())
        }
        guard let value else { throw .malformed(start, "a value that is no number") }
        return value
    }
}
