import GoText
import Testing
import TimeSeries

@testable import PrometheusWire

@Suite struct WritingTests {
    @Test func vector() {
        let histogram = FloatHistogram(
            schema: 0, zeroThreshold: 0.5, zeroCount: 1, count: 6, sum: -1.5,
            positiveSpans: [FloatHistogram.Span(offset: 0, length: 3)],
            negativeSpans: [FloatHistogram.Span(offset: 1, length: 1)],
            positiveBuckets: [1, 0, 2], negativeBuckets: [2])
        let series = [
            StepSeries(labels: LabelSet(["__name__": "up", "A": "q\"\\\n<é"]), values: [1e-7]),
            StepSeries(labels: .empty, values: [SampleValue.absent], histograms: [0: histogram]),
            StepSeries(labels: .empty, values: [SampleValue.absent]),
        ]
        let text = written { ResultWriter.appendVector(series, at: 1_100, limit: 0, to: &$0) }
        #expect(
            text == #"{"resultType":"vector","result":["#
                + #"{"metric":{"A":"q\"\\\n<é","__name__":"up"},"value":[1.100,"1e-07"]},"#
                + #"{"metric":{},"histogram":[1.100,{"count":"6","sum":"-1.5","buckets":["#
                + #"[1,"-2","-1","2"],[3,"-0.5","0.5","1"],[0,"0.5","1","1"],[0,"2","4","2"]]}]}]}"#
        )
    }

    @Test func matrix() {
        let grid = StepGrid(start: 0, end: 2000, step: 1000)
        let empty = FloatHistogram()
        let series = [
            StepSeries(
                labels: LabelSet(["a": "b"]),
                values: [1, SampleValue.absent, SampleValue.absent], histograms: [2: empty]),
            StepSeries(labels: LabelSet(["a": "c"]), absentFor: 3),
            StepSeries(labels: LabelSet(["a": "d"]), values: [.nan, .infinity, -0.0]),
        ]
        let text = written { ResultWriter.appendMatrix(series, on: grid, limit: 0, to: &$0) }
        #expect(
            text == #"{"resultType":"matrix","result":["#
                + #"{"metric":{"a":"b"},"values":[[0,"1"]],"#
                + #""histograms":[[2,{"count":"0","sum":"0"}]]},"#
                + #"{"metric":{"a":"d"},"values":[[0,"NaN"],[1,"+Inf"],[2,"-0"]]}]}"#)
    }

    /// The limit counts series that have samples, and tells only when one was cut.
    @Test func limits() {
        let grid = StepGrid.instant(0)
        let series = [
            StepSeries(labels: LabelSet(["a": "1"]), values: [1]),
            StepSeries(labels: LabelSet(["a": "2"]), values: [2]),
            StepSeries(labels: LabelSet(["a": "3"]), absentFor: 1),
        ]
        for (limit, isTruncated) in [(0, false), (1, true), (2, false), (3, false)] {
            var out: [UInt8] = []
            #expect(
                ResultWriter.appendMatrix(series, on: grid, limit: limit, to: &out) == isTruncated)
            #expect(ResultWriter.appendVector(series, at: 0, limit: limit, to: &out) == isTruncated)
        }
    }

    @Test func scalarAndString() {
        #expect(
            written { ResultWriter.appendScalar(1e21, at: 1_100, to: &$0) }
                == #"{"resultType":"scalar","result":[1.1,"1000000000000000000000"]}"#)
        #expect(
            written { ResultWriter.appendString("<\u{2028}>\u{1}", at: 10, to: &$0) }
                == #"{"resultType":"string","result":[0.01,"\u003c\u2028\u003e\u0001"]}"#)
    }

    /// Label bytes that are no UTF-8, and NUL, pass as they are.
    @Test func labelBytesPassRaw() {
        var key: [UInt8] = []
        LabelSet.append([0x61, 0xFF], to: &key)
        LabelSet.append([0, 1, 0x7F], to: &key)
        var out: [UInt8] = []
        ResultWriter.appendLabels(LabelSet(key: key), to: &out)
        #expect(
            out == [0x7B, 0x22, 0x61, 0xFF] + Array(#"":"\u0000\u0001"#.utf8) + [0x7F, 0x22, 0x7D])
    }

    @Test func tailOfTheEnvelope() {
        #expect(written { Envelope.appendTail(warnings: [], infos: [], to: &$0) } == "}")
        let warnings = Set((10..<23).map { "w\($0)" })
        let text = written {
            Envelope.appendTail(failures: ["z failed"], warnings: warnings, infos: ["&"], to: &$0)
        }
        let kept = (10..<19).map { #","w\#($0)""# }.joined()
        #expect(
            text == #","warnings":["z failed"\#(kept),"4 more warning annotations omitted"],"#
                + #""infos":["\u0026"]}"#)
    }

    @Test func errors() {
        let error = APIError.parameter("query", "<x>")
        #expect(error.status == 400)
        #expect(
            String(decoding: error.json, as: UTF8.self)
                == #"{"status":"error","errorType":"bad_data","#
                + #""error":"invalid parameter \"query\": \u003cx\u003e"}"#)
        #expect(APIError(.unavailable, "").status == 503)
        #expect(APIError(.unavailable, "admin APIs disabled", status: 500).status == 500)
        #expect(APIError(.execution, "").status == 422)
        #expect(APIError(.timeout, "").status == 503)
        #expect(APIError(.canceled, "").status == 499)
    }

    private func written(_ write: (inout [UInt8]) -> Void) -> String {
        var out: [UInt8] = []
        write(&out)
        return String(decoding: out, as: UTF8.self)
    }

    private func written(_ write: (inout [UInt8]) -> Bool) -> String {
        var out: [UInt8] = []
        _ = write(&out)
        return String(decoding: out, as: UTF8.self)
    }
}
