import TimeSeries

/// JSON as Prometheus's two encoders write it, appended to bytes.
struct JSONText {
    private(set) var bytes: [UInt8] = []

    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Appends finished JSON.
    mutating func append(_ json: [UInt8]) { bytes.append(contentsOf: json) }

    /// Appends elements with commas between them.
    mutating func list<Elements: Sequence>(
        _ elements: Elements, _ append: (inout JSONText, Elements.Element) -> Void
    ) {
        raw("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { raw(",") }
            append(&self, element)
        }
        raw("]")
    }

    /// A string outside of label objects: `<`, `>`, `&` and U+2028/9 are escaped as well.
    mutating func string(_ text: String) {
        raw("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": raw("\\u003c")
            case ">": raw("\\u003e")
            case "&": raw("\\u0026")
            case "\u{2028}": raw("\\u2028")
            case "\u{2029}": raw("\\u2029")
            default:
                if scalar.isASCII {
                    plain(UInt8(scalar.value))
                } else {
                    bytes.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
                }
            }
        }
        raw("\"")
    }

    /// A label object, labels in order; only quotes, backslashes and control bytes are escaped.
    mutating func labels(_ labels: LabelSet) {
        raw("{")
        for (index, pair) in labels.pairs.enumerated() {
            if index > 0 { raw(",") }
            labelText(pair.name)
            raw(":")
            labelText(pair.value)
        }
        raw("}")
    }

    private mutating func labelText(_ text: String) {
        raw("\"")
        for byte in text.utf8 { plain(byte) }
        raw("\"")
    }

    private mutating func plain(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): raw("\\\"")
        case UInt8(ascii: "\\"): raw("\\\\")
        case UInt8(ascii: "\n"): raw("\\n")
        case UInt8(ascii: "\r"): raw("\\r")
        case UInt8(ascii: "\t"): raw("\\t")
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            raw("\\u00")
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        default: bytes.append(byte)
        }
    }

    // MARK: Samples

    /// Seconds of a sample's time (ms): whole, or with exactly three decimals.
    mutating func sampleTime(_ milliseconds: Int64) {
        let magnitude = milliseconds.magnitude
        if milliseconds < 0 { raw("-") }
        raw(String(magnitude / 1000))
        let rest = magnitude % 1000
        if rest == 0 { return }
        raw("." + String(repeating: "0", count: rest < 10 ? 2 : rest < 100 ? 1 : 0) + String(rest))
    }

    /// `[time,"value"]`.
    mutating func point(_ time: Int64, _ value: Double) {
        raw("[")
        sampleTime(time)
        raw(",\"\(NumberText.sample(value))\"]")
    }

    /// `[time,{histogram}]`.
    mutating func point(_ time: Int64, _ histogram: FloatHistogram) {
        raw("[")
        sampleTime(time)
        raw(",{\"count\":\"\(NumberText.sample(histogram.count))\"")
        raw(",\"sum\":\"\(NumberText.sample(histogram.sum))\"")
        let buckets = histogram.allBuckets.filter { $0.count != 0 }
        if !buckets.isEmpty {
            raw(",\"buckets\":")
            list(buckets) { json, bucket in
                let rule =
                    switch (bucket.lowerInclusive, bucket.upperInclusive) {
                    case (false, true): 0
                    case (true, false): 1
                    case (false, false): 2
                    case (true, true): 3
                    }
                let numbers = [bucket.lower, bucket.upper, bucket.count]
                    .map { "\"\(NumberText.sample($0))\"" }
                json.raw("[\(rule),\(numbers.joined(separator: ","))]")
            }
        }
        raw("}]")
    }
}
