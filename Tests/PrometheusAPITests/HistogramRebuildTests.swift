import Testing
import TimeSeries

@testable import PrometheusAPI

@Suite struct HistogramRebuildTests {
    /// A histogram printed and read again keeps schema, counts and bounds.
    @Test(arguments: [Int32(-2), 0, 1, 3, 5, 8])
    func recoversExponentialSchemas(schema: Int32) throws {
        var histogram = FloatHistogram(
            schema: schema, zeroThreshold: 0.001, zeroCount: 2, count: 12, sum: 30)
        histogram.positiveSpans = [
            FloatHistogram.Span(offset: -2, length: 2), FloatHistogram.Span(offset: 3, length: 1),
        ]
        histogram.positiveBuckets = [1, 4, 5]
        let rebuilt = try #require(rebuild(histogram))
        #expect(rebuilt.schema == schema)
        #expect(rebuilt.positiveBuckets == [1, 4, 5])
        #expect(rebuilt.positiveSpans == histogram.positiveSpans)
        #expect(rebuilt.zeroThreshold == 0.001)
    }

    @Test func recoversCustomBucketsWithAnOpenEnd() throws {
        var histogram = FloatHistogram(
            schema: FloatHistogram.customBucketsSchema, count: 6, sum: 9)
        histogram.customValues = [5, 10]
        histogram.positiveSpans = [FloatHistogram.Span(offset: 0, length: 3)]
        histogram.positiveBuckets = [1, 2, 3]
        let rebuilt = try #require(rebuild(histogram))
        #expect(rebuilt.customValues == [5, 10])
        #expect(rebuilt.positiveBuckets == [1, 2, 3])
    }

    @Test func refusesWhatCouldBeTwoThings() {
        #expect(HistogramRebuild.histogram(count: 1, sum: 1, buckets: [(0, 1, 2, 1)]) == nil)
        #expect(HistogramRebuild.histogram(count: 1, sum: 1, buckets: [(0, 1, 3, 1)]) == nil)
    }

    private func rebuild(_ histogram: FloatHistogram) -> FloatHistogram? {
        HistogramRebuild.histogram(
            count: histogram.count, sum: histogram.sum,
            buckets: histogram.allBuckets.filter { $0.count != 0 }.map { bucket in
                let rule: UInt8 =
                    switch (bucket.lowerInclusive, bucket.upperInclusive) {
                    case (false, true): 0
                    case (true, false): 1
                    case (false, false): 2
                    case (true, true): 3
                    }
                return (rule, bucket.lower, bucket.upper, bucket.count)
            })
    }
}
