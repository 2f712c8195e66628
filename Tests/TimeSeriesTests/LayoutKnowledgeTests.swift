import Testing
import TimeSeries

/// Buckets by lower and upper bound, as an answer prints them: nothing is said of empty ones.
private func printed(_ buckets: [(Double, Double, Double)]) -> FloatHistogram {
    var bounds: Set<Double> = []
    for (lower, upper, _) in buckets { bounds.formUnion([lower, upper].filter(\.isFinite)) }
    return .custom(
        count: buckets.reduce(0) { $0 + $1.2 }, sum: 1,
        buckets.map {
            FloatHistogram.Bucket(
                lower: $0.0, upper: $0.1, lowerInclusive: false, upperInclusive: true, count: $0.2)
        }, bounds.sorted())
}

private func populated(_ histogram: FloatHistogram) -> [[Double]] {
    histogram.allBuckets.filter { $0.count != 0 }.map { [$0.lower, $0.upper, $0.count] }
}

@Suite struct LayoutKnowledge {
    private static let inf = Double.infinity

    @Test(arguments: [
        // Equal bounds, other buckets populated.
        (
            printed([(1, 3, 2)]), printed([(3, 7, 4)]), [[1, 3, 2], [3, 7, 4]], false
        ),
        (
            printed([(-inf, 1, 1), (20, inf, 2)]), printed([(1, 3, 4)]),
            [[-inf, 1, 1], [1, 3, 4], [20, inf, 2]], false
        ),
        // A bound inside of a populated bucket of the other goes.
        (
            printed([(1, 5, 4)]), printed([(1, 3, 1), (3, 5, 2)]), [[1, 5, 7]], true
        ),
        (
            printed([(-inf, 5, 1), (5, inf, 2)]), printed([(-inf, 3, 1), (3, 5, 1), (5, inf, 1)]),
            [[-inf, 5, 3], [5, inf, 3]], true
        ),
    ])
    func `Buckets in print add up where no unprinted bound can matter`(
        a: FloatHistogram, b: FloatHistogram, buckets: [[Double]], reconciled: Bool
    ) throws {
        for (x, y) in [(a, b), (b, a)] {
            let sum = try x.adding(y)
            #expect(populated(sum.sum) == buckets)
            #expect(sum.reconciled == reconciled)
        }
    }

    @Test(arguments: [
        // 3 may be a bound of the first too, or not.
        (printed([(1, 2, 4)]), printed([(1, 3, 1)])),
        // Both may have a bound between 2 and 5, where neither shows one.
        (printed([(1, 2, 4), (5, 6, 1)]), printed([(1, 1.5, 1), (5, 6, 2)])),
    ])
    func `Where an unprinted bound would decide there is no sum`(
        a: FloatHistogram, b: FloatHistogram
    ) {
        for (x, y) in [(a, b), (b, a)] {
            #expect(throws: FloatHistogram.LayoutError.unknownBounds) { try x.adding(y) }
            var accumulator = HistogramAccumulator(x, goal: .sum)
            #expect(throws: FloatHistogram.LayoutError.unknownBounds) { try accumulator.add(y) }
        }
    }

