import GoText
public import TimeSeries

/// The `data` of queries: `{"resultType":…,"result":…}`.
public enum ResultWriter {
    /// A scalar at a time.
    public static func appendScalar(_ value: Double, at time: Timestamp, to out: inout [UInt8]) {
        out.append(contentsOf: "{\"resultType\":\"scalar\",\"result\":[".utf8)
        TimestampText.appendScalar(time, to: &out)
        out.append(contentsOf: ",\"".utf8)
        GoFloat.appendPlain(value, to: &out)
        out.append(contentsOf: "\"]}".utf8)
    }

    /// A string at a time.
    public static func appendString(_ text: String, at time: Timestamp, to out: inout [UInt8]) {
        out.append(contentsOf: "{\"resultType\":\"string\",\"result\":[".utf8)
        TimestampText.appendScalar(time, to: &out)
        out.append(UInt8(ascii: ","))
        JSONText.append(text, to: &out)
        out.append(contentsOf: "]}".utf8)
    }

    /// The first step of every series that has a value there, in the order given. Returns whether
    /// `limit` (0 for none) left some out.
    public static func appendVector(
        _ series: [StepSeries], at time: Timestamp, limit: Int, to out: inout [UInt8]
    ) -> Bool {
        out.append(contentsOf: "{\"resultType\":\"vector\",\"result\":[".utf8)
        var written = 0
        for one in series {
            let histogram = one.histograms[0]
            guard let value = one.values.first,
                histogram != nil || !SampleValue.isAbsent(value)
            else { continue }
            if limit > 0, written == limit { return close(&out, true) }
            if written > 0 { out.append(UInt8(ascii: ",")) }
            written += 1
            appendMetric(one.labels, to: &out)
            if let histogram {
                out.append(contentsOf: ",\"histogram\":".utf8)
                appendPoint(time, histogram, to: &out)
            } else {
                out.append(contentsOf: ",\"value\":".utf8)
                appendPoint(time, value, to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
        return close(&out, false)
    }

    /// All steps of every series that has a value, in the order given. Returns whether `limit`
    /// left some out.
    public static func appendMatrix(
        _ series: [StepSeries], on grid: StepGrid, limit: Int, to out: inout [UInt8]
    ) -> Bool {
        // Every series has the same times, so each is printed once.
        var openings = Openings()
        return appendMatrix(series, limit: limit, to: &out) { one, out in
            var floats = 0
            for (step, value) in one.values.enumerated() where !SampleValue.isAbsent(value) {
                if !one.histograms.isEmpty, one.histograms[step] != nil { continue }
                if floats == 0 {
                    out.append(contentsOf: ",\"values\":[".utf8)
                } else {
                    out.append(UInt8(ascii: ","))
                }
                floats += 1
                openings.append(step, on: grid, to: &out)
                appendValue(value, to: &out)
            }
            if floats > 0 { out.append(UInt8(ascii: "]")) }
            let steps = one.histograms.keys.sorted()
            for (index, step) in steps.enumerated() {
                guard let histogram = one.histograms[step] else { continue }
                out.append(contentsOf: index == 0 ? ",\"histograms\":[".utf8 : ",".utf8)
                appendPoint(grid.time(at: step), histogram, to: &out)
            }
            if !steps.isEmpty { out.append(UInt8(ascii: "]")) }
            return floats > 0 || !steps.isEmpty
        } labels: {
            $0.labels
        }
    }

    /// Raw samples, in the order given. Returns whether `limit` left some out.
    public static func appendMatrix(
        _ series: [SampleSeries], limit: Int, to out: inout [UInt8]
    ) -> Bool {
        appendMatrix(series, limit: limit, to: &out) { one, out in
            var floats = 0
            for index in one.times.indices where one.histograms[index] == nil {
                out.append(contentsOf: floats == 0 ? ",\"values\":[".utf8 : ",".utf8)
                floats += 1
                appendPoint(one.times[index], one.values[index], to: &out)
            }
            if floats > 0 { out.append(UInt8(ascii: "]")) }
            let indices = one.histograms.keys.sorted()
            for (position, index) in indices.enumerated() {
                guard let histogram = one.histograms[index] else { continue }
                out.append(contentsOf: position == 0 ? ",\"histograms\":[".utf8 : ",".utf8)
                appendPoint(one.times[index], histogram, to: &out)
            }
            if !indices.isEmpty { out.append(UInt8(ascii: "]")) }
            return floats > 0 || !indices.isEmpty
        } labels: {
            $0.labels
        }
    }

    /// `[time,` for the steps of a grid, printed as far as they were needed.
    private struct Openings {
        private var text: [UInt8] = []
        private var ends: [Int] = []

        mutating func append(_ step: Int, on grid: StepGrid, to out: inout [UInt8]) {
            while ends.count <= step {
                appendOpening(grid.time(at: ends.count), to: &text)
                ends.append(text.count)
            }
            out.append(contentsOf: text[(step == 0 ? 0 : ends[step - 1])..<ends[step]])
        }
    }

    private static func appendMatrix<Series>(
        _ series: [Series], limit: Int, to out: inout [UInt8],
        _ samples: (Series, inout [UInt8]) -> Bool, labels: (Series) -> LabelSet
    ) -> Bool {
        out.append(contentsOf: "{\"resultType\":\"matrix\",\"result\":[".utf8)
        var written = 0
        for one in series {
            let mark = out.count
            if written > 0 { out.append(UInt8(ascii: ",")) }
            appendMetric(labels(one), to: &out)
            guard samples(one, &out) else {
                out.removeSubrange(mark...)
                continue
            }
            if limit > 0, written == limit {
                out.removeSubrange(mark...)
                return close(&out, true)
            }
            written += 1
            out.append(UInt8(ascii: "}"))
        }
        return close(&out, false)
    }

    private static func close(_ out: inout [UInt8], _ isTruncated: Bool) -> Bool {
        out.append(contentsOf: "]}".utf8)
        return isTruncated
    }

    // MARK: - Parts

    /// `{"metric":{…}`, the element left open.
    static func appendMetric(_ labels: LabelSet, to out: inout [UInt8]) {
        out.append(contentsOf: "{\"metric\":".utf8)
        appendLabels(labels, to: &out)
    }

    /// A label object.
    public static func appendLabels(_ labels: LabelSet, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        var isFirst = true
        for pair in labels.ranges {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            JSONText.appendLabel(inKey: labels.key[pair.name], to: &out)
            out.append(UInt8(ascii: ":"))
            JSONText.appendLabel(inKey: labels.key[pair.value], to: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    private static func appendPoint(_ time: Timestamp, _ value: Double, to out: inout [UInt8]) {
        appendOpening(time, to: &out)
        appendValue(value, to: &out)
    }

    /// `[time,`.
    private static func appendOpening(_ time: Timestamp, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "["))
        TimestampText.appendSample(time, to: &out)
        out.append(UInt8(ascii: ","))
    }

    /// `"value"]`.
    private static func appendValue(_ value: Double, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        GoFloat.append(value, to: &out)
        out.append(UInt8(ascii: "\""))
        out.append(UInt8(ascii: "]"))
    }

    private static func appendPoint(
        _ time: Timestamp, _ histogram: FloatHistogram, to out: inout [UInt8]
    ) {
        appendOpening(time, to: &out)
        out.append(contentsOf: "{\"count\":\"".utf8)
        GoFloat.append(histogram.count, to: &out)
        out.append(contentsOf: "\",\"sum\":\"".utf8)
        GoFloat.append(histogram.sum, to: &out)
        out.append(UInt8(ascii: "\""))
        let buckets = histogram.allBuckets.filter { $0.count != 0 }
        for (index, bucket) in buckets.enumerated() {
            out.append(contentsOf: index == 0 ? ",\"buckets\":[".utf8 : ",".utf8)
            let rule =
                switch (bucket.lowerInclusive, bucket.upperInclusive) {
                case (false, true): "[0"
                case (true, false): "[1"
                case (false, false): "[2"
                case (true, true): "[3"
                }
            out.append(contentsOf: rule.utf8)
            for number in [bucket.lower, bucket.upper, bucket.count] {
                out.append(contentsOf: ",\"".utf8)
                GoFloat.append(number, to: &out)
                out.append(UInt8(ascii: "\""))
            }
            out.append(UInt8(ascii: "]"))
        }
        if !buckets.isEmpty { out.append(UInt8(ascii: "]")) }
        out.append(contentsOf: "}]".utf8)
    }
}

/// The two string encoders of Prometheus's answers.
public enum JSONText {
    /// Label names and values in `metric` objects: only quotes, backslashes and control characters
    /// are escaped.
    public static func appendLabel(_ bytes: some Sequence<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in bytes { appendEscaped(byte, to: &out) }
        out.append(UInt8(ascii: "\""))
    }

    /// A name or value as it stands in `LabelSet.key`, where a 1 escapes the byte behind it.
    static func appendLabel(inKey bytes: ArraySlice<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                appendEscaped(byte &- 1, to: &out)
                isEscaped = false
            } else if byte == 1 {
                isEscaped = true
            } else {
                appendEscaped(byte, to: &out)
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    /// All other strings: `<`, `>`, `&` and the separators U+2028 and U+2029 too.
    public static func append(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": out.append(contentsOf: "\\u003c".utf8)
            case ">": out.append(contentsOf: "\\u003e".utf8)
            case "&": out.append(contentsOf: "\\u0026".utf8)
            case "\u{2028}": out.append(contentsOf: "\\u2028".utf8)
            case "\u{2029}": out.append(contentsOf: "\\u2029".utf8)
            case "\u{FFFD}": out.append(contentsOf: "\\ufffd".utf8)
            default:
                if scalar.value < 0x80 {
                    appendEscaped(UInt8(scalar.value), to: &out)
                } else {
                    out.append(contentsOf: String(Character(scalar)).utf8)
                }
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    /// An array of such strings.
    public static func append(_ texts: some Sequence<String>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "["))
        var isFirst = true
        for text in texts {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            append(text, to: &out)
        }
        out.append(UInt8(ascii: "]"))
    }

    static func appendEscaped(_ byte: UInt8, to out: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            out.append(UInt8(ascii: "\\"))
            out.append(byte)
        case UInt8(ascii: "\n"): out.append(contentsOf: "\\n".utf8)
        case UInt8(ascii: "\r"): out.append(contentsOf: "\\r".utf8)
        case UInt8(ascii: "\t"): out.append(contentsOf: "\\t".utf8)
        case 0..<0x20:
            out.append(contentsOf: byte < 0x10 ? "\\u000".utf8 : "\\u001".utf8)
            let digit = byte & 15
            out.append(digit < 10 ? digit + UInt8(ascii: "0") : digit - 10 + UInt8(ascii: "a"))
        default: out.append(byte)
        }
    }
}

/// What stands around the data of a successful answer.
public enum Envelope {
    private static let most = 10

    public static let head = Array("{\"status\":\"success\",\"data\":".utf8)

    /// Everything behind the data: warnings, infos and the closing brace. At most ten of a kind,
    /// in byte order; the rest become one line that counts them. `failures` are warnings about
    /// members that did not answer: they come first and are never among the omitted.
    public static func appendTail(
        failures: [String] = [], warnings: Set<String>, infos: Set<String>, to out: inout [UInt8]
    ) {
        append("warnings", "warning", failures, warnings.subtracting(failures), to: &out)
        append("infos", "info", [], infos, to: &out)
        out.append(UInt8(ascii: "}"))
    }

    private static func append(
        _ key: String, _ kind: String, _ first: [String], _ texts: Set<String>,
        to out: inout [UInt8]
    ) {
        var lines = first + texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard !lines.isEmpty else { return }
        let kept = max(most, first.count)
        if lines.count > kept {
            let omitted = "\(lines.count - kept) more \(kind) annotations omitted"
            lines = lines.prefix(kept) + [omitted]
        }
        out.append(contentsOf: ",\"\(key)\":".utf8)
        JSONText.append(lines, to: &out)
    }
}
