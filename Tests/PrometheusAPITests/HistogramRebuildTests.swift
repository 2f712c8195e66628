import Testing
import TimeSeries

@testable import PrometheusAPI

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

    @Test func recoversBucketsThatTheZeroBucketOverlaps() throws {
        let histogram = FloatHistogram(
            schema: 2, zeroThreshold: 0.9, zeroCount: 2, count: 12, sum: 30,
            positiveSpans: [FloatHistogram.Span(offset: 0, length: 2)], positiveBuckets: [1, 4])
        #expect(HistogramRebuild.histogram(printed(histogram)) == histogram)
    }

    @Test func recoversCustomBucketsThatAreAllPopulated() throws {
        let histogram = FloatHistogram(
            schema: FloatHistogram.customBucketsSchema, count: 6, sum: 9,
            positiveSpans: [FloatHistogram.Span(offset: 0, length: 3)],
            positiveBuckets: [1, 2, 3], customValues: [5, 10])
        #expect(HistogramRebuild.histogram(printed(histogram)) == histogram)
    }

    /// Between two populated histograms with custom buckets an empty one is of their kind.
    @Test func givesEmptyHistogramsTheLayoutOfTheirSeries() throws {
        let full = FloatHistogram(
            schema: FloatHistogram.customBucketsSchema, count: 3, sum: 9,
            positiveSpans: [FloatHistogram.Span(offset: 0, length: 2)], positiveBuckets: [1, 2],
            customValues: [5])
        let rebuilt = try #require(
            HistogramRebuild.histograms([printed(full), PrintedHistogram()]))
        #expect(rebuilt[1].customValues == [5])
        #expect(rebuilt[1].usesCustomBuckets)
    }

    @Test(arguments: [
        // A factor of two: schema 0, or somebody's custom bounds 1 and 2.
        [PrintedHistogram.Bucket(rule: 0, lower: 1, upper: 2, count: 1)],
        // Bounds of no schema: custom ones, of which the outer are not known.
        [PrintedHistogram.Bucket(rule: 0, lower: 1, upper: 3, count: 1)],
        // Custom bounds below the first are not known.
        [PrintedHistogram.Bucket(rule: 0, lower: 5, upper: .infinity, count: 1)],
        // Custom bounds above the last are not known.
        [PrintedHistogram.Bucket(rule: 3, lower: -.infinity, upper: 5, count: 1)],
        // A bucket is left out, its bounds are not known.
        [
            PrintedHistogram.Bucket(rule: 3, lower: -.infinity, upper: 5, count: 1),
            PrintedHistogram.Bucket(rule: 0, lower: 6, upper: .infinity, count: 1),
        ],
        // One bucket that the zero bucket overlaps could be of several schemas.
        [
            PrintedHistogram.Bucket(rule: 3, lower: -0.7, upper: 0.7, count: 1),
            PrintedHistogram.Bucket(rule: 0, lower: 0.7, upper: 1, count: 1),
        ],
        // No histogram prints these.
        [PrintedHistogram.Bucket(rule: 2, lower: 1, upper: 2, count: 1)],
        [PrintedHistogram.Bucket(rule: 3, lower: -1, upper: 2, count: 1)],
        [PrintedHistogram.Bucket(rule: 0, lower: 2, upper: 1, count: 1)],
        [PrintedHistogram.Bucket(rule: 0, lower: .nan, upper: 1, count: 1)],
        [
            PrintedHistogram.Bucket(rule: 0, lower: 2, upper: 2.1, count: 1),
            PrintedHistogram.Bucket(rule: 0, lower: 1, upper: 1.1, count: 1),
        ],
    ])
    func refusesWhatCouldBeTwoThings(buckets: [PrintedHistogram.Bucket]) {
        let printed = PrintedHistogram(count: 1, sum: 1, buckets: buckets)
        #expect(HistogramRebuild.histogram(printed) == nil)
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
