import GoText
import TimeSeries

/// Reads the samples of a series that has native histograms.
enum HistogramSampleDecoder {
    struct Samples {
        var floats: [(time: Timestamp, value: Double)] = []
        var histograms: [(time: Timestamp, value: FloatHistogram)] = []
    }

    /// Samples as they stand there.
    struct Printed {
        var floats: [(time: Timestamp, value: Double)] = []
        var histograms: [(time: Timestamp, value: PrintedHistogram)] = []
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
    ) throws(JSONCursor.Failure) -> (time: Timestamp, value: Double) {
        let time = try pointTime(&cursor)
        let value = try number(&cursor)
        try cursor.expect(UInt8(ascii: "]"))
        return (time, value)
    }

    private static func histogram(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> (time: Timestamp, value: PrintedHistogram) {
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
    ) throws(JSONCursor.Failure) -> Timestamp {
        try cursor.expect(UInt8(ascii: "["))
        let range = try cursor.number()
        try cursor.expect(UInt8(ascii: ","))
        guard let time = NumberScan.time(of: cursor.bytes[range]) else {
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

/// Reads the float samples of a series that has no histograms: its spelling is known to the byte.
enum FloatSampleDecoder {
    /// Takes every sample in the order it stands there.
    ///
    /// - Throws: what the closure throws; an error when the bytes are not those of a scanner.
    static func read(
        _ page: SeriesPage, _ extent: SeriesPage.Extent,
        _ take: (Timestamp, Double) throws(ScanError) -> Void
    ) throws(ScanError) {
        // Typed errors do not pass through the buffer's closure, so they are carried over.
        var failure: ScanError?
        page.bytes.withUnsafeBufferPointer { bytes in
            guard extent.samples.upperBound <= bytes.count else {
                failure = unreadable
                return
            }
            do throws(ScanError) {
                try read(UnsafeBufferPointer(rebasing: bytes[extent.samples]), take)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private static let unreadable = ScanError.malformed("a series could not be read")

    private static func read(
        _ text: UnsafeBufferPointer<UInt8>, _ take: (Timestamp, Double) throws(ScanError) -> Void
    ) throws(ScanError) {
        // `"values":[[time,"value"],…]}` or `"value":[time,"value"]}`.
        guard var index = text.firstIndex(of: UInt8(ascii: "[")) else { throw unreadable }
        if index + 1 < text.count, text[index + 1] == UInt8(ascii: "[") { index += 1 }
        while index < text.count, text[index] == UInt8(ascii: "[") {
            let start = index + 1
            index = end(of: text, from: start, at: UInt8(ascii: ","))
            guard let time = time(text, start..<index) else { throw unreadable }
            let value = index + 2
            index = end(of: text, from: value, at: UInt8(ascii: "\""))
            guard value <= index, index < text.count,
                let number = NumberScan.value(
                    in: UnsafeBufferPointer(rebasing: text[value..<index]))
            else { throw unreadable }
            try take(time, number)
            // The closing quote and bracket, and the comma.
            index += 3
        }
    }

    private static func end(
        of text: UnsafeBufferPointer<UInt8>, from start: Int, at byte: UInt8
    ) -> Int {
        var index = start
        while index < text.count, text[index] != byte { index += 1 }
        return index
    }

    private static func time(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
    ) -> Timestamp? {
        // Ten digits of seconds are what times of this age have.
        guard range.count == 10 else { return NumberScan.time(of: text[range]) }
        var seconds: Int64 = 0
        for index in range {
            let digit = text[index] &- 48
            guard digit < 10 else { return NumberScan.time(of: text[range]) }
            seconds = seconds &* 10 &+ Int64(digit)
        }
        return Timestamp(milliseconds: seconds &* 1000)
    }
}
