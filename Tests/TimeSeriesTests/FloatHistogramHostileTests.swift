import Testing
import TimeSeries

/// Histograms as a broken or hostile member may send them: spans that lie, schemas that do not
/// exist, bounds out of order, NaN everywhere.
private struct HostileHistograms {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(bound))
    }

    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

    mutating func number() -> Double {
        pick([0, 1, 2, -1, .infinity, -.infinity, .nan, 1e308, 1e-308, 3.5, 1000])
    }

    mutating func numbers(upTo count: Int) -> [Double] {
        var all: [Double] = []
        for _ in 0..<below(count) { all.append(number()) }
        return all
    }

    mutating func spans() -> [FloatHistogram.Span] {
        var all: [FloatHistogram.Span] = []
        for _ in 0..<below(4) {
            all.append(
                FloatHistogram.Span(
                    offset: pick([0, 1, 5, -3, .max, .min, 100]), length: pick([0, 1, 2, 3, .max])))
        }
        return all
    }

    mutating func next() -> FloatHistogram {
        FloatHistogram(
            counterResetHint: pick([.unknown, .reset, .notReset, .gauge]),
            schema: pick([0, 1, 8, -4, 3, -53, -53, .min, .max, 12, -9]),
            zeroThreshold: pick([0, 0.001, 1, 2.938735877055719e-39, .nan, .infinity]),
            zeroCount: number(), count: number(), sum: number(), positiveSpans: spans(),
            negativeSpans: spans(), positiveBuckets: numbers(upTo: 6),
            negativeBuckets: numbers(upTo: 6), customValues: numbers(upTo: 5))
    }
}

@Suite struct HostileHistogramOperations {
    @Test func `No operation traps, and both orders of an addition have one layout`() throws {
        var source = HostileHistograms(state: 88_172_645_463_325_252)
        for _ in 0..<300 {
            let a = source.next()
            let b = source.next()
            let limit = source.number()
            _ = a.isReset(after: b)
            _ = a.trimmed(upper: limit)
            _ = a.trimmed(lower: limit)
            _ = a.reduced(toSchema: b.schema)
            #expect(a.goDescription.hasPrefix("{count:"))
            #expect(a.allBuckets.count <= a.positiveBuckets.count + a.negativeBuckets.count + 1)
            let compact = a.compacted()
            #expect(compact.compacted().positiveSpans == compact.positiveSpans)
            #expect(compact.compacted().negativeSpans == compact.negativeSpans)
            guard let sum = try? a.adding(b).sum else {
                #expect(a.usesCustomBuckets != b.usesCustomBuckets)
                continue
            }
            let other = try b.adding(a).sum
            #expect(sum.schema == other.schema)
            var accumulator = HistogramAccumulator(a, goal: .mean)
            try accumulator.add(b)
            #expect(accumulator.count == 2)
            #expect(accumulator.result.schema == sum.schema)
        }
    }
}
