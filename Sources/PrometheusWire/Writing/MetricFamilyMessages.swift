import GoText
public import TimeSeries

/// Samples as `io.prometheus.client.MetricFamily` messages, each behind its length, as a server
/// hands them to another one: floats are untyped, native histograms are of floats.
public struct MetricFamilyMessages: Sendable {
    public enum Value: Sendable {
        case float(Double)
        case histogram(FloatHistogram)
    }

    private enum Kind: UInt64 {
        case untyped = 3
        case histogram = 4
        case gaugeHistogram = 5

        init(_ value: Value) {
            switch value {
            case .float: self = .untyped
            case .histogram(let histogram):
                self = histogram.counterResetHint == .gauge ? .gaugeHistogram : .histogram
            }
        }
    }

    private var written: [UInt8] = []
    private var name = ""
    private var kind = Kind.untyped
    /// Of the family that is not whole yet.
    private var metrics: [UInt8] = []

    public init() {}

    /// Everything that was appended.
    public var bytes: [UInt8] {
        var whole = self
        whole.endFamily()
        return whole.written
    }

    /// Appends one series. Those of one name must follow each other; a family ends where the name or
    /// the kind changes.
    public mutating func append(
        name: String, labels: [(name: String, value: String)], value: Value, time: Timestamp
    ) {
        let kind = Kind(value)
        if kind != self.kind || !name.utf8.elementsEqual(self.name.utf8) { endFamily() }
        (self.name, self.kind) = (name, kind)
        var metric: [UInt8] = []
        for label in labels {
            var pair: [UInt8] = []
            WireWriter.append(1, bytes: label.name.utf8, to: &pair)
            WireWriter.append(2, bytes: label.value.utf8, to: &pair)
            WireWriter.append(1, bytes: pair, to: &metric)
        }
        if case .float(let value) = value {
            var untyped: [UInt8] = []
            Self.append(1, value, to: &untyped)
            WireWriter.append(5, bytes: untyped, to: &metric)
        }
        Self.append(6, always: UInt64(bitPattern: time.milliseconds), to: &metric)
        if case .histogram(let histogram) = value {
            WireWriter.append(7, bytes: Self.message(histogram), to: &metric)
        }
        WireWriter.append(4, bytes: metric, to: &metrics)
    }

    private mutating func endFamily() {
        guard !metrics.isEmpty else { return }
        var head: [UInt8] = []
        WireWriter.append(1, bytes: name.utf8, to: &head)
        Self.append(3, always: kind.rawValue, to: &head)
        WireWriter.append(varint: UInt64(head.count + metrics.count), to: &written)
        written += head
        written += metrics
        metrics = []
    }

    private static func message(_ histogram: FloatHistogram) -> [UInt8] {
        var out: [UInt8] = []
        append(2, histogram.sum, to: &out)
        append(4, histogram.count, to: &out)
        append(5, always: zigzag(histogram.schema), to: &out)
        append(6, histogram.zeroThreshold, to: &out)
        append(8, histogram.zeroCount, to: &out)
        for span in histogram.negativeSpans { append(9, span, to: &out) }
        for count in histogram.negativeBuckets { append(11, count, to: &out) }
        for span in histogram.positiveSpans { append(12, span, to: &out) }
        for count in histogram.positiveBuckets { append(14, count, to: &out) }
        return out
    }

    private static func append(
        _ number: UInt64, _ span: FloatHistogram.Span, to out: inout [UInt8]
    ) {
        var message: [UInt8] = []
        append(1, always: zigzag(span.offset), to: &message)
        append(2, always: UInt64(span.length), to: &message)
        WireWriter.append(number, bytes: message, to: &out)
    }

    private static func zigzag(_ value: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: value << 1 ^ value >> 31))
    }

    /// Written even where it is 0: the messages are of a version that tells absent from 0.
    private static func append(
        _ number: UInt64, always value: UInt64, to out: inout [UInt8]
    ) {
        WireWriter.append(varint: number << 3, to: &out)
        WireWriter.append(varint: value, to: &out)
    }

    private static func append(_ number: UInt64, _ value: Double, to out: inout [UInt8]) {
        WireWriter.append(varint: number << 3 | 1, to: &out)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            out.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }
}
