import TimeSeries

/// `{{schema:1 sum:3 count:22 buckets:[5 10 7]}}`: a native histogram as scripts write it.
enum HistogramNotation {
    /// Reads the histogram that begins at the scanner's position.
    static func read(
        _ scanner: inout NotationScanner
    ) throws(NotationError) -> (histogram: FloatHistogram, hintIsGiven: Bool) {
        try scanner.expect("{{")
        var histogram = FloatHistogram()
        var hintIsGiven = false
        var offset: Int32 = 0
        var negativeOffset: Int32 = 0
        var seen: Set<String> = []
        while true {
            scanner.skipSpace()
            if scanner.skip("}}") { break }
            let key = scanner.identifier()
            scanner.skipSpace()
            try scanner.expect(":")
            scanner.skipSpace()
            guard seen.insert(key).inserted else {
                throw NotationError("duplicate key \"\(key)\" in histogram")
            }
            switch key {
            case "schema": histogram.schema = try integer(&scanner)
            case "sum": histogram.sum = try scanner.number()
            case "count": histogram.count = try scanner.number()
            case "z_bucket": histogram.zeroCount = try scanner.number()
            case "z_bucket_w": histogram.zeroThreshold = try scanner.number()
            case "custom_values": histogram.customValues = try list(&scanner)
            case "buckets": histogram.positiveBuckets = try list(&scanner)
            case "offset": offset = try integer(&scanner)
            case "n_buckets": histogram.negativeBuckets = try list(&scanner)
            case "n_offset": negativeOffset = try integer(&scanner)
            case "counter_reset_hint":
                let name = scanner.identifier()
                guard let hint = FloatHistogram.CounterResetHint(rawValue: name) else {
                    throw NotationError("unknown counter reset hint \"\(name)\"")
                }
                histogram.counterResetHint = hint
                hintIsGiven = true
            default: throw NotationError("unknown key \"\(key)\" in histogram")
            }
        }
        histogram.positiveSpans = spans(offset, histogram.positiveBuckets)
        histogram.negativeSpans = spans(negativeOffset, histogram.negativeBuckets)
        return (histogram, hintIsGiven)
    }

    private static func spans(_ offset: Int32, _ buckets: [Double]) -> [FloatHistogram.Span] {
        buckets.isEmpty ? [] : [.init(offset: offset, length: UInt32(clamping: buckets.count))]
    }

    private static func integer(_ scanner: inout NotationScanner) throws(NotationError) -> Int32 {
        let value = try scanner.number()
        guard let integer = Int32(exactly: value) else {
            throw NotationError("\(value) is no integer")
        }
        return integer
    }

    private static func list(_ scanner: inout NotationScanner) throws(NotationError) -> [Double] {
        try scanner.expect("[")
        var values: [Double] = []
        while true {
            scanner.skipSpace()
            if scanner.skip("]") { return values }
            values.append(try scanner.number())
        }
    }
}
