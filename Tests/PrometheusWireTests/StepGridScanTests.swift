import GoText
import Testing
import TimeSeries

@testable import PrometheusWire

/// Samples stand at the steps that were asked for, or the answer is none.
@Suite struct StepGridScanTests {
    private static let grid = StepGrid(
        start: 1_700_000_103_000, end: 1_700_000_163_000, step: 15_000)

    private static func failure(
        _ body: String, on grid: StepGrid?, _ speed: ResponseScanner.Speed
    ) -> ScanError? {
        var scanner = ResponseScanner(
            injecting: nil, on: grid, limits: ResponseScanner.Limits(), speed: speed)
        do throws(ScanError) {
            try scanner.append(Array(body.utf8))
            _ = try scanner.finish()
            return nil
        } catch {
            return error
        }
    }

    private static func matrix(_ times: [String]) -> String {
        let samples = times.map { "[\($0),\"1\"]" }.joined(separator: ",")
        return #"{"status":"success","data":{"resultType":"matrix","result":["#
            + #"{"metric":{"a":"b"},"values":[\#(samples)]}]}}"#
    }

    @Test(arguments: [
        ["1700000103", "1700000118", "1700000133", "1700000148", "1700000163"], ["1700000103"],
        ["1700000133"], ["1700000118", "1700000163"], [],
        // The same time in another spelling.
        ["1700000103.000", "1.700000118e9"],
    ])
    func `Steps of the grid are taken, whatever steps are missing`(times: [String]) {
        for speed in [ResponseScanner.Speed.fast, .exact] {
            #expect(Self.failure(Self.matrix(times), on: Self.grid, speed) == nil)
        }
    }

    @Test(
        arguments: [
            (["1700000100", "1700000115"], 1_700_000_100_000),
            (["1700000103", "1700000118.001"], 1_700_000_118_001),
            (["1700000103", "1700000119"], 1_700_000_119_000),
            // A multiple of the step behind the end, and before the start.
            (["1700000163", "1700000178"], 1_700_000_178_000), (["1700000088"], 1_700_000_088_000),
        ] as [([String], Timestamp)])
    func `A sample anywhere else ends the answer`(times: [String], at time: Timestamp) {
        for speed in [ResponseScanner.Speed.fast, .exact] {
            #expect(
                Self.failure(Self.matrix(times), on: Self.grid, speed) == .offGrid(time, Self.grid))
            #expect(Self.failure(Self.matrix(times), on: nil, speed) == nil)
        }
    }

    @Test func `A histogram off the grid ends the answer too`() {
        let histogram = #"{"count":"1","sum":"1"}"#
        let body =
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"#
            + #"},"values":[[1700000103,"1"]],"histograms":[[1700000119,\#(histogram)]]}]}}"#
        for speed in [ResponseScanner.Speed.fast, .exact] {
            #expect(
                Self.failure(body, on: Self.grid, speed) == .offGrid(1_700_000_119_000, Self.grid))
        }
    }

    @Test func `An instant is answered at its own time, and raw samples at theirs`() {
        let vector =
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"#
            + #"},"value":[1700000103,"1"]}]}}"#
        for speed in [ResponseScanner.Speed.fast, .exact] {
            #expect(Self.failure(vector, on: .instant(1_700_000_103_000), speed) == nil)
            let other = StepGrid.instant(1_700_000_133_000)
            #expect(Self.failure(vector, on: other, speed) == .offGrid(1_700_000_103_000, other))
            #expect(Self.failure(Self.matrix(["1", "1.5"]), on: other, speed) == nil)
        }
    }

    @Test func `Samples out of order are out of order, and not off the grid`() {
        for speed in [ResponseScanner.Speed.fast, .exact] {
            let found = Self.failure(
                Self.matrix(["1700000118", "1700000103"]), on: Self.grid, speed)
            guard case .malformed? = found else {
                Issue.record("\(String(describing: found))")
                continue
            }
        }
    }

    @Test func `The sentence names the time found and the step it stands for`() {
        #expect(
            ScanError.offGrid(1_700_000_100_000, Self.grid).description
                == "it answers on a step grid of its own (1700000100 instead of 1700000103)")
        #expect(
            ScanError.offGrid(1_700_000_130_500, Self.grid).description
                == "it answers on a step grid of its own (1700000130.500 instead of 1700000133)")
        #expect(
            ScanError.offGrid(99_000, .instant(100_000)).description
                == "it answers at a time of its own (99 instead of 100)")
    }

    @Test func `Instants put together are what a range answers`() throws {
        var steps = SteppedPages(maximumBytes: 1 << 20)
        for (time, result) in [
            (1, #"{"metric":{"b":"1"},"value":[1,"1"]},{"metric":{"a":"1"},"value":[1,"2"]}"#),
            (2, ""),
            (
                3,
                #"{"metric":{"b":"1"},"value":[3,"3"]},"#
                    + #"{"metric":{"c":"1"},"histogram":[3,{"count":"1","sum":"2"}]}"#
            ),
        ] {
            var scanner = ResponseScanner(on: .instant(Timestamp(milliseconds: Int64(time) * 1000)))
            let body =
                #"{"status":"success","data":{"resultType":"vector","result":[\#(result)]},"#
                + #""warnings":["w"],"isPartial":\#(time == 2)}"#
            try scanner.append(Array(body.utf8))
            let trailer = try scanner.finish()
            try steps.add(scanner.takePages(), trailer)
        }
        let pages = steps.pages(ofBytes: 1)
        #expect(
            pages.map { String(decoding: $0.bytes, as: UTF8.self) } == [
                #"{"metric":{"a":"1"},"values":[[1,"2"]]},"#,
                #"{"metric":{"b":"1"},"values":[[1,"1"],[3,"3"]]},"#,
                #"{"metric":{"c":"1"},"histograms":[[3,{"count":"1","sum":"2"}]]},"#,
            ])
        #expect(steps.trailer.warnings == ["w"] && steps.trailer.isPartial)
        #expect(steps.trailer.resultType == "matrix")
    }

    @Test func `Of finer steps those that were asked for are kept`() throws {
        let body =
            #"{"status":"success","data":{"resultType":"matrix","result":["#
            + #"{"metric":{"a":"1"},"values":[[1,"1"],[2,"2"],[3,"3"]],"histograms":[[4,{"count":"#
            + #""1","sum":"2","buckets":[[0,"1","2","1"]]}],[5,{"count":"1","sum":"2"}]]},"#
            + #"{"metric":{"b":"1"},"values":[[2,"2"]]}]}}"#
        var scanner = ResponseScanner(on: StepGrid(start: 1000, end: 5000, step: 1000))
        try scanner.append(Array(body.utf8))
        _ = try scanner.finish()
        let page = try #require(scanner.takePages().first)
        let thinned = try page.thinned(to: StepGrid(start: 1000, end: 5000, step: 2000))
        #expect(
            String(decoding: thinned.bytes, as: UTF8.self)
                == #"{"metric":{"a":"1"},"values":[[1,"1"],[3,"3"]],"histograms":[[5,{"count":"#
                + #""1","sum":"2"}]]},"#)
        #expect(thinned.series.map(\.hasHistograms) == [true])
    }
}
