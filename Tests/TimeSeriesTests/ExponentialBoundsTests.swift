import Foundation
import Testing

@testable import TimeSeries

/// The numbers that real Prometheus servers print for the bounds of one octave.
private struct PrintedBound: Sendable {
    var schema: Int32
    var place: Int32
    /// In [0.5, 1).
    var fraction: Double

    static func all() throws -> [PrintedBound] {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/native-bounds.tsv")
        let text = try String(contentsOf: path, encoding: .utf8)
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: "\t")
            guard fields.count == 3, let schema = Int32(fields[0]), let place = Int32(fields[1]),
                let fraction = Double(fields[2])
            else { return nil }
            return PrintedBound(schema: schema, place: place, fraction: fraction)
        }
    }
}

@Suite struct ExponentialBoundsTests {
    @Test func `Bounds of schemas 0 to 8 are those that Prometheus prints, in every octave`() throws
    {
        let printed = try PrintedBound.all()
        #expect(printed.count == 511)
        for one in printed {
            #expect(
                ExponentialBounds.fraction(at: Int(one.place), schema: one.schema) == one.fraction)
            for octave: Int32 in [-1100, -1074, -1030, -1022, -300, -1, 0, 1, 300, 1023] {
                let index = octave << one.schema + one.place
                let expected = one.fraction * exp2(Double(octave)) * 2
                let exact =
                    octave < -1000
                    ? one.fraction * exp2(Double(octave + 200)) * 2 * exp2(-200) : expected
                #expect(FloatHistogram.bound(at: index, schema: one.schema) == exact)
            }
        }
    }

    @Test func `Bounds of coarser schemas are powers of two`() {
        for schema in Int32(-4)...0 {
            for index in (Int32(-1070) >> -schema)...(Int32(1023) >> -schema) {
                #expect(
                    FloatHistogram.bound(at: index, schema: schema)
                        == exp2(Double(Int(index) << Int(-schema))))
            }
        }
    }

    @Test func `Bounds of negative buckets are those of positive ones, mirrored`() {
        for schema in Int32(-4)...8 {
            let histogram = FloatHistogram(
                schema: schema, count: 8,
                positiveSpans: [.init(offset: -2, length: 5)],
                negativeSpans: [.init(offset: -2, length: 5)],
                positiveBuckets: [1, 1, 1, 1, 1], negativeBuckets: [1, 1, 1, 1, 1])
            let buckets = histogram.allBuckets
            #expect(buckets.count == 10)
            for (negative, positive) in zip(buckets, buckets.reversed()) {
                #expect(negative.lower == -positive.upper && negative.upper == -positive.lower)
            }
        }
    }
}
