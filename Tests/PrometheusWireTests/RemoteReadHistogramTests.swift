import GoText
import Testing
import TimeSeries

@testable import PrometheusWire

/// Native histograms in protobuf, as they come from remote read and go to a scraper.
@Suite struct RemoteReadHistogramTests {
    private static func double(_ number: UInt64, _ value: Double) -> [UInt8] {
        var out: [UInt8] = []
        WireWriter.append(varint: number << 3 | 1, to: &out)
        out += little(value)
        return out
    }

    private static func little(_ value: Double) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
    }

    private static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        WireWriter.append(number, bytes: bytes, to: &out)
        return out
    }

    private static func varint(_ number: UInt64, _ value: UInt64) -> [UInt8] {
        var out: [UInt8] = []
        WireWriter.append(varint: number << 3, to: &out)
        WireWriter.append(varint: value, to: &out)
        return out
    }

    /// A page of one series with these histograms.
    private static func page(_ histograms: [[UInt8]]) throws -> SeriesPage {
        let label = field(1, field(1, Array("__name__".utf8)) + field(2, Array("h".utf8)))
        let series = histograms.reduce(label) { $0 + field(4, $1) }
        let block = try SnappyBlock.compress(field(1, field(1, series)))
        return try #require(
            try RemoteReadSamples.pages(
                of: block, queries: [.init(number: 0, editor: .init(injecting: nil))],
                limit: 1 << 20
            ).first)
    }

    private static let labels = LabelSet(["__name__": "h"])

    private static func histograms(_ histograms: [[UInt8]]) throws -> FloatHistogram? {
        try RemoteReadSamples.histograms(of: try page(histograms)) { _ in 7 }[labels]
    }

    /// Deltas 3, -1, 0 packed; spans (-1, 1) and (2, 2).
    private static let integers: [UInt8] =
        varint(1, 10) + double(3, 2.5) + varint(4, 6) + double(5, 0.25) + varint(6, 3)
        + field(11, varint(1, 1) + varint(2, 1)) + field(11, varint(1, 4) + varint(2, 2))
        + field(12, [6, 1, 0]) + varint(14, 3) + varint(15, 7)

    private static let read = FloatHistogram(
        counterResetHint: .gauge, schema: 3, zeroThreshold: 0.25, zeroCount: 3, count: 10,
        sum: 2.5, positiveSpans: [.init(offset: -1, length: 1), .init(offset: 2, length: 2)],
        positiveBuckets: [3, 2, 2])

    @Test func countsOfIntegersAreDifferences() throws {
        #expect(try Self.histograms([Self.integers]) == Self.read)
        // Not packed.
        let deltas = Self.varint(12, 6) + Self.varint(12, 1) + Self.varint(12, 0)
        let packed = Self.field(12, [6, 1, 0])
        let start = try #require(Self.integers.firstRange(of: packed))
        var unpacked = Self.integers
        unpacked.replaceSubrange(start, with: deltas)
        #expect(try Self.histograms([unpacked]) == Self.read)
    }

    @Test func countsOfFloatsAndCustomBoundsAreAsTheyStand() throws {
        let bytes =
            Self.double(2, 1.5) + Self.double(3, 4) + Self.varint(4, 105)
            + Self.field(11, Self.varint(1, 0) + Self.varint(2, 2))
            + Self.field(13, Self.little(0.5) + Self.little(1))
            + Self.field(16, Self.little(1) + Self.little(2)) + Self.varint(15, 7)
        let read = try #require(try Self.histograms([bytes]))
        #expect(read.usesCustomBuckets)
        #expect(read.customValues == [1, 2])
        #expect(read.positiveBuckets == [0.5, 1])
        #expect(read.count == 1.5)
    }

    @Test func theSampleOfTheTimeIsTaken() throws {
        let other = Self.double(3, 99) + Self.varint(15, 8)
        #expect(try Self.histograms([Self.integers, other]) == Self.read)
        #expect(try Self.histograms([other]) == nil)
    }

    @Test func spansThatDoNotFitTheBucketsAreAnError() throws {
        let bytes = Self.field(11, Self.varint(1, 0) + Self.varint(2, 2)) + Self.varint(15, 7)
        #expect(throws: ScanError.self) { try Self.histograms([bytes]) }
    }

    /// As a Prometheus 3.5 answers it at `/federate`, to the byte.
    @Test func familiesAreWrittenAsTheReferenceWritesThem() {
        var messages = MetricFamilyMessages()
        messages.append(
            name: "h", labels: [("job", "self"), ("instance", "")],
            value: .histogram(
                FloatHistogram(
                    schema: 3, zeroThreshold: 0x1p-128, zeroCount: 0, count: 3, sum: 0.5,
                    positiveSpans: [.init(offset: -98, length: 1)], positiveBuckets: [3])),
            time: 1_795_750_367_872)
        messages.append(name: "up", labels: [("job", "self")], value: .float(1), time: 5)
        let histogram: [UInt8] =
            [0x11] + Self.little(0.5) + [0x21] + Self.little(3) + [0x28, 0x06, 0x31]
            + Self.little(0x1p-128) + [0x41] + Self.little(0)
            + [0x62, 0x05, 0x08, 0xC3, 0x01, 0x10, 0x01, 0x71] + Self.little(3)
        let metric =
            Self.field(1, [0x0A, 3] + Array("job".utf8) + [0x12, 4] + Array("self".utf8))
            + Self.field(1, [0x0A, 8] + Array("instance".utf8) + [0x12, 0])
            + [0x30, 0x80, 0xA5, 0xC0, 0xD8, 0xA1, 0x34] + Self.field(7, histogram)
        let first = [0x0A, 1] + Array("h".utf8) + [0x18, 4] + Self.field(4, metric)
        let second =
            [0x0A, 2] + Array("up".utf8) + [0x18, 3]
            + Self.field(
                4,
                Self.field(1, [0x0A, 3] + Array("job".utf8) + [0x12, 4] + Array("self".utf8))
                    + Self.field(5, [0x09] + Self.little(1)) + [0x30, 0x05])
        #expect(
            messages.bytes == [UInt8(first.count)] + first + [UInt8(second.count)] + second)
    }
}
