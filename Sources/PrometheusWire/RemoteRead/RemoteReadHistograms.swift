import GoText
public import TimeSeries

extension RemoteReadSamples {
    /// The native histograms of a page of samples, as they are stored: schema, spans, custom bounds
    /// and what is known of resets.
    ///
    /// - Parameter time: of the sample that is wanted of a series; nil for none.
    /// - Returns: by labels; series without a histogram at their time are left out.
    /// - Throws: for what is no such message.
    public static func histograms(
        of page: SeriesPage, at time: (LabelSet) -> Timestamp?
    ) throws(ScanError) -> [LabelSet: FloatHistogram] {
        var found: [LabelSet: FloatHistogram] = [:]
        do throws(WireError) {
            for extent in page.series {
                let labels = LabelSet(key: Array(page.keys[extent.key]))
                guard let time = time(labels) else { continue }
                var result = ProtobufReader(page.bytes, extent.element)
                while let field = try result.next() {
                    guard field.number == 1, case .bytes(let range) = field.value else { continue }
                    if let histogram = try histogram(in: range, of: page.bytes, at: time) {
                        found[labels] = histogram
                    }
                }
            }
        } catch {
            throw error.inAnswer
        }
        return found
    }

    /// The histogram of a `TimeSeries` that has the time.
    private static func histogram(
        in series: Range<Int>, of bytes: [UInt8], at time: Timestamp
    ) throws(WireError) -> FloatHistogram? {
        var reader = ProtobufReader(bytes, series)
        var found: FloatHistogram?
        while let field = try reader.next() {
            guard field.number == 4, case .bytes(let range) = field.value else { continue }
            let message = try HistogramMessage(bytes, range)
            if message.time == time { found = try message.histogram }
        }
        return found
    }
}

/// `prometheus.Histogram` as remote read and remote write have it, of integers or of floats.
private struct HistogramMessage {
    private var read = FloatHistogram()
    private(set) var time: Timestamp = 0
    private var positiveDeltas: [Int64] = []
    private var negativeDeltas: [Int64] = []

    init(_ bytes: [UInt8], _ range: Range<Int>) throws(WireError) {
        var reader = ProtobufReader(bytes, range)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let count)): read.count = Double(count)
            case (2, .fixed(let range)): read.count = try Self.double(bytes, range)
            case (3, .fixed(let range)): read.sum = try Self.double(bytes, range)
            case (4, .varint(let schema)):
                read.schema = Int32(truncatingIfNeeded: Self.signed(schema))
            case (5, .fixed(let range)): read.zeroThreshold = try Self.double(bytes, range)
            case (6, .varint(let count)): read.zeroCount = Double(count)
            case (7, .fixed(let range)): read.zeroCount = try Self.double(bytes, range)
            case (8, .bytes(let range)): read.negativeSpans.append(try Self.span(bytes, range))
            case (9, let value): try Self.add(value, bytes, to: &negativeDeltas)
            case (10, let value): try Self.add(value, bytes, to: &read.negativeBuckets)
            case (11, .bytes(let range)): read.positiveSpans.append(try Self.span(bytes, range))
            case (12, let value): try Self.add(value, bytes, to: &positiveDeltas)
            case (13, let value): try Self.add(value, bytes, to: &read.positiveBuckets)
            case (14, .varint(let hint)): read.counterResetHint = Self.hint(hint)
            case (15, .varint(let milliseconds)):
                time = Timestamp(milliseconds: Int64(bitPattern: milliseconds))
            case (16, let value): try Self.add(value, bytes, to: &read.customValues)
            default: break
            }
        }
    }

    var histogram: FloatHistogram {
        get throws(WireError) {
            var whole = read
            if !positiveDeltas.isEmpty { whole.positiveBuckets = Self.sums(positiveDeltas) }
            if !negativeDeltas.isEmpty { whole.negativeBuckets = Self.sums(negativeDeltas) }
            guard Self.length(whole.positiveSpans) == whole.positiveBuckets.count,
                Self.length(whole.negativeSpans) == whole.negativeBuckets.count
            else { throw .malformed("a native histogram whose spans do not fit its buckets") }
            return whole
        }
    }

    private static func length(_ spans: [FloatHistogram.Span]) -> Int {
        spans.reduce(0) { $0 + Int($1.length) }
    }

    /// Absolute counts of integers that are told as differences.
    private static func sums(_ deltas: [Int64]) -> [Double] {
        var count: Int64 = 0
        return deltas.map {
            count &+= $0
            return Double(count)
        }
    }

    private static func hint(_ value: UInt64) -> FloatHistogram.CounterResetHint {
        switch value {
        case 1: .reset
        case 2: .notReset
        case 3: .gauge
        default: .unknown
        }
    }

    private static func span(
        _ bytes: [UInt8], _ range: Range<Int>
    ) throws(WireError) -> FloatHistogram.Span {
        var span = FloatHistogram.Span(offset: 0, length: 0)
        var reader = ProtobufReader(bytes, range)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let offset)):
                span.offset = Int32(truncatingIfNeeded: signed(offset))
            case (2, .varint(let length)): span.length = UInt32(truncatingIfNeeded: length)
            default: break
            }
        }
        return span
    }

    /// One number or a run of them.
    private static func add(
        _ value: ProtobufReader.Value, _ bytes: [UInt8], to deltas: inout [Int64]
    ) throws(WireError) {
        switch value {
        case .varint(let one): deltas.append(signed(one))
        case .bytes(let range):
            var reader = ProtobufReader(bytes, range)
            while reader.position < range.upperBound { deltas.append(signed(try reader.varint())) }
        case .fixed: throw .malformed("a native histogram with the wrong wire type")
        }
    }

    private static func add(
        _ value: ProtobufReader.Value, _ bytes: [UInt8], to counts: inout [Double]
    ) throws(WireError) {
        switch value {
        case .fixed(let range): counts.append(try double(bytes, range))
        case .bytes(let range):
            guard range.count.isMultiple(of: 8) else { throw .truncated }
            for start in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
                counts.append(try double(bytes, start..<start + 8))
            }
        case .varint: throw .malformed("a native histogram with the wrong wire type")
        }
    }

    private static func signed(_ zigzag: UInt64) -> Int64 {
        Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
    }

    private static func double(
        _ bytes: [UInt8], _ range: Range<Int>
    ) throws(WireError) -> Double {
        guard range.count == 8 else {
            throw .malformed("a native histogram with the wrong wire type")
        }
        var pattern: UInt64 = 0
        for byte in bytes[range].reversed() { pattern = pattern << 8 | UInt64(byte) }
        return Double(bitPattern: pattern)
    }
}
