import GoText
import TestSupport
import TimeSeries

/// Seeded native histograms of every schema and of custom buckets, with zero buckets of several
/// widths, negative buckets, resets, gaps, staleness markers, empty ones, gauges, and floats among
/// them: what clients and recording rules can leave in a storage.
///
/// Counts are whole numbers and sums are multiples of 1/4, so that adding them is exact.
extension HistogramData {
    static let generatedMetrics = ["native", "gauges", "spread", "blended"]
    private static let sampleCount = 60

    /// One member's series; labels as the member has them.
    static func generated(_ member: Int, seed: UInt64, from start: Timestamp) -> [SampleSeries] {
        var random = SeededRandom(seed: seed &* 31 &+ UInt64(member))
        var all: [SampleSeries] = []
        func add(_ name: String, _ labels: [String: String], _ kind: Kind) {
            var labels = labels
            labels["__name__"] = name
            all.append(series(labels, kind, from: start, &random))
        }
        for job in ["api", "db", "web"] {
            for instance in ["h1", "h2"] where !random.oneIn(4) {
                let base = ["job": job, "instance": instance]
                add(
                    "native", base,
                    Kind(schema: random.pick([0, 1, 3, 3, 8]), isBusy: true, &random))
                if random.oneIn(2) {
                    add("gauges", base, Kind(schema: 3, isGauge: true, isBusy: true, &random))
                }
                if random.oneIn(2) {
                    add(
                        "blended", base,
                        Kind(
                            schema: 2, floats: random.pick([2, 3, 60]), isBusy: true, &random))
                }
            }
            add(
                "custom", ["job": job],
                Kind(schema: FloatHistogram.customBucketsSchema, isBusy: true, &random))
        }
        for schema in Int32(-4)...8 where !random.oneIn(6) {
            add(
                "spread", ["job": "api", "schema": "\(schema)"],
                Kind(schema: schema, isBusy: false, &random))
        }
        return all
    }

    /// How the samples of one series come about.
    private struct Kind {
        var schema: Int32
        var isGauge = false
        /// A float takes the place of every histogram whose number this divides; 0 for none.
        var floats = 0
        var zeroThreshold: Double
        var hasNegatives: Bool
        var isGappy: Bool
        /// Samples for which it is empty at first.
        var idle: Int
        /// Whether every sample is populated and has one observation more in its lowest buckets, so
        /// that neither differences nor sums of it are ever empty: of what is empty, JSON does not
        /// tell the layout.
        var isBusy: Bool

        init(
            schema: Int32, isGauge: Bool = false, floats: Int = 0, isBusy: Bool,
            _ random: inout SeededRandom
        ) {
            self.schema = schema
            self.isGauge = isGauge
            self.floats = floats
            let isCustom = schema == FloatHistogram.customBucketsSchema
            zeroThreshold =
                isCustom ? 0 : isBusy ? 0.001 : random.pick([0, 0x1p-128, 0.001, 0.001, 0.7])
            hasNegatives = !isCustom && random.oneIn(3)
            isGappy = random.oneIn(4)
            idle = !isBusy && random.oneIn(5) ? 8 : 0
            self.isBusy = isBusy
        }
    }

    private static func series(
        _ labels: [String: String], _ kind: Kind, from start: Timestamp,
        _ random: inout SeededRandom
    ) -> SampleSeries {
        var series = SampleSeries(labels: LabelSet(labels))
        let width = kind.schema > 4 ? 40 : kind.schema < 0 ? 2 : 6
        let offset = Int32(random.below(5)) - 2
        let jitter = Milliseconds(random.oneIn(3) ? Int64(random.below(30_000)) : 0)
        let last = random.oneIn(5) ? 25 + random.below(30) : sampleCount
        var positive = [Double](repeating: 0, count: width)
        var negative = [Double](repeating: 0, count: kind.hasNegatives ? width / 2 + 1 : 0)
        var zero = 0.0
        for index in 0..<last {
            let time = start + Milliseconds(Int64(index) * 30_000) + jitter
            if kind.isGappy, index % 20 >= 14 { continue }
            if random.oneIn(40) || kind.isGauge {
                positive = positive.map { _ in 0 }
                negative = negative.map { _ in 0 }
                zero = 0
            }
            if kind.isBusy {
                positive[0] += 1
                positive[1] += 1
                if kind.zeroThreshold > 0 { zero += 1 }
            }
            if index >= kind.idle, !random.oneIn(6) {
                for bucket in positive.indices where !random.oneIn(3) {
                    positive[bucket] += Double(random.below(4))
                }
                for bucket in negative.indices { negative[bucket] += Double(random.below(3)) }
                if kind.zeroThreshold > 0 { zero += Double(random.below(2)) }
            }
            series.times.append(time)
            if kind.floats > 0, index % kind.floats == 1 {
                series.values.append(Double(index))
                continue
            }
            series.values.append(SampleValue.normalNaN)
            series.histograms[series.times.count - 1] = histogram(
                kind, offset, positive, negative, zero)
        }
        if last < sampleCount, random.oneIn(2) {
            series.times.append(start + Milliseconds(Int64(last) * 30_000) + jitter)
            series.values.append(SampleValue.stale)
        }
        return series
    }

    private static func histogram(
        _ kind: Kind, _ offset: Int32, _ positive: [Double], _ negative: [Double], _ zero: Double
    ) -> FloatHistogram {
        // The zero bucket holds what lies inside of it.
        func outside(_ counts: [Double]) -> [Double] {
            counts.enumerated().map { index, count in
                kind.schema == FloatHistogram.customBucketsSchema
                    || FloatHistogram.bound(at: offset + Int32(index), schema: kind.schema)
                        > kind.zeroThreshold
                    ? count : 0
            }
        }
        let (positive, negative) = (outside(positive), outside(negative))
        let count = (positive + negative).reduce(zero, +)
        var histogram = FloatHistogram(
            counterResetHint: kind.isGauge ? .gauge : .unknown, schema: kind.schema,
            zeroThreshold: kind.zeroThreshold, zeroCount: zero, count: count, sum: count * 0.75)
        if kind.schema == FloatHistogram.customBucketsSchema {
            histogram.customValues = [0.1, 0.5, 1, 2.5, 10]
            histogram.positiveSpans = [.init(offset: 0, length: UInt32(positive.count))]
            histogram.positiveBuckets = positive
        } else {
            // Only populated buckets, as clients send them.
            (histogram.positiveSpans, histogram.positiveBuckets) = populated(positive, offset)
            (histogram.negativeSpans, histogram.negativeBuckets) = populated(negative, offset)
        }
        return histogram
    }

    private static func populated(
        _ counts: [Double], _ offset: Int32
    ) -> ([FloatHistogram.Span], [Double]) {
        var spans: [FloatHistogram.Span] = []
        var end: Int32 = 0
        for (index, count) in counts.enumerated() where count > 0 {
            let place = offset + Int32(index)
            if !spans.isEmpty, place == end {
                spans[spans.count - 1].length += 1
            } else {
                spans.append(.init(offset: place - end, length: 1))
            }
            end = place + 1
        }
        return (spans, counts.filter { $0 > 0 })
    }
}
