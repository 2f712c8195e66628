import GoText
import Testing
import TimeSeries

private typealias Span = FloatHistogram.Span
private typealias Hint = FloatHistogram.CounterResetHint

/// Exponential, with consecutive buckets from `offset` on.
private func exponential(
    _ buckets: [Double], offset: Int32 = 0, negative: [Double] = [], schema: Int32 = 0,
    zero: Double = 0, threshold: Double = 0, sum: Double = 0,
    hint: FloatHistogram.CounterResetHint = .unknown
) -> FloatHistogram {
    FloatHistogram(
        counterResetHint: hint, schema: schema, zeroThreshold: threshold, zeroCount: zero,
        count: buckets.reduce(zero, +) + negative.reduce(0, +), sum: sum,
        positiveSpans: buckets.isEmpty
            ? [] : [Span(offset: offset, length: UInt32(buckets.count))],
        negativeSpans: negative.isEmpty ? [] : [Span(offset: 0, length: UInt32(negative.count))],
        positiveBuckets: buckets, negativeBuckets: negative)
}

private func custom(_ bounds: [Double], _ buckets: [Double]) -> FloatHistogram {
    FloatHistogram(
        schema: FloatHistogram.customBucketsSchema, count: buckets.reduce(0, +),
        positiveSpans: [Span(offset: 0, length: UInt32(buckets.count))], positiveBuckets: buckets,
        customValues: bounds)
}

@Suite struct HistogramBounds {
    @Test(arguments: [
        (0, 0, 1.0), (1, 0, 2), (-1, 0, 0.5), (0, 3, 1), (8, 3, 2), (4, 3, 1.414213562373095),
        (1, -2, 16), (-1, -4, 1.0 / 65536), (1024, 0, .greatestFiniteMagnitude),
        (1025, 0, .infinity), (2048, 1, .greatestFiniteMagnitude), (2049, 1, .infinity),
        (64, -4, .greatestFiniteMagnitude), (65, -4, .infinity),
    ])
    func `A bound is two to the index times the schema's step`(
        index: Int32, schema: Int32, bound: Double
    ) {
        #expect(FloatHistogram.bound(at: index, schema: schema) == bound)
    }

    @Test func `Bounds of hostile schemas do not trap`() {
        for schema: Int32 in [.min, -99, 9, 52, .max] {
            for index: Int32 in [.min, -1, 0, 1, .max] {
                #expect(!FloatHistogram.bound(at: index, schema: schema).isNaN)
            }
        }
    }

    @Test func `Buckets come in ascending order and begin where the zero bucket ends`() {
        let h = exponential([1, 2], negative: [3], zero: 4, threshold: 0.75)
        let bounds = h.allBuckets.map { [$0.lower, $0.upper, $0.count] }
        #expect(bounds == [[-1, -0.75, 3], [-0.75, 0.75, 4], [0.75, 1, 1], [1, 2, 2]])
    }

    @Test func `Spans that promise more buckets than there are end with the buckets`() {
        var h = exponential([1, 2])
        h.positiveSpans = [Span(offset: 0, length: .max), Span(offset: .max, length: 7)]
        #expect(h.allBuckets.map(\.count) == [1, 2])
        h.positiveSpans = [Span(offset: 3, length: 1), Span(offset: -9, length: 1)]
        #expect(h.allBuckets.map(\.count) == [1])
    }
}

@Suite struct HistogramAddition {
    @Test func `Buckets meet by index and gaps are kept`() throws {
        let sum = try exponential([1, 2]).adding(exponential([5], offset: 4)).sum
        #expect(sum.positiveSpans == [Span(offset: 0, length: 2), Span(offset: 2, length: 1)])
        #expect(sum.positiveBuckets == [1, 2, 5])
        #expect(sum.count == 8)
    }

    @Test func `The coarser schema wins`() throws {
        let fine = exponential([1, 2, 3, 4], offset: -1, schema: 1)
        let sum = try fine.adding(exponential([10])).sum
        #expect(sum.schema == 0)
        // Indexes -1 and 0 become 0, indexes 1 and 2 become 1.
        #expect(sum.positiveBuckets == [13, 7])
    }

