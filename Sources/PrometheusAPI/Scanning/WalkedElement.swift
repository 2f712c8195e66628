/// One series as the exact walker reads it: any order of keys, any white space, any escapes.
/// Samples come out in Prometheus's spelling.
struct WalkedElement {
    var labels: [(name: [UInt8], value: [UInt8])] = []
    /// From behind the `metric` object's comma up to the closing brace.
    var samples: [UInt8] = []
    var hasHistograms = false

    init(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) {
        var labels: [(name: [UInt8], value: [UInt8])] = []
        var values: [UInt8] = []
        var histograms: [UInt8] = []
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            switch key {
            case "metric": labels = try Self.labels(&cursor)
            case "value":
                values = Array("\"value\":".utf8) + (try Self.sample(&cursor))
            case "values": values = Array("\"values\":".utf8) + (try Self.samples(&cursor))
            case "histogram":
                histograms = Array("\"histogram\":".utf8) + (try Self.histogram(&cursor))
            case "histograms":
                histograms = Array("\"histograms\":".utf8) + (try Self.histograms(&cursor))
            default: try cursor.skip()
            }
        }
        self.labels = labels
        samples = values
        if !values.isEmpty, !histograms.isEmpty { samples.append(UInt8(ascii: ",")) }
        samples += histograms
        hasHistograms = !histograms.isEmpty
    }

    private static func labels(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure)
        -> [(name: [UInt8], value: [UInt8])]
    {
        var labels: [(name: [UInt8], value: [UInt8])] = []
        try cursor.object { (name, cursor) throws(JSONCursor.Failure) in
            labels.append((Array(name.utf8), try cursor.stringBytes()))
        }
        return labels
    }

    // MARK: - Samples

    private static func samples(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> [UInt8] {
        try list(&cursor, sample)
    }

    static func histograms(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> [UInt8] {
        try list(&cursor, histogram)
    }

    private static func list(
        _ cursor: inout JSONCursor,
        _ one: (inout JSONCursor) throws(JSONCursor.Failure) -> [UInt8]
    ) throws(JSONCursor.Failure) -> [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "[")]
        try cursor.array { (cursor) throws(JSONCursor.Failure) in
            if out.count > 1 { out.append(UInt8(ascii: ",")) }
            out += try one(&cursor)
        }
        out.append(UInt8(ascii: "]"))
        return out
    }

    /// `[time,"value"]`.
    static func sample(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> [UInt8] {
        try cursor.expect(UInt8(ascii: "["))
        var out = try time(&cursor)
        out += try numberString(&cursor)
        try cursor.expect(UInt8(ascii: "]"))
        out.append(UInt8(ascii: "]"))
        return out
    }

    /// `[time,{"count":…,"sum":…,"buckets":[…]}]`.
    static func histogram(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> [UInt8] {
        try cursor.expect(UInt8(ascii: "["))
        var out = try time(&cursor)
        var count: [UInt8] = []
        var sum: [UInt8] = []
        var buckets: [UInt8] = []
        let start = cursor.position
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            switch key {
            case "count": count = try numberString(&cursor)
            case "sum": sum = try numberString(&cursor)
            case "buckets": buckets = try list(&cursor, bucket)
            default: try cursor.skip()
            }
        }
        guard !count.isEmpty, !sum.isEmpty else {
            throw .malformed(start, "a histogram without count or sum")
        }
        try cursor.expect(UInt8(ascii: "]"))
        out += Array("{\"count\":".utf8) + count + Array(",\"sum\":".utf8) + sum
        if buckets.count > 2 { out += Array(",\"buckets\":".utf8) + buckets }
        out += Array("}]".utf8)
        return out
    }

    /// `[rule,"lower","upper","count"]`.
    private static func bucket(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> [UInt8] {
        try cursor.expect(UInt8(ascii: "["))
        let rule = try cursor.number()
        guard rule.count == 1, (48...51).contains(cursor.bytes[rule.lowerBound]) else {
            throw .malformed(rule.lowerBound, "a bucket rule that is none of 0 to 3")
        }
        var out: [UInt8] = [UInt8(ascii: "["), cursor.bytes[rule.lowerBound]]
        for _ in 0..<3 {
            try cursor.expect(UInt8(ascii: ","))
            out.append(UInt8(ascii: ","))
            out += try numberString(&cursor)
        }
        try cursor.expect(UInt8(ascii: "]"))
        out.append(UInt8(ascii: "]"))
        return out
    }

    /// `[` and the time in Prometheus's spelling, and the comma behind it.
    private static func time(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> [UInt8] {
        let range = try cursor.number()
        guard let milliseconds = NumberScan.milliseconds(of: cursor.bytes[range]) else {
            throw .malformed(range.lowerBound, "a sample time that is no number")
        }
        try cursor.expect(UInt8(ascii: ","))
        var out: [UInt8] = [UInt8(ascii: "[")]
        TimestampText.appendSample(milliseconds, to: &out)
        out.append(UInt8(ascii: ","))
        return out
    }

    /// A number in quotes.
    private static func numberString(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure)
        -> [UInt8]
    {
        let start = cursor.position
        let text = try cursor.stringBytes()
        guard NumberScan.value(of: text) != nil else {
            throw .malformed(start, "a sample value that is no number")
        }
        return [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]
    }
}
