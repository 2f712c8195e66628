import GoText
import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

@Suite struct RemoteSampleDecoderTests {
    private typealias Message = RemoteReadMessages

    private static func double(_ number: UInt64, _ value: Double) -> [UInt8] {
        Message.varint(number << 3 | 1)
            + withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }

    private static func float(_ time: Timestamp, _ value: Double) -> [UInt8] {
        Message.field(2, double(1, value) + Message.field(2, UInt64(bitPattern: time.milliseconds)))
    }

    private static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value << 1) ^ (value >> 63))
    }

    private static func span(_ offset: Int64, _ length: UInt64) -> [UInt8] {
        Message.field(1, zigzag(offset)) + Message.field(2, length)
    }

    /// Packed differences.
    private static func deltas(_ values: [Int64]) -> [UInt8] {
        values.flatMap { Message.varint(zigzag($0)) }
    }

    private static func packed(_ values: [Double]) -> [UInt8] {
        values.flatMap { value in
            withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        }
    }

    private static func decoded(
        _ samples: [UInt8], most: Int = .max
    ) throws(ScanError) -> SampleSeries? {
        var page = SeriesPage()
        page.append(key: LabelSet(["__name__": "h"]).key) { out in
            out += Message.field(1, Message.label("__name__", "h") + samples)
        }
        var left = most
        return try RemoteSampleDecoder.series(of: page) { count throws(ScanError) in
            left -= count
            if left < 0 { throw .tooLarge("too many") }
        }.first
    }

    /// Whole numbers, at 2000 ms.
    private static let whole = Message.field(
        4,
        Message.field(1, 12) + double(3, 5.5) + Message.field(4, zigzag(3)) + double(5, 0.01)
            + Message.field(6, 2) + Message.field(8, span(0, 1)) + Message.field(9, deltas([4]))
            + Message.field(11, span(-2, 2)) + Message.field(11, span(3, 1))
            + Message.field(12, deltas([1, 1, -2])) + Message.field(14, 2)
            + Message.field(15, 2000))

    @Test func wholeNumbersAreSummedUpFromTheirDifferences() throws {
        let series = try #require(try Self.decoded(Self.whole))
        let histogram = try #require(series.histograms[0])
        #expect(series.labels == LabelSet(["__name__": "h"]))
        #expect(series.times == [2000])
        #expect(
            histogram
                == FloatHistogram(
                    counterResetHint: .notReset, schema: 3, zeroThreshold: 0.01, zeroCount: 2,
                    count: 12, sum: 5.5,
                    positiveSpans: [.init(offset: -2, length: 2), .init(offset: 3, length: 1)],
                    negativeSpans: [.init(offset: 0, length: 1)], positiveBuckets: [1, 2, 0],
                    negativeBuckets: [4]))
    }

    @Test func floatCountsAndCustomBoundsAreTakenAsTheyStand() throws {
        let message = Message.field(
            4,
            Self.double(2, 0.75) + Self.double(3, 1) + Message.field(4, Self.zigzag(-53))
                + Message.field(11, Self.span(0, 2)) + Message.field(13, Self.packed([0.25, 0.5]))
                + Message.field(14, 3) + Message.field(15, 7)
                + Message.field(16, Self.packed([1, 2.5])))
        let histogram = try #require(try Self.decoded(message)?.histograms[0])
        #expect(
            histogram
                == FloatHistogram(
                    counterResetHint: .gauge, schema: -53, count: 0.75, sum: 1,
                    positiveSpans: [.init(offset: 0, length: 2)], positiveBuckets: [0.25, 0.5],
                    customValues: [1, 2.5]))
    }

    @Test func floatsAndHistogramsComeInOneOrderOfTimeWithTheirMarkers() throws {
        let stale = Message.field(4, Self.double(3, SampleValue.stale) + Message.field(15, 4000))
        let series = try #require(
            try Self.decoded(
                Self.whole + stale + Self.float(1000, 1) + Self.float(3000, SampleValue.stale)))
        #expect(series.times == [1000, 2000, 3000, 4000])
        #expect(series.histograms.keys.sorted() == [1, 3])
        #expect(SampleValue.isStale(series.values[2]))
        #expect(SampleValue.isStale(series.histograms[3]?.sum ?? 0))
    }

    @Test func samplesAreCountedBeforeTheyAreRead() {
        // Broken, which nobody is to find out.
        let broken = Message.field(4, Message.field(11, Self.span(0, 9)))
        #expect(throws: ScanError.tooLarge("too many")) { try Self.decoded(broken, most: 5) }
        #expect(throws: ScanError.tooLarge("too many")) {
            try Self.decoded(Self.float(1, 1) + Self.float(2, 1), most: 1)
        }
    }

    @Test(arguments: [
        ("more places than buckets", Message.field(4, Message.field(11, span(0, 9)))),
        (
            "overlapping spans",
            Message.field(
                4,
                Message.field(11, span(0, 1)) + Message.field(11, span(-1, 1))
                    + Message.field(12, deltas([1, 1])))
        ),
        (
            "a bucket beyond all numbers",
            Message.field(
                4,
                Message.field(11, span(0x7FFF_FFFF, 1)) + Message.field(11, span(5, 1))
                    + Message.field(12, deltas([1, 1])))
        ),
        ("a schema that is none", Message.field(4, Message.field(4, zigzag(50)))),
        (
            "custom bounds that fall",
            Message.field(4, Message.field(4, zigzag(-53)) + Message.field(16, packed([2, 1])))
        ),
        (
            "a custom bucket without a bound",
            Message.field(
                4,
                Message.field(4, zigzag(-53)) + Message.field(11, span(2, 1))
                    + Message.field(12, deltas([1])) + Message.field(16, packed([1])))
        ),
        ("half a number", Message.field(4, Message.field(16, [1, 2, 3]))),
        ("a sample that is no message", Message.field(2, 7 as UInt64)),
        ("samples out of order", float(2, 1) + float(1, 1)),
        ("two samples of one time", float(2000, 1) + whole),
    ])
    func whatCannotBeIsRefused(what: String, samples: [UInt8]) {
        #expect {
            try Self.decoded(samples)
        } throws: { error in
            if case ScanError.malformed = error { true } else { false }
        }
    }

    @Test func anyBytesEndInSeriesOrInAnError() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<2000 {
            var bytes = Self.whole + Self.float(1000, 1)
            for _ in 0..<3 {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
                    in: .min ... .max, using: &random)
            }
            _ = try? Self.decoded(bytes)
        }
    }
}