    @Test func `The wider zero bucket wins and grows to the end of a bucket it would cut`() throws {
        let narrow = exponential([1, 2, 4], zero: 1, threshold: 0.25)
        let wide = exponential([], zero: 8, threshold: 0.75)
        let sum = try narrow.adding(wide).sum
        #expect(sum.zeroThreshold == 1)
        #expect(sum.zeroCount == 10)
        #expect(sum.positiveBuckets == [2, 4])
        #expect(try wide.adding(narrow).sum.hasSameFields(as: sum))
    }

    @Test func `Custom bounds are reduced to the common ones`() throws {
        let a = custom([1, 2, 3], [1, 1, 1, 1])
        let (sum, collision, reconciled) = try a.adding(custom([1, 3], [10, 10, 10]))
        #expect(sum.customValues == [1, 3])
        #expect(sum.positiveBuckets == [11, 12, 11])
        #expect(!collision && reconciled)
    }

    @Test func `Custom and exponential buckets cannot be added`() {
        #expect(throws: FloatHistogram.LayoutError.incompatible) {
            try custom([1], [1, 1]).adding(exponential([1]))
        }
    }

    @Test(arguments: [
        (Hint.reset, Hint.reset, Hint.reset, false),
        (Hint.gauge, Hint.reset, Hint.gauge, false),
        (Hint.notReset, Hint.gauge, Hint.gauge, false),
        (Hint.unknown, Hint.notReset, Hint.unknown, false),
        (Hint.reset, Hint.notReset, Hint.unknown, true),
    ])
    func `Hints are combined`(
        a: FloatHistogram.CounterResetHint, b: FloatHistogram.CounterResetHint,
        expected: FloatHistogram.CounterResetHint, collides: Bool
    ) throws {
        let result = try exponential([1], hint: a).adding(exponential([1], hint: b))
        #expect(result.sum.counterResetHint == expected)
        #expect(result.collision == collides)
        let difference = try exponential([1], hint: a).subtracting(exponential([1], hint: b))
        #expect(difference.sum.counterResetHint == .gauge)
    }

    @Test func `Division by zero takes the buckets away`() {
        let h = exponential([1, 2], negative: [1], zero: 0, threshold: 0.1, sum: -3).divided(by: 0)
        #expect(h.count == .infinity && h.sum == -.infinity && h.zeroCount.isNaN)
        #expect(h.positiveBuckets.isEmpty && h.negativeSpans.isEmpty)
    }

    @Test func `Compacting leaves no empty bucket`() {
        let h = exponential([0, 1, 0, 0, 2, 0], offset: 3).compacted()
        #expect(h.positiveSpans == [Span(offset: 4, length: 1), Span(offset: 2, length: 1)])
        #expect(h.positiveBuckets == [1, 2])
    }
}

@Suite struct HistogramAccumulation {
    @Test func `Small counts survive between large ones that cancel`() throws {
        var sum = HistogramAccumulator(exponential([1], sum: 1), goal: .sum)
        for value in [1e100, 1, -1e100] { try sum.add(exponential([1], sum: value)) }
        #expect(sum.result.sum == 2)
        #expect(sum.result.positiveBuckets == [4])
    }

    @Test func `A mean whose sum would overflow is taken step by step`() throws {
        let big = exponential([1.5e308], sum: 4)
        var mean = HistogramAccumulator(big, goal: .mean)
        try mean.add(big)
        try mean.add(big)
        #expect(abs(mean.result.count / 1.5e308 - 1) < 1e-12)
        #expect(abs(mean.result.sum - 4) < 1e-12)
    }

    @Test func `Layouts may change on the way`() throws {
        var sum = HistogramAccumulator(exponential([1, 1, 1], schema: 1), goal: .sum)
        try sum.add(exponential([1, 1], zero: 1, threshold: 0.25))
        try sum.add(exponential([1], offset: 7, negative: [2], zero: 1, threshold: 1))
        #expect(sum.result.schema == 0)
        #expect(sum.result.zeroThreshold == 1)
        // 1 of the first and 1 of the second lie in (0.5, 1].
        #expect(sum.result.zeroCount == 4)
        #expect(sum.result.count == 10)
        #expect(sum.count == 3)
    }

    @Test func `A reset and a not-reset collide, wherever they stand`() throws {
        var sum = HistogramAccumulator(exponential([1], hint: .reset), goal: .sum)
        try sum.add(exponential([1], hint: .unknown))
        #expect(!sum.hintsCollide)
        try sum.add(exponential([1], hint: .notReset))
        #expect(sum.hintsCollide)
    }
}

