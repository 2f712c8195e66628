import GoText
import Testing
import TimeSeries

@testable import PrometheusWire

/// Series as remote read gives them.
@Suite struct RemoteSeriesWriterTests {
    @Test func whatIsWrittenIsReadAgain() throws {
        let histogram = FloatHistogram(
            counterResetHint: .gauge, schema: -1, zeroThreshold: 0.25, zeroCount: 2, count: 9.5,
            sum: -3, positiveSpans: [.init(offset: -2, length: 2), .init(offset: 3, length: 1)],
            negativeSpans: [.init(offset: 1, length: 1)], positiveBuckets: [1, 2.5, 3],
            negativeBuckets: [1])
        let series = SampleSeries(
            labels: LabelSet(["__name__": "x", "job": "ä"]),
            times: [-5, 0, 1_700_000_000_000, 1_700_000_015_000],
            values: [0, -0.0, SampleValue.stale, 0], histograms: [3: histogram])
        let page = RemoteSeriesWriter.page(
            of: [series], injecting: LabelInjection(name: "project", value: "a"))
        var weight = 0
        let read = try RemoteSampleDecoder.series(of: page) { weight += $0 }
        let one = try #require(read.first)
        #expect(read.count == 1 && weight > 4)
        #expect(one.labels == LabelSet(["__name__": "x", "job": "ä", "project": "a"]))
        #expect(one.times == series.times)
        #expect(one.values.map(\.bitPattern) == series.values.map(\.bitPattern))
        #expect(one.histograms[3]?.hasSameFields(as: histogram) == true)
        #expect(one.histograms[3]?.counterResetHint == .gauge)
    }
}
