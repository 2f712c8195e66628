import Testing
import TimeSeries

@testable import PrometheusWire

@Suite struct HistogramRebuildTests {
    /// A histogram printed and read again keeps schema, counts and bounds.
    @Test(arguments: [Int32(-4), -2, -1, 0, 1, 3, 5, 8])
    func recoversExponentialSchemas(schema: Int32) throws {
        var histogram = FloatHistogram(
            schema: schema, zeroThreshold: 1e-128, zeroCount: 2, count: 12, sum: 30)
        histogram.positiveSpans = [
            FloatHistogram.Span(offset: -2, length: 2), FloatHistogram.Span(offset: 3, length: 1),
        ]
        histogram.positiveBuckets = [1, 4, 5]
        histogram.negativeSpans = [FloatHistogram.Span(offset: 4, length: 2)]
        histogram.negativeBuckets = [7, 8]
        #expect(HistogramRebuild.histogram(printed(histogram)) == histogram)
    }

    /// Other writers, and other versions, round bounds in another way.
    @Test(arguments: [-2, -1, 1, 2])
    func recoversBoundsWithinTwoUnitsInTheLastPlace(units: Int) throws {
        for schema in Int32(0)...8 {
            let count = 1 << Int(schema)
            let histogram = FloatHistogram(
                schema: schema, count: Double(count), sum: 1,
                positiveSpans: [FloatHistogram.Span(offset: 0, length: UInt32(count) + 2)],
                negativeSpans: [FloatHistogram.Span(offset: -3, length: 2)],
                positiveBuckets: Array(repeating: 1, count: count + 2), negativeBuckets: [1, 1])
            var shifted = printed(histogram)
            for index in shifted.buckets.indices {
                func moved(_ bound: Double) -> Double {
                    Double(bitPattern: bound.bitPattern &+ UInt64(bitPattern: Int64(units)))
                }
                shifted.buckets[index].lower = moved(shifted.buckets[index].lower)
                shifted.buckets[index].upper = moved(shifted.buckets[index].upper)
            }
            #expect(HistogramRebuild.histogram(shifted) == histogram)
        }
    }

