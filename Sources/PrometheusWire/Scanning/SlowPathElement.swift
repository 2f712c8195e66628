import GoText
import TimeSeries

/// One series as the exact walker reads it: any order of keys, any white space, any escapes.
/// Samples come out in Prometheus's spelling.
struct SlowPathElement {
    /// What series of an answer look like.
    enum Shape {
        /// `values` and `histograms`.
        case matrix
        /// `value` or `histogram`.
        case vector

        init?(resultType: String) {
            switch resultType {
            case "matrix": self = .matrix
            case "vector": self = .vector
            default: return nil
            }
        }
    }

    typealias Label = (name: [UInt8], value: [UInt8])

    var labels: [Label] = []
    /// From behind the `metric` object's comma up to the closing brace; empty where the series has
    /// no samples at all.
    var samples: [UInt8] = []
    var hasHistograms = false

    init(
        _ cursor: inout JSONCursor, shape: Shape, grid: StepGrid? = nil, maximumLabels: Int
    ) throws(JSONCursor.Failure) {
        var metric: [Label]?
        var values: [UInt8]?
        var histograms: [UInt8]?
        var isNull = false
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            let start = cursor.position
            switch (key, shape) {
            case ("metric", _):
                guard metric == nil else { throw .twice("metric", start) }
                metric = try Self.labels(&cursor, atMost: maximumLabels)
            case ("values", .matrix), ("value", .vector):
                guard values == nil else { throw .twice(key, start) }
                values = try Self.member(key, &cursor, shape, grid, Self.sample)
                isNull = isNull || values == nil
            case ("histograms", .matrix), ("histogram", .vector):
                guard histograms == nil else { throw .twice(key, start) }
                histograms = try Self.member(key, &cursor, shape, grid, Self.histogram)
                isNull = isNull || histograms == nil
            case ("values", _), ("value", _), ("histograms", _), ("histogram", _):
                throw .malformed(start, "\(key) in a result of another type")
            default: try cursor.skip()
            }
        }
        guard let metric else { throw .malformed(cursor.position, "a series without metric") }
        if case .vector = shape, (values == nil) == (histograms == nil) {
            throw .malformed(cursor.position, "a series of a vector needs one sample")
        }
        if values == nil, histograms == nil, !isNull {
            throw .malformed(cursor.position, "a series without values")
        }
        labels = metric
        samples = values ?? []
        if let histograms, !histograms.isEmpty {
            if !samples.isEmpty { samples.append(UInt8(ascii: ",")) }
            samples += histograms
            hasHistograms = true
        }
    }

    static func labels(
        _ cursor: inout JSONCursor, atMost maximum: Int
    ) throws(JSONCursor.Failure) -> [Label] {
        var labels: [Label] = []
        if try cursor.acceptNull() { return labels }
        try cursor.members { (name, cursor) throws(JSONCursor.Failure) in
            guard labels.count < maximum else {
                throw .tooMany("a series has more than \(maximum) labels")
            }
            labels.append((name, try cursor.stringBytes()))
        }
        return labels
    }

    // MARK: - Samples

    /// Reads one sample, appends it in Prometheus's spelling, and returns its time.
    typealias Reader = (inout JSONCursor, inout [UInt8]) throws(JSONCursor.Failure) -> Timestamp

    /// `"key":` and what stands there; nothing for an empty array, nil for null.
    static func member(
        _ key: String, _ cursor: inout JSONCursor, _ shape: Shape, _ grid: StepGrid?, _ read: Reader
    ) throws(JSONCursor.Failure) -> [UInt8]? {
        if try cursor.acceptNull() { return nil }
        var clock = ResponseScanner.clock(shape, on: grid)
        var out = Array("\"\(key)\":".utf8)
        guard case .matrix = shape else {
            let start = cursor.position
            let time = try read(&cursor, &out)
            guard clock.move(to: time) else { throw clock.refusal(of: time, at: start) }
            return out
        }
        var isEmpty = true
        out.append(UInt8(ascii: "["))
        try cursor.array { (cursor) throws(JSONCursor.Failure) in
            if !isEmpty { out.append(UInt8(ascii: ",")) }
            let start = cursor.position
            let time = try read(&cursor, &out)
            guard clock.move(to: time) else { throw clock.refusal(of: time, at: start) }
            isEmpty = false
        }
        out.append(UInt8(ascii: "]"))
        return isEmpty ? [] : out
    }

    /// `[time,"value"]`.
    static func sample(
        _ cursor: inout JSONCursor, to out: inout [UInt8]
    ) throws(JSONCursor.Failure) -> Timestamp {
        let time = try time(&cursor, to: &out)
        try number(&cursor, to: &out)
        try cursor.expect(UInt8(ascii: "]"))
        out.append(UInt8(ascii: "]"))
        return time
    }

    /// `[time,{"count":…,"sum":…,"buckets":[…]}]`.
    static func histogram(
        _ cursor: inout JSONCursor, to out: inout [UInt8]
    ) throws(JSONCursor.Failure) -> Timestamp {
        let time = try time(&cursor, to: &out)
        var count: [UInt8] = []
        var sum: [UInt8] = []
        var buckets: [UInt8] = []
        var isBucketed = false
        let start = cursor.position
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            switch key {
            case "count" where count.isEmpty: try number(&cursor, to: &count)
            case "sum" where sum.isEmpty: try number(&cursor, to: &sum)
            case "buckets" where !isBucketed:
                isBucketed = true
                try cursor.array { (cursor) throws(JSONCursor.Failure) in
                    if !buckets.isEmpty { buckets.append(UInt8(ascii: ",")) }
                    try bucket(&cursor, to: &buckets)
                }
            case "count", "sum", "buckets": throw .twice(key, start)
            default: try cursor.skip()
            }
        }
        guard !count.isEmpty, !sum.isEmpty else {
            throw .malformed(start, "a histogram without count or sum")
        }
        try cursor.expect(UInt8(ascii: "]"))
        out.append(contentsOf: "{\"count\":".utf8)
        out += count
        out.append(contentsOf: ",\"sum\":".utf8)
        out += sum
        if !buckets.isEmpty {
            out.append(contentsOf: ",\"buckets\":[".utf8)
            out += buckets
            out.append(UInt8(ascii: "]"))
        }
        out.append(contentsOf: "}]".utf8)
        return time
    }

    /// `[rule,"lower","upper","count"]`.
    private static func bucket(
        _ cursor: inout JSONCursor, to out: inout [UInt8]
    ) throws(JSONCursor.Failure) {
        try cursor.expect(UInt8(ascii: "["))
        let rule = try cursor.number()
        guard rule.count == 1, (48...51).contains(cursor.bytes[rule.lowerBound]) else {
            throw .malformed(rule.lowerBound, "a bucket rule that is none of 0 to 3")
        }
        out.append(UInt8(ascii: "["))
        out.append(cursor.bytes[rule.lowerBound])
        for _ in 0..<3 {
            try cursor.expect(UInt8(ascii: ","))
            out.append(UInt8(ascii: ","))
            try number(&cursor, to: &out)
        }
        try cursor.expect(UInt8(ascii: "]"))
        out.append(UInt8(ascii: "]"))
    }

    /// `[` and the time in Prometheus's spelling, and the comma behind it.
    private static func time(
        _ cursor: inout JSONCursor, to out: inout [UInt8]
    ) throws(JSONCursor.Failure) -> Timestamp {
        try cursor.expect(UInt8(ascii: "["))
        let start = cursor.position
        let text =
            try cursor.peek() == UInt8(ascii: "\"")
            ? try cursor.stringBytes() : Array(cursor.bytes[try cursor.number()])
        guard let time = NumberScan.time(of: text) else {
            throw .malformed(start, "a sample time that is no number")
        }
        try cursor.expect(UInt8(ascii: ","))
        out.append(UInt8(ascii: "["))
        TimestampText.appendSample(time, to: &out)
        out.append(UInt8(ascii: ","))
        return time
    }

    /// A number in quotes, or without them: copied where it has Prometheus's spelling, else spelled
    /// anew.
    private static func number(
        _ cursor: inout JSONCursor, to out: inout [UInt8]
    ) throws(JSONCursor.Failure) {
        out.append(UInt8(ascii: "\""))
        let start = cursor.position
        if let range = try cursor.plainString(),
            NumberSpelling.isValue(cursor.bytes, in: range)
        {
            cursor.bytes.withUnsafeBufferPointer {
                out.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range]))
            }
        } else {
            cursor.position = start
            try appendUnusual(&cursor, to: &out)
        }
        out.append(UInt8(ascii: "\""))
    }

    private static func appendUnusual(
        _ cursor: inout JSONCursor, to out: inout [UInt8]
    ) throws(JSONCursor.Failure) {
        let start = cursor.position
        let text =
            try cursor.peek() == UInt8(ascii: "\"")
            ? try cursor.stringBytes() : Array(cursor.bytes[try cursor.bareWord()])
        if NumberSpelling.isValue(text, in: text.indices) {
            out += text
        } else if let value = NumberScan.value(of: text) {
            GoFloat.append(value, to: &out)
        } else {
            throw .malformed(start, "a sample value that is no number")
        }
    }
}

extension JSONCursor.Failure {
    static func twice(_ key: String, _ position: Int) -> Self {
        .malformed(position, "\(key) stands twice in one object")
    }

    static func disorder(_ position: Int) -> Self {
        .malformed(position, "samples of a series are not in ascending order of time")
    }
}