@Suite struct HistogramResets {
    @Test(arguments: [
        ("growth", exponential([1, 2]), exponential([1, 3]), false),
        ("a bucket fell", exponential([1, 3]), exponential([2, 2]), true),
        ("a bucket vanished", exponential([1, 3]), exponential([9]), true),
        ("a bucket below zero vanished", exponential([4, -3]), exponential([5]), true),
        ("an empty bucket vanished", exponential([1, 0]), exponential([9]), false),
        ("finer schema", exponential([1]), exponential([9], schema: 1), true),
        (
            "coarser schema", exponential([1, 1], offset: 1, schema: 1),
            exponential([2], offset: 1), false
        ),
        ("the sum fell", exponential([1], sum: 5), exponential([2], sum: -5), false),
        (
            "zero threshold fell", exponential([], zero: 1, threshold: 1),
            exponential([], zero: 2, threshold: 0.5), true
        ),
        (
            "zero threshold rose over whole buckets", exponential([2], zero: 1, threshold: 0.5),
            exponential([], zero: 3, threshold: 1), false
        ),
        (
            "zero threshold rose into a bucket", exponential([2], zero: 1, threshold: 0.5),
            exponential([], zero: 3, threshold: 0.75), true
        ),
        ("custom after exponential", exponential([1]), custom([1], [1, 1]), true),
        ("custom with other bounds", custom([1, 2], [1, 1, 0]), custom([2], [2, 1]), false),
        ("custom with other bounds, less", custom([1, 2], [1, 1, 0]), custom([2], [1, 5]), true),
        ("hinted", exponential([1]), exponential([2], hint: .reset), true),
        ("hinted otherwise", exponential([2]), exponential([1], hint: .notReset), false),
    ])
    func `A reset shows in populations and layouts`(
        name: String, before: FloatHistogram, after: FloatHistogram, expected: Bool
    ) {
        #expect(after.isReset(after: before) == expected, "\(name)")
    }
}

@Suite struct HistogramTrimming {
    @Test func `A bucket is cut on a logarithmic scale and the sum estimated anew`() {
        let h = exponential([2, 4], sum: 100)
        let below = h.trimmed(upper: 2.0.squareRoot())
        #expect(below.positiveBuckets[0] == 2)
        #expect(abs(below.positiveBuckets[1] - 2) < 1e-9)
        #expect(abs(below.sum - (2 * 0.5.squareRoot() + 2 * 2.0.squareRoot().squareRoot())) < 1e-9)
        #expect(h.trimmed(lower: 0).sum == 100)
    }

    @Test(arguments: [
        (custom([5, 10], [1, 2, 4]), 7.5, [1.0, 1.0], 8.75),
        (custom([5, 10], [1, 2, 4]), 50.0, [1.0, 2.0], 17.5),
        (custom([-5, 10], [2, 1]), -9.0, [2.0], -18.0),
        (custom([5], [2, 0]), -1.0, [Double](), 0.0),
    ])
    func `Custom buckets are cut linearly, and an open one not at all`(
        h: FloatHistogram, limit: Double, buckets: [Double], sum: Double
    ) {
        let trimmed = h.trimmed(upper: limit)
        #expect(trimmed.positiveBuckets == buckets)
        #expect(abs(trimmed.sum - sum) < 1e-9)
    }
}

@Suite struct HistogramText {
    @Test func `Populated buckets are listed with their bounds`() {
        let h = exponential([1, 0, 2.5], negative: [3], zero: 4, threshold: 0.001, sum: -1e7)
        #expect(
            h.goDescription
                == "{count:10.5, sum:-1e+07, [-1,-0.5):3, [-0.001,0.001]:4, (0.5,1]:1, (2,4]:2.5}")
        #expect(
            custom([1, 2], [1, 0, 3]).goDescription
                == "{count:4, sum:0, [-Inf,1]:1, (2,+Inf]:3}")
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "-0"), (100000.0, "100000"), (1_234_567.0, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"), (1e100, "1e+100"), (123.456, "123.456"),
        (Double.nan, "NaN"), (-Double.infinity, "-Inf"), (2.5e-308, "2.5e-308"),
        (1.5, "1.5"), (20.0, "20"),
    ])
    func `Numbers are printed as Go prints them`(value: Double, text: String) {
        #expect(GoFloat.general(value) == text)
    }

    @Test func `A histogram weighs by its parts`() {
        #expect(FloatHistogram().weight == 11)
        #expect(exponential([1, 2, 3]).weight == 13)
    }
}
