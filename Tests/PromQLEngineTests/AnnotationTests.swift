import GoText
import PromQL
import PromQLEngine
import Testing
import TimeSeries

@Suite struct AnnotationTests {
    let source = MemorySource([(["__name__": "x"], [1, 2, 3])])

    @Test func `a rate of a gauge is doubted, with the place in the text`() throws {
        var selector = metric("x")
        selector.range = SourceRange(start: 8, end: 13)
        let matrix = MatrixSelector(
            selector, window: .fixed(minute * 2), range: SourceRange(start: 8, end: 13))
        let rate = Expression.call(.rate, .matrixSelector(matrix))
        let result = try evaluate(rate, on: .instant(minutes(2)), source, text: "\n  rate(x[2m])")
        #expect(
            result.annotations.infos == [
                "PromQL info: metric might not be a counter, name does not end in "
                    + "_total/_sum/_count/_bucket: \"x\" (2:8)"
            ])
        #expect(result.annotations.warnings.isEmpty)
        let old = try evaluate(rate, on: .instant(minutes(2)), source) {
            $0.dialect = .prometheus2
        }
        #expect(old.annotations.isEmpty)
    }

    @Test(arguments: [
        (
            "PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)",
            AnnotationCode.mixedFloatsAndHistograms
        ),
        (
            #"encountered a mix of histograms and floats for metric name "x""#,
            .mixedFloatsAndHistograms
        ),
        (
            "PromQL warning: vector contains a mix of histograms with exponential and custom "
                + #"buckets schemas for metric name "" (1:5)"#,
            .mixedBucketSchemas
        ),
        ("PromQL warning: vector contains a mix of classic and native histograms", nil),
        ("PromQL warning: this native histogram metric is not a gauge: \"x\" (1:1)", nil),
    ])
    func `warnings of servers are recognized by their words`(text: String, code: AnnotationCode?) {
        #expect(AnnotationCode(recognizing: text) == code)
    }

    @Test func `the engine's own warnings are recognized`() throws {
        let histogram = FloatHistogram(schema: 0, count: 1, sum: 1)
        var mixed = MemorySource([])
        mixed.supplied["\u{0}7"] = [
            StepSeries(labels: LabelSet(["a": "1"]), values: [1]),
            StepSeries(
                labels: LabelSet(["a": "2"]), values: [SampleValue.absent],
                histograms: [0: histogram]),
        ]
        let sum = Expression.aggregation(Aggregation(.sum, metric("\u{0}7").expression))
        let warnings = try evaluate(sum, on: .instant(0), mixed).annotations.warnings
        #expect(
            warnings.map(AnnotationCode.init(recognizing:)) == [.mixedFloatsAndHistograms])
    }

    @Test func `equal texts are kept once`() {
        var annotations = Annotations()
        annotations.add(.conflictingResets(.addition), at: "1:1")
        annotations.add(.conflictingResets(.addition), at: "1:9")
        annotations.add(.reconciledBounds(.subtraction), at: "1:2")
        var others = Annotations()
        others.add(.reconciledBounds(.subtraction), at: "3:3")
        annotations.merge(others)
        #expect(
            annotations.warnings == [
                "PromQL warning: conflicting counter resets during histogram addition (1:1)"
            ])
        #expect(
            annotations.infos == [
                "PromQL info: mismatched custom buckets were reconciled during subtraction (1:2)"
            ])
    }

    @Test func `quantiles outside of 0 to 1 are reported`() throws {
        let expression = metric("x").expression.aggregated(.quantile, parameter: .literal(7))
        let result = try evaluate(expression, on: .instant(0), source)
        #expect(
            result.annotations.warnings == [
                "PromQL warning: quantile value should be between 0 and 1, got 7 (1:1)"
            ])
    }
}
