import PromQLEngine
import Testing
import TimeSeries

@testable import Federation

@Suite struct LayoutProbeTests {
    /// One bucket from 1 to 2 and one from 4 to 8: schema 0, or custom.
    private static let doubtful: FloatHistogram = {
        var histogram = FloatHistogram(
            schema: 0, count: 7, sum: 23,
            positiveSpans: [.init(offset: 1, length: 1), .init(offset: 1, length: 1)],
            positiveBuckets: [3, 4])
        histogram.layoutKnowledge = .undecided
        return histogram
    }()

    private func series(_ labels: [String: String]) throws -> StepSeries {
        StepSeries(
            labels: LabelSet(labels),
            values: [SampleValue.absent, SampleValue.absent],
            histograms: [0: Self.doubtful, 1: Self.doubtful])
    }

    /// What a member with such histograms makes of a question.
    private func answer(
        _ histogram: FloatHistogram?, to question: BucketSchemaProbe.Question,
        _ labels: [String: String]
    ) -> StepSeries {
        let value: Double
        switch (question, histogram) {
        case (.quantile(let quantile), let histogram?):
            value = histogram.estimatedQuantile(quantile)
        case (.deviation, let histogram?): value = histogram.estimatedDeviation
        case (_, nil): value = 1.2345
        }
        return StepSeries(
            labels: LabelSet(labels), values: [value, value])
    }

    private var exponential: FloatHistogram {
        var histogram = Self.doubtful
        histogram.layoutKnowledge = .whole
        return histogram
    }

    /// Custom buckets of which the member knows more than it prints.
    private var custom: FloatHistogram {
        FloatHistogram(
            schema: FloatHistogram.customBucketsSchema, count: 7, sum: 23,
            positiveSpans: [.init(offset: 1, length: 1), .init(offset: 1, length: 1)],
            positiveBuckets: [3, 4], customValues: [1, 2, 4, 8, 16])
    }

    @Test func asksNothingWithoutDoubt() throws {
        var certain = try series(["__name__": "x"])
        certain.histograms = [0: exponential, 1: exponential]
        #expect(BucketSchemaProbe([certain]).question == nil)
    }

    @Test func tellsTheLayoutOfEachSeries() throws {
        var probe = BucketSchemaProbe([
            try series(["__name__": "x", "a": "1"]), try series(["__name__": "y", "a": "1"]),
        ])
        var questions = 0
        while let question = probe.question {
            questions += 1
            probe.take([
                answer(exponential, to: question, ["tributary_metric_name": "x", "a": "1"]),
                answer(custom, to: question, ["tributary_metric_name": "y", "a": "1"]),
            ])
        }
        #expect(questions == 2)
        #expect(!probe.isUndecided)
        #expect(probe.series[0].histograms[1]?.usesCustomBuckets == false)
        #expect(probe.series[1].histograms[1]?.customValues == [1, 2, 4, 8])
    }

    @Test func readsAnswersWithoutNames() throws {
        var probe = BucketSchemaProbe([try series(["a": "1"])])
        let question = try #require(probe.question)
        probe.take([answer(exponential, to: question, ["a": "1"])])
        #expect(!probe.isUndecided)
    }

    /// Old servers take all for linear, and the geometric middle of all.
    @Test func leavesTheDoubtWhereAMemberKnowsNoDifference() throws {
        var probe = BucketSchemaProbe([try series(["__name__": "x"])])
        var questions = 0
        while let question = probe.question {
            questions += 1
            let said: FloatHistogram
            switch question {
            case .quantile: said = custom
            case .deviation: said = exponential
            }
            probe.take([answer(said, to: question, ["tributary_metric_name": "x"])])
        }
        #expect(questions <= 4)
        #expect(probe.isUndecided)
    }

    @Test(arguments: [false, true])
    func leavesTheDoubtWithoutAUsefulAnswer(isSilent: Bool) throws {
        var probe = BucketSchemaProbe([try series(["__name__": "x"])])
        while let question = probe.question {
            probe.take(
                isSilent ? [] : [answer(nil, to: question, ["tributary_metric_name": "x"])])
        }
        #expect(probe.isUndecided)
    }

    @Test func takesAllForExponentialWhereNothingElseIsKnown() throws {
        var probe = BucketSchemaProbe([try series(["__name__": "x"])])
        probe.takeForExponential()
        #expect(probe.question == nil)
        #expect(!probe.isUndecided)
    }

    // MARK: - Buckets that an empty zero bucket cuts

    /// One bucket from 0.75 to 1: custom, or of schema 1 or a coarser one.
    private static let cut: FloatHistogram = {
        var histogram = FloatHistogram(
            schema: 1, zeroThreshold: 0.75, count: 3, sum: 2.6,
            positiveSpans: [.init(offset: 0, length: 1)], positiveBuckets: [3])
        histogram.layoutKnowledge = .undecided
        return histogram
    }()

    private func probed(
        _ histograms: [Int: FloatHistogram], answering said: FloatHistogram
    ) -> BucketSchemaProbe {
        var probe = BucketSchemaProbe([
            StepSeries(
                labels: LabelSet(["__name__": "x"]),
                values: [SampleValue.absent, SampleValue.absent], histograms: histograms)
        ])
        while let question = probe.question {
            probe.take([answer(said, to: question, ["tributary_metric_name": "x"])])
        }
        return probe
    }

    @Test func tellsThatACutBucketIsCustom() {
        let custom = FloatHistogram(
            schema: FloatHistogram.customBucketsSchema, count: 3, sum: 2.6,
            positiveSpans: [.init(offset: 1, length: 1)], positiveBuckets: [3],
            customValues: [0.75, 1, 5])
        let probe = probed([0: Self.cut, 1: Self.cut], answering: custom)
        #expect(!probe.isUndecided)
        #expect(probe.series[0].histograms[1]?.customValues == [0.75, 1])
    }

    /// No function tells the schema of a single bucket.
    @Test func leavesTheDoubtAboutTheSchemaOfACutBucket() {
        var exponential = Self.cut
        exponential.layoutKnowledge = .whole
        #expect(probed([0: Self.cut, 1: Self.cut], answering: exponential).isUndecided)
    }

    @Test(arguments: [Int32(-1), 0, 1])
    func takesTheSchemaOfACutBucketFromOtherSteps(schema: Int32) {
        let whole = FloatHistogram(
            schema: schema, zeroThreshold: 0.75, count: 4, sum: 4,
            positiveSpans: [.init(offset: 0, length: 2)], positiveBuckets: [3, 1])
        let probe = probed([0: whole, 1: Self.cut], answering: whole)
        #expect(!probe.isUndecided)
        #expect(probe.series[0].histograms[1]?.schema == schema)
        #expect(probe.series[0].histograms[1]?.allBuckets == Self.cut.allBuckets)
    }

    @Test func wrapsTheFragment() {
        #expect(
            BucketSchemaProbe.text(.quantile(0.25), about: "rate(x[5m])")
                == #"histogram_quantile(0.25, label_replace(rate(x[5m]), "tributary_metric_name", "$1", "__name__", "(.+)"))"#
        )
    }
}
