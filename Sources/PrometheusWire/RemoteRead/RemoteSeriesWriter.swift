import GoText
public import TimeSeries

/// Writes series as remote read gives them: `prometheus.TimeSeries`. The opposite of
/// `RemoteSampleDecoder`. Counts of native histograms are written as floats.
public enum RemoteSeriesWriter {
    /// One page with these series, as elements of a `QueryResult`.
    ///
    /// - Parameter injection: the labels that are added.
    public static func page(
        of series: [SampleSeries], injecting injection: LabelInjection?
    ) -> SeriesPage {
        var page = SeriesPage()
        let injection: LabelInjection = injection ?? .none
        for one in series {
            let labels = injection.injecting(into: one.labels)
            var message: [UInt8] = []
            for (name, value) in labels.pairs {
                var label: [UInt8] = []
                WireWriter.append(1, text: name, to: &label)
                WireWriter.append(2, text: value, to: &label)
                WireWriter.append(1, bytes: label, to: &message)
            }
            for (place, time) in one.times.enumerated() where one.histograms[place] == nil {
                var sample: [UInt8] = []
                let value = one.values[place]
                // As Go writes it: what an absent field means is left out.
                if value.bitPattern != 0 { append(1, double: value, to: &sample) }
                append(2, time: time, to: &sample)
                WireWriter.append(2, bytes: sample, to: &message)
            }
            for place in one.histograms.keys.sorted() {
                guard let histogram = one.histograms[place] else { continue }
                WireWriter.append(
                    4, bytes: bytes(of: histogram, at: one.times[place]), to: &message)
            }
            page.append(key: labels.key) { WireWriter.append(1, bytes: message, to: &$0) }
        }
        return page
    }

    private static func bytes(of histogram: FloatHistogram, at time: Timestamp) -> [UInt8] {
        var out: [UInt8] = []
        append(2, double: histogram.count, to: &out)
        append(3, double: histogram.sum, to: &out)
        WireWriter.append(4, varint: zigzag(Int64(histogram.schema)), to: &out)
        append(5, double: histogram.zeroThreshold, to: &out)
        append(7, double: histogram.zeroCount, to: &out)
        append(8, histogram.negativeSpans, to: &out)
        append(10, histogram.negativeBuckets, to: &out)
        append(11, histogram.positiveSpans, to: &out)
        append(13, histogram.positiveBuckets, to: &out)
        let hint: UInt64 =
            switch histogram.counterResetHint {
            case .unknown: 0
            case .reset: 1
            case .notReset: 2
            case .gauge: 3
            }
        WireWriter.append(14, varint: hint, to: &out)
        append(15, time: time, to: &out)
        append(16, histogram.customValues, to: &out)
        return out
    }

    private static func append(
        _ number: UInt64, _ spans: [FloatHistogram.Span], to out: inout [UInt8]
    ) {
        for span in spans {
            var bytes: [UInt8] = []
            WireWriter.append(1, varint: zigzag(Int64(span.offset)), to: &bytes)
            WireWriter.append(2, varint: UInt64(span.length), to: &bytes)
            WireWriter.append(number, bytes: bytes, to: &out)
        }
    }

    private static func append(_ number: UInt64, _ values: [Double], to out: inout [UInt8]) {
        if values.isEmpty { return }
        WireWriter.append(number, head: 8 * values.count, to: &out)
        for value in values { append(fixed: value, to: &out) }
    }

    private static func append(_ number: UInt64, double value: Double, to out: inout [UInt8]) {
        WireWriter.append(varint: number << 3 | 1, to: &out)
        append(fixed: value, to: &out)
    }

    private static func append(_ number: UInt64, time: Timestamp, to out: inout [UInt8]) {
        WireWriter.append(number, varint: UInt64(bitPattern: time.milliseconds), to: &out)
    }

    private static func append(fixed value: Double, to out: inout [UInt8]) {
        var bits = value.bitPattern
        for _ in 0..<8 {
            out.append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
        }
    }

    private static func zigzag(_ number: Int64) -> UInt64 {
        UInt64(bitPattern: number << 1 ^ number >> 63)
    }
}