    @Test func `An accumulator adds buckets in print bucket by bucket`() throws {
        var accumulator = HistogramAccumulator(printed([(1, 3, 2)]), goal: .mean)
        try accumulator.add(printed([(3, 7, 4)]))
        try accumulator.add(printed([(7, 20, 3), (20, Self.inf, 3)]))
        try accumulator.add(printed([(1, 3, 2), (7, 20, 1)]))
        #expect(!accumulator.boundsReconciled)
        #expect(
            populated(accumulator.result) == [
                [1, 3, 1], [3, 7, 1], [7, 20, 1], [20, Self.inf, 0.75],
            ])
    }

    @Test(arguments: [printed([(1, 3, 2)]), exponential, custom])
    func `A histogram of which nothing is known takes any layout`(
        other: FloatHistogram
    ) throws {
        var empty = FloatHistogram(schema: 8)
        empty.layoutKnowledge = .nothing
        for sum in [try empty.adding(other), try other.adding(empty)] {
            #expect(populated(sum.sum) == populated(other))
            #expect(sum.sum.schema == other.schema)
            #expect(sum.sum.layoutKnowledge == other.layoutKnowledge)
        }
        #expect(!empty.isIncompatible(with: other))
    }

    private static let exponential = FloatHistogram(
        schema: 1, count: 3, positiveSpans: [.init(offset: 0, length: 2)], positiveBuckets: [1, 2])
    private static let custom = FloatHistogram(
        schema: FloatHistogram.customBucketsSchema, count: 3,
        positiveSpans: [.init(offset: 0, length: 2)], positiveBuckets: [1, 2], customValues: [4])

    @Test func `Bounds that are not printed do not make histograms differ`() {
        let known = printed([(1, 3, 2)])
        var refined = known
        refined.customValues = [1, 3, 7]
        #expect(known.hasSameFields(as: refined))
        #expect(!known.hasSameFields(as: printed([(1, 2, 2)])))
        #expect(!refined.isReset(after: known))
        #expect(printed([(3, 7, 2)]).isReset(after: known))
    }

    @Test func `A bucket that an empty zero bucket cuts has the schema that is the only one`() {
        func cut(from threshold: Double, at index: Int32) -> FloatHistogram {
            var histogram = FloatHistogram(
                schema: 1, zeroThreshold: threshold, count: 2, sum: 3,
                positiveSpans: [.init(offset: index, length: 1)], positiveBuckets: [2])
            histogram.layoutKnowledge = .undecided
            return histogram
        }
        // No coarser schema has a bound at the square root of 8.
        #expect(cut(from: 2.2, at: 3).asExponential(amongSchemas: [])?.schema == 1)
        #expect(cut(from: 0.75, at: 0).asExponential(amongSchemas: []) == nil)
        #expect(cut(from: 0.75, at: 0).asExponential(amongSchemas: [0])?.schema == 0)
        #expect(cut(from: 0.75, at: 0).asExponential(amongSchemas: [0, 1]) == nil)
    }

    // MARK: - Series

    private var undecided: FloatHistogram {
        var histogram = FloatHistogram(
            schema: 0, count: 2, sum: 3, positiveSpans: [.init(offset: 1, length: 1)],
            positiveBuckets: [2])
        histogram.layoutKnowledge = .undecided
        return histogram
    }

    @Test func `Other steps of a series decide`() {
        let custom = [0: undecided, 1: printed([(2, 4, 1), (4, Self.inf, 1)])].withSettledLayouts()
        #expect(custom[0]?.usesCustomBuckets == true)
        #expect(custom[0]?.customValues == [1, 2, 4])
        #expect(custom[0].map(populated) == [[1, 2, 2]])
        let other = [0: undecided, 1: Self.exponential].withSettledLayouts()
        #expect(other[0]?.usesCustomBuckets == false)
        #expect(other[0]?.layoutKnowledge == .whole)
    }

    @Test func `Steps that disagree decide nothing`() {
        let steps = [0: undecided, 1: printed([(1, 3, 1)]), 2: Self.exponential]
        #expect(steps.withSettledLayouts()[0]?.layoutKnowledge == .undecided)
        #expect([0: undecided].withSettledLayouts()[0]?.layoutKnowledge == .undecided)
    }

    @Test func `Empty histograms have the layout of their neighbours in time`() {
        var empty = FloatHistogram(schema: 8)
        empty.layoutKnowledge = .nothing
        let steps = [0: empty, 3: printed([(1, 3, 1)]), 7: empty, 9: Self.exponential]
            .withSettledLayouts()
        #expect(steps[0]?.customValues == [1, 3])
        #expect(steps[7]?.customValues == [1, 3])
        #expect([2: empty, 4: Self.exponential].withSettledLayouts()[2]?.schema == 1)
        #expect([2: empty].withSettledLayouts()[2]?.layoutKnowledge == .nothing)
    }
}
