import GoText
import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

/// What is written and read again, in chunks of any size, is what it was, plus the label.
@Suite struct RoundTripTests {
    @Test(arguments: UInt64(0)..<40)
    func stepsSurvive(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let grid = StepGrid(
            start: [1_700_000_000_000, 1_700_000_000_250, -5000].randomElement(using: &random) ?? 0,
            end: 1_700_000_700_000, step: 1000)
        let count = Int.random(in: 1..<40, using: &random)
        let cut = StepGrid(start: grid.start, end: grid.time(at: count - 1), step: grid.step)
        let series = ScannedMember.labelSets(&random).map { labels in
            randomSeries(labels, count, &random)
        }
        var body = Envelope.head
        _ = ResultWriter.appendMatrix(series, on: cut, limit: 0, to: &body)
        Envelope.appendTail(warnings: ["w"], infos: [], to: &body)
        let pages = try scan(body, chunk: Int.random(in: 1..<300, using: &random))
        let read = try pages.flatMap { try PageDecoder().steps(of: $0, on: cut) }
        let expected = series.filter { !$0.isEmpty }
        #expect(read.map(\.labels) == expected.map { $0.labels.setting("project", to: "m") })
        for (one, other) in zip(read, expected) {
            #expect(one.values.map(\.bitPattern) == other.values.map(\.bitPattern))
            #expect(one.histograms == other.histograms)
        }
        let raw = try pages.flatMap { try PageDecoder().samples(of: $0) }
        for (one, other) in zip(raw, expected) {
            let steps = other.values.indices.filter(other.hasValue)
            #expect(one.times == steps.map(cut.time))
            for (index, step) in steps.enumerated() {
                #expect(one.histograms[index] == other.histograms[step])
                if other.histograms[step] == nil {
                    #expect(one.values[index].bitPattern == other.values[step].bitPattern)
                }
            }
        }
        // And what was read is written as the member wrote it.
        var again: [UInt8] = []
        _ = ResultWriter.appendMatrix(raw, limit: 0, to: &again)
        let elements = pages.flatMap { page in page.series.map { page.bytes[$0.element] } }
        let head = Array(#"{"resultType":"matrix","result":["#.utf8)
        #expect(again == head + elements.joined(separator: [UInt8(ascii: ",")]) + "]}".utf8)
    }

    /// Floats and native histograms of real servers, decoded, are written byte for byte as they came:
    /// the bounds of buckets are computed anew.
    @Test(arguments: RecordedAnswers.all.filter { $0.name.hasPrefix("prometheus") })
    func matricesOfRealServersSurvive(answer: RecordedAnswers.Answer) throws {
        let text = String(decoding: answer.body, as: UTF8.self)
        guard text.contains(#""resultType":"matrix""#) else { return }
        let pages = try scan(answer.body, chunk: 500)
        let series = try pages.flatMap { try PageDecoder().samples(of: $0) }
        var again: [UInt8] = []
        _ = ResultWriter.appendMatrix(series, limit: 0, to: &again)
        let elements = pages.flatMap { page in page.series.map { page.bytes[$0.element] } }
        let head = Array(#"{"resultType":"matrix","result":["#.utf8)
        #expect(again == head + elements.joined(separator: [UInt8(ascii: ",")]) + "]}".utf8)
    }

    @Test func vectorsSurvive() throws {
        let histogram = FloatHistogram(
            schema: 3, zeroThreshold: 0.5, zeroCount: 1, count: 3, sum: 2,
            positiveSpans: [FloatHistogram.Span(offset: 1, length: 1)], positiveBuckets: [2])
        let series = [
            StepSeries(labels: LabelSet(["a": "1"]), values: [0.1 + 0.2]),
            StepSeries(
                labels: LabelSet(["a": "2"]), values: [SampleValue.absent],
                histograms: [0: histogram]),
        ]
        var body = Envelope.head
        _ = ResultWriter.appendVector(series, at: 1500, limit: 0, to: &body)
        Envelope.appendTail(warnings: [], infos: [], to: &body)
        let pages = try scan(body, chunk: 3)
        let read = try PageDecoder().steps(of: pages[0], on: .instant(1500))
        #expect(read.map(\.values[0].bitPattern) == series.map(\.values[0].bitPattern))
        #expect(read.map(\.histograms) == series.map(\.histograms))
        #expect(
            throws: ScanError.malformed("a sample at 1500 ms, where no step was asked for")
        ) { try PageDecoder().steps(of: pages[0], on: .instant(1501)) }
    }

    @Test func samplesOffTheGridAreRefused() throws {
        let grid = StepGrid(start: 1000, end: 5000, step: 1000)
        for time in ["0", "0.999", "1.500", "6", "9000000000000"] {
            let body =
                #"{"status":"success","data":{"resultType":"matrix","result":"#
                + #"[{"metric":{},"values":[[\#(time),"1"]]}]}}"#
            let page = try scan(Array(body.utf8), chunk: .max)[0]
            #expect(throws: ScanError.self, "\(time)") {
                try PageDecoder().steps(of: page, on: grid)
            }
        }
    }

    @Test func aFloatAndAHistogramAtOneTimeAreRefused() throws {
        let body =
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":"#
            + #"[[1,"1"]],"histograms":[[1,{"count":"0","sum":"0"}]]}]}}"#
        let page = try scan(Array(body.utf8), chunk: .max)[0]
        #expect(throws: ScanError.disorderedSamples) { try PageDecoder().samples(of: page) }
        #expect(throws: ScanError.disorderedSamples) {
            try PageDecoder().steps(of: page, on: .instant(1000))
        }
    }

    @Test func histogramsOfNoLayoutAreRefused() throws {
        let body =
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"#
            + #""histogram":[1,{"count":"1","sum":"1","buckets":[[2,"1","2","1"]]}]}]}}"#
        let page = try scan(Array(body.utf8), chunk: .max)[0]
        #expect(throws: ScanError.unrecognizableHistogram) {
            try PageDecoder().steps(of: page, on: .instant(1000))
        }
    }

    private func scan(_ body: [UInt8], chunk: Int) throws -> [SeriesPage] {
        var limits = ResponseScanner.Limits()
        limits.page = 700
        var scanner = ResponseScanner(
            injecting: LabelInjection(name: "project", value: "m"), limits: limits)
        var at = 0
        while at < body.count {
            let end = at + min(chunk, body.count - at)
            try scanner.append(body[at..<end])
            at = end
        }
        _ = try scanner.finish()
        return scanner.takePages()
    }

    private func randomSeries(
        _ labels: LabelSet, _ count: Int, _ random: inout SeededRandom
    ) -> StepSeries {
        var series = StepSeries(labels: labels, absentFor: count)
        for step in 0..<count {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: continue
            case 1:
                series.histograms[step] = FloatHistogram(
                    schema: 3, zeroThreshold: 0.001, zeroCount: 1, count: 4, sum: 1e-7,
                    positiveSpans: [FloatHistogram.Span(offset: Int32(step), length: 2)],
                    positiveBuckets: [1, 2])
            case 2:
                let bits = Double(bitPattern: random.next())
                series.values[step] = bits.isNaN ? SampleValue.normalNaN : bits
            case 3:
                series.values[step] =
                    [0, -0.0, .infinity, -.infinity, SampleValue.normalNaN]
                    .randomElement(using: &random) ?? 0
            default: series.values[step] = Double.random(in: -1000...1000, using: &random)
            }
        }
        return series
    }
}
