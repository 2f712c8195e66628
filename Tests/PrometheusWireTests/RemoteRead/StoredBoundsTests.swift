import GoText
import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

@Suite struct StoredBoundsTests {
    private typealias Message = RemoteReadMessages

    /// A chunk that Prometheus 3.5 stored: five histograms with the bounds 0.1, 0.5 and 1.
    private static let chunk: [UInt8] = [
        0x00, 0x05, 0x00, 0x00, 0xEE, 0x5C, 0x68, 0x4F, 0x8C, 0xBD, 0xF5, 0xF1, 0xF4, 0xFF, 0x00,
        0x00, 0xC5, 0xE7, 0xF2, 0xEE, 0x98, 0x58, 0x80, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
    ]
    /// Another, of exponential buckets.
    private static let exponential: [UInt8] = [
        0x00, 0x05, 0x00, 0xFF, 0x3F, 0x50, 0x62, 0x4D, 0xD2, 0xF1, 0xA9, 0xFC, 0x46, 0x87, 0xF0,
        0x00, 0x0C, 0x5E, 0x7F, 0x2E, 0xE9, 0x85, 0x88, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    ]

    private static func chunk(
        _ data: [UInt8], _ times: ClosedRange<UInt64>, encoding: UInt64 = 2
    ) -> [UInt8] {
        Message.field(
            2,
            Message.field(1, times.lowerBound) + Message.field(2, times.upperBound)
                + Message.field(3, encoding) + Message.field(4, data))
    }

    private static func bounds(_ chunks: [[UInt8]]) throws -> StoredBounds {
        var page = SeriesPage()
        page.append(key: LabelSet(["__name__": "h"]).key) { out in
            for chunk in chunks {
                out += Message.frame(Message.field(1, Message.label("__name__", "h") + chunk))
            }
        }
        var bounds = StoredBounds()
        try bounds.take(page)
        return bounds
    }

    private static func series(_ times: [Timestamp], buckets: Int = 4) -> SampleSeries {
        var series = SampleSeries(labels: LabelSet(["__name__": "h"]))
        for (index, time) in times.enumerated() {
            series.times.append(time)
            series.values.append(0)
            series.histograms[index] = FloatHistogram(
                schema: FloatHistogram.customBucketsSchema, count: 4, sum: 1,
                positiveSpans: [.init(offset: 0, length: UInt32(buckets))],
                positiveBuckets: [Double](repeating: 1, count: buckets))
        }
        return series
    }

    @Test func boundsAreThoseOfTheChunkThatATimeLiesIn() throws {
        var other = Self.chunk
        // The middle bound becomes 0.7.
        other.replaceSubrange(9...13, with: [0xBE, 0x2B, 0xDF, 0x1F, 0x4F])
        other.replaceSubrange(14...15, with: [0xF0, 0x00])
        let bounds = try Self.bounds([
            Self.chunk(Self.exponential, 1...9), Self.chunk(Self.chunk, 10...20),
            Self.chunk(other, 30...40),
        ])
        var series = Self.series([10, 20, 30])
        #expect(series.lacksBounds)
        #expect(try bounds.complete(&series))
        #expect(!series.lacksBounds)
        #expect(series.histograms[0]?.customValues == [0.1, 0.5, 1])
        #expect(series.histograms[1]?.customValues == [0.1, 0.5, 1])
        #expect(series.histograms[2]?.customValues == [0.1, 0.7, 1])
    }

    @Test func timesInNoChunkAreNotMadeUpFor() throws {
        let bounds = try Self.bounds([Self.chunk(Self.chunk, 10...20)])
        var series = Self.series([10, 25])
        #expect(try !bounds.complete(&series))
        #expect(series.lacksBounds)
    }

    @Test func boundsThatCannotBeThoseOfTheBucketsAreRefused() throws {
        let bounds = try Self.bounds([Self.chunk(Self.chunk, 10...20)])
        var series = Self.series([10], buckets: 5)
        #expect(throws: ScanError.self) { try bounds.complete(&series) }
    }

    @Test func anyBytesEndInBoundsOrInAnError() {
        var random = SeededRandom(seed: 3)
        for length in 0...Self.chunk.count {
            _ = try? Self.bounds([Self.chunk(Array(Self.chunk.prefix(length)), 1...2)])
        }
        for _ in 0..<2000 {
            var data = Self.chunk
            for _ in 0..<3 {
                data[Int.random(in: data.indices, using: &random)] = UInt8.random(
                    in: .min ... .max, using: &random)
            }
            _ = try? Self.bounds([Self.chunk(data, 1...2)])
        }
    }
}
