import GoText
public import TimeSeries

/// The `data` of queries: `{"resultType":…,"result":…}`.
public enum ResultWriter {
    /// A scalar at a time (ms).
    public static func appendScalar(_ value: Double, at time: Int64, to out: inout [UInt8]) {
        out.append(contentsOf: "{\"resultType\":\"scalar\",\"result\":[".utf8)
        TimestampText.appendScalar(time, to: &out)
        out.append(contentsOf: ",\"".utf8)
        GoFloat.appendPlain(value, to: &out)
        out.append(contentsOf: "\"]}".utf8)
    }

    /// A string at a time (ms).
    public static func appendString(_ text: String, at time: Int64, to out: inout [UInt8]) {
        out.append(contentsOf: "{\"resultType\":\"string\",\"result\":[".utf8)
        TimestampText.appendScalar(time, to: &out)
        out.append(UInt8(ascii: ","))
        JSONText.append(text, to: &out)
        out.append(contentsOf: "]}".utf8)
    }

    /// The first step of every series that has a value there, in the order given. Returns whether
    /// `limit` (0 for none) left some out.
    public static func appendVector(
        _ series: [StepSeries], at time: Int64, limit: Int, to out: inout [UInt8]
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

    private static func appendPoint(_ time: Int64, _ value: Double, to out: inout [UInt8]) {
        appendOpening(time, to: &out)
        appendValue(value, to: &out)
    }

    /// `[time,`.
    private static func appendOpening(_ time: Int64, to out: inout [UInt8]) {
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
        _ time: Int64, _ histogram: FloatHistogram, to out: inout [UInt8]
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