    @Test func takesBoundsFurtherFromTheTableForCustomOnes() throws {
        let root = 2.0.squareRoot()
        let buckets = [Self.bucket(1, root + 8 * root.ulp), Self.bucket(root + 8 * root.ulp, 2)]
        let rebuilt = try #require(
            HistogramRebuild.histogram(PrintedHistogram(count: 1, sum: 1, buckets: buckets)))
        #expect(rebuilt.usesCustomBuckets)
    }

    @Test func recoversBucketsThatTheZeroBucketOverlaps() throws {
        let histogram = FloatHistogram(
            schema: 2, zeroThreshold: 0.9, zeroCount: 2, count: 12, sum: 30,
            positiveSpans: [FloatHistogram.Span(offset: 0, length: 2)], positiveBuckets: [1, 4])
        #expect(HistogramRebuild.histogram(printed(histogram)) == histogram)
    }

    /// It is not in print, as it holds nothing.
    @Test func recoversBucketsThatAnEmptyZeroBucketOverlaps() throws {
        let histogram = FloatHistogram(
            schema: 2, zeroThreshold: 0.9, count: 12, sum: 30,
            positiveSpans: [FloatHistogram.Span(offset: 0, length: 4)],
            negativeSpans: [FloatHistogram.Span(offset: 0, length: 1)],
            positiveBuckets: [1, 4, 3, 2], negativeBuckets: [2])
        #expect(HistogramRebuild.histogram(printed(histogram)) == histogram)
        var positive = histogram
        positive.negativeSpans = []
        positive.negativeBuckets = []
        #expect(HistogramRebuild.histogram(printed(positive)) == positive)
    }

    @Test func recoversCustomBucketsThatAreAllPopulated() throws {
        let histogram = FloatHistogram(
            schema: FloatHistogram.customBucketsSchema, count: 6, sum: 9,
            positiveSpans: [FloatHistogram.Span(offset: 0, length: 3)],
            positiveBuckets: [1, 2, 3], customValues: [5, 10])
        #expect(HistogramRebuild.histogram(printed(histogram)) == histogram)
    }

    /// Bounds inside of empty custom buckets are not printed: what is rebuilt says so.
    @Test(arguments: [
        // Bounds of no schema.
        ([bucket(1, 3)], [1.0, 3.0]),
        ([bucket(5, .infinity)], [5]),
        ([bucket(3, -.infinity, 5)], [5]),
        ([bucket(3, -.infinity, 5), bucket(6, .infinity)], [5, 6]),
        ([bucket(-2, -1), bucket(-1, 1), bucket(4, 8)], [-2, -1, 1, 4, 8]),
    ])
    func keepsTheBoundsOfPopulatedCustomBuckets(
        buckets: [PrintedHistogram.Bucket], bounds: [Double]
    ) throws {
        let printed = PrintedHistogram(count: 1, sum: 1, buckets: buckets)
        let rebuilt = try #require(HistogramRebuild.histogram(printed))
        #expect(rebuilt.customValues == bounds)
        #expect(rebuilt.layoutKnowledge == .populated)
        #expect(
            rebuilt.allBuckets.map { [$0.lower, $0.upper, $0.count] }
                == buckets.map { [$0.lower, $0.upper, $0.count] })
    }

    @Test(arguments: [
        // A factor of two: schema 0, or somebody's custom bounds 1 and 2.
        [bucket(1, 2)], [bucket(0.25, 0.5), bucket(8, 16)], [bucket(16, 256)],
        // One irrational bound could be somebody's, the square root of 2.
        [bucket(1, 2.0.squareRoot())],
        // One bucket that the zero bucket overlaps could be of several schemas.
        [bucket(3, -0.7, 0.7), bucket(0.7, 1)],
        // An empty zero bucket that ends at 2.5, or custom bounds.
        [bucket(2.5, 4), bucket(4, 8)],
        // The same, and of several schemas.
        [bucket(0.75, 1)],
    ])
    func saysWhatCouldBeTwoThings(buckets: [PrintedHistogram.Bucket]) throws {
        let printed = PrintedHistogram(count: 1, sum: 1, buckets: buckets)
        let rebuilt = try #require(HistogramRebuild.histogram(printed))
        #expect(rebuilt.layoutKnowledge == .undecided)
    }

    @Test(arguments: [
        [bucket(1, root), bucket(root, 2), bucket(2, 2 * root)],
        [bucket(1, -2, -1), bucket(1, 2)], [bucket(3, -0.001, 0.001), bucket(1, 2)],
        // Where an exponential histogram counts infinities.
        [bucket(1, 2), bucket(.greatestFiniteMagnitude, .infinity), bucket(1, -2, -1)]
            .sorted { $0.lower < $1.lower },
    ])
    func isSureOfExponentialBuckets(buckets: [PrintedHistogram.Bucket]) throws {
        let rebuilt = try #require(
            HistogramRebuild.histogram(PrintedHistogram(count: 1, sum: 1, buckets: buckets)))
        #expect(rebuilt.layoutKnowledge == .whole)
        #expect(!rebuilt.usesCustomBuckets)
        #expect(rebuilt.allBuckets.map(\.upper) == buckets.map(\.upper))
    }

    @Test func knowsNothingOfAnEmptyHistogram() throws {
        #expect(HistogramRebuild.histogram(PrintedHistogram())?.layoutKnowledge == .nothing)
    }

    @Test(arguments: [
        [bucket(2, 1, 2)], [bucket(3, -1, 2)], [bucket(2, 1)], [bucket(.nan, 1)],
        [bucket(2, 2.1), bucket(1, 1.1)], [bucket(0, -.infinity, 1)],
        [bucket(1, -3, -1), bucket(1, 2)],
    ])
    func refusesWhatNoHistogramPrints(buckets: [PrintedHistogram.Bucket]) {
        let printed = PrintedHistogram(count: 1, sum: 1, buckets: buckets)
        #expect(HistogramRebuild.histogram(printed) == nil)
    }

    /// The square root of 2 as Prometheus has it.
    private static let root = 1.414213562373095

    private static func bucket(
        _ rule: UInt8, _ lower: Double, _ upper: Double
    ) -> PrintedHistogram.Bucket {
        PrintedHistogram.Bucket(rule: rule, lower: lower, upper: upper, count: 1)
    }

    private static func bucket(_ lower: Double, _ upper: Double) -> PrintedHistogram.Bucket {
        bucket(0, lower, upper)
    }

    private func printed(_ histogram: FloatHistogram) -> PrintedHistogram {
        PrintedHistogram(
            count: histogram.count, sum: histogram.sum,
            buckets: histogram.allBuckets.filter { $0.count != 0 }.map { bucket in
                let rule: UInt8 =
                    switch (bucket.lowerInclusive, bucket.upperInclusive) {
                    case (false, true): 0
                    case (true, false): 1
                    case (false, false): 2
                    case (true, true): 3
                    }
                return PrintedHistogram.Bucket(
                    rule: rule, lower: bucket.lower, upper: bucket.upper, count: bucket.count)
            })
    }
}
