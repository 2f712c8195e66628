import GoText
import TimeSeries

/// One native histogram of remote read: `prometheus.Histogram`, counts of whole numbers or floats.
struct RemoteHistogram {
    var time: Timestamp = 0
    var value = FloatHistogram()

    /// - Throws: for a message that is no histogram, or one whose buckets cannot be.
    init(_ message: ProtobufReader) throws(WireError) {
        var (positive, negative) = (Side(), Side())
        var reader = message
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let number)): value.count = Double(number)
            case (2, .fixed(let range)): value.count = try reader.double(range)
            case (3, .fixed(let range)): value.sum = try reader.double(range)
            case (4, .varint(let number)):
                value.schema = Int32(truncatingIfNeeded: ProtobufReader.signed(number))
            case (5, .fixed(let range)): value.zeroThreshold = try reader.double(range)
            case (6, .varint(let number)): value.zeroCount = Double(number)
            case (7, .fixed(let range)): value.zeroCount = try reader.double(range)
            case (8...10, let found): try negative.take(field.number - 8, found, reader)
            case (11...13, let found): try positive.take(field.number - 11, found, reader)
            case (14, .varint(let number)): value.counterResetHint = Self.hint(number)
            case (15, .varint(let number)):
                time = Timestamp(milliseconds: Int64(bitPattern: number))
            case (16, .bytes(let range)): value.customValues += try reader.doubles(range)
            case (16, .fixed(let range)): value.customValues.append(try reader.double(range))
            case (1...16, _): throw .malformed("a native histogram with the wrong wire type")
            default: break
            }
        }
        (value.positiveSpans, value.positiveBuckets) = (positive.spans, positive.counts)
        (value.negativeSpans, value.negativeBuckets) = (negative.spans, negative.counts)
        try value.checkBuckets()
    }

    private static func hint(_ number: UInt64) -> FloatHistogram.CounterResetHint {
        switch number {
        case 1: .reset
        case 2: .notReset
        case 3: .gauge
        default: .unknown
        }
    }

    /// The buckets on one side of zero.
    private struct Side {
        var spans: [FloatHistogram.Span] = []
        private var deltas: [Int64] = []
        private var floats: [Double] = []

        /// Of whole numbers the differences are sent.
        var counts: [Double] {
            if deltas.isEmpty { return floats }
            var count: Int64 = 0
            return deltas.map { delta in
                count &+= delta
                return Double(count)
            }
        }

        /// Field 0 holds spans, 1 differences of counts, 2 counts.
        mutating func take(
            _ field: UInt64, _ found: ProtobufReader.Value, _ reader: ProtobufReader
        ) throws(WireError) {
            switch (field, found) {
            case (0, .bytes(let range)): spans.append(try reader.span(range))
            case (1, .bytes(let range)):
                var packed = ProtobufReader(reader.bytes, range)
                while packed.position < range.upperBound {
                    deltas.append(ProtobufReader.signed(try packed.varint()))
                }
            case (1, .varint(let number)): deltas.append(ProtobufReader.signed(number))
            case (2, .bytes(let range)): floats += try reader.doubles(range)
            case (2, .fixed(let range)): floats.append(try reader.double(range))
            default: throw .malformed("buckets with the wrong wire type")
            }
        }
    }
}

extension FloatHistogram {
    /// - Throws: where spans, counts and bounds do not go together. Custom bounds may be missing.
    func checkBuckets() throws(WireError) {
        let last = try Self.lastIndex(of: positiveSpans, covering: positiveBuckets.count)
        _ = try Self.lastIndex(of: negativeSpans, covering: negativeBuckets.count)
        guard usesCustomBuckets else {
            guard (-4...8).contains(schema) else {
                throw .malformed("a native histogram with the schema \(schema)")
            }
            return
        }
        guard customValues.isEmpty || last <= Int64(customValues.count),
            (positiveSpans.first?.offset ?? 0) >= 0, negativeBuckets.isEmpty,
            zip(customValues, customValues.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw .malformed("a native histogram with impossible custom buckets") }
    }

    /// 0 where there is no bucket.
    private static func lastIndex(
        of spans: [Span], covering count: Int
    ) throws(WireError) -> Int64 {
        var (covered, end): (Int64, Int64) = (0, 0)
        for (place, span) in spans.enumerated() {
            guard place == 0 || span.offset >= 0 else {
                throw .malformed("a native histogram whose spans overlap")
            }
            covered += Int64(span.length)
            end += Int64(span.offset) + Int64(span.length)
        }
        guard covered == Int64(count) else {
            throw .malformed("a native histogram with \(count) buckets in \(covered) places")
        }
        guard end <= Int64(Int32.max) else {
            throw .malformed("a native histogram with an impossible bucket")
        }
        return max(0, end - 1)
    }
}

extension ProtobufReader {
    /// The number that zigzag encoding gave this form.
    static func signed(_ number: UInt64) -> Int64 {
        Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }

    /// - Parameter range: of a `fixed` value.
    func double(_ range: Range<Int>) throws(WireError) -> Double {
        guard range.count == 8 else { throw .malformed("a number of the wrong width") }
        return Double(bitPattern: bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }

    func doubles(_ range: Range<Int>) throws(WireError) -> [Double] {
        guard range.count % 8 == 0 else { throw .malformed("a number of the wrong width") }
        return try stride(from: range.lowerBound, to: range.upperBound, by: 8)
            .map { start throws(WireError) in try double(start..<(start + 8)) }
    }

    fileprivate func span(_ range: Range<Int>) throws(WireError) -> FloatHistogram.Span {
        var span = FloatHistogram.Span(offset: 0, length: 0)
        var reader = ProtobufReader(bytes, range)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let number)):
                span.offset = Int32(truncatingIfNeeded: ProtobufReader.signed(number))
            case (2, .varint(let number)): span.length = UInt32(truncatingIfNeeded: number)
            case (1, _), (2, _): throw .malformed("a span with the wrong wire type")
            default: break
            }
        }
        return span
    }
}
