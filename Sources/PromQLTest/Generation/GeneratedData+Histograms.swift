import TimeSeries

extension GeneratedData {
    /// Replaces floats by native histograms: all samples of a series, or every fifth stretch.
    static func addHistograms(
        to series: inout SampleSeries, isMixed: Bool, _ random: inout SeededRandom
    ) {
        let schema = Int32(random.pick([0, 0, 1, 3]))
        let hasCustomBounds = !isMixed && random.oneIn(8)
        var counts = (0..<4).map { _ in Double(Int.random(in: 0...3, using: &random)) }
        var zero = 0.0
        let threshold = random.oneIn(6) ? 0.25 : 0.001
        for index in series.times.indices {
            if SampleValue.isStale(series.values[index]) { continue }
            if random.oneIn(50) {
                counts = [0, 1, 0, 0]
                zero = 0
            }
            for bucket in counts.indices {
                counts[bucket] += Double(Int.random(in: 0...3, using: &random))
            }
            if random.oneIn(3) { zero += 1 }
            if isMixed, index / 5 % 3 == 0 { continue }
            let count = counts.reduce(hasCustomBounds ? 0 : zero, +)
            series.histograms[index] =
                hasCustomBounds
                ? FloatHistogram(
                    schema: FloatHistogram.customBucketsSchema, count: count, sum: count * 1.5,
                    positiveSpans: [.init(offset: 0, length: 4)], positiveBuckets: counts,
                    customValues: [0.5, 1, 2])
                : FloatHistogram(
                    schema: schema, zeroThreshold: threshold, zeroCount: zero, count: count,
                    sum: count * 1.5,
                    positiveSpans: [
                        .init(offset: 1, length: 2), .init(offset: 1, length: 2),
                    ],
                    positiveBuckets: counts)
        }
    }
}

extension GeneratedData {
    /// Gives native histograms what is stored with them and in no JSON: hints about resets, gauges,
    /// empty buckets.
    mutating func detailHistograms(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0xde7a11)
        for member in series.indices {
            for row in series[member].indices where !series[member][row].histograms.isEmpty {
                let isGauge = random.oneIn(5)
                let isHinted = random.oneIn(2)
                var previous: FloatHistogram?
                for index in series[member][row].times.indices {
                    guard var histogram = series[member][row].histograms[index] else { continue }
                    if isGauge {
                        histogram.counterResetHint = .gauge
                    } else if isHinted {
                        let isReset = previous.map { histogram.isReset(after: $0) } ?? true
                        histogram.counterResetHint =
                            random.oneIn(4) ? .unknown : isReset ? .reset : .notReset
                    }
                    if !histogram.usesCustomBuckets, random.oneIn(3) {
                        histogram.positiveSpans[1].length += 1
                        histogram.positiveBuckets.append(0)
                    }
                    previous = histogram
                    series[member][row].histograms[index] = histogram
                }
            }
        }
    }
}
