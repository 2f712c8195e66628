import GoText
import Testing

@testable import PyroscopeWire

@Suite("/render") struct RenderTests {
    private let now: Timestamp = 1_577_836_800_000

    @Test(
        "Times are relative, dates, or counts whose digits tell their unit",
        arguments: [
            ("now", 0), ("now-1s", -1000), ("now+1s", 1000), ("now-1min", -60_000),
            ("now-5m", -300_000), ("now-1h", -3_600_000), ("now-1d", -86_400_000),
            ("now-1w", -604_800_000), ("now-1mon", -2_592_000_000), ("now-1M", -2_592_000_000),
            ("now-1y", -31_536_000_000), ("now-1", 0), ("-1h30m", -5_400_000),
            ("20200101", 0), ("20200102", 86_400_000), ("1577836800", 0), ("1577836800001", 1),
            ("1577836800001999", 1), ("1577836800001999999", 1),
            ("0", -1_577_836_800_000), ("99999999", 99_999_999_000 - 1_577_836_800_000),
        ] as [(String, Int64)])
    func times(text: String, offset: Int64) throws {
        #expect(try RenderTime.parse(text, now: now) == now + Milliseconds(offset))
    }

    @Test(
        "What is no time is an invalid argument",
        arguments: [
            "", "yesterday", "now-", "now 1h", "now-1x", "now-h", "nowadays", "12345678901",
            "99999999999999999999", "now-99999999999999999999d", "1h", "2020-01-01",
        ])
    func wrongTimes(text: String) {
        let error = #expect(throws: ConnectError.self) { try RenderTime.parse(text, now: now) }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "The step of a range is a round length for about 1,500 points",
        arguments: [
            (1, 15), (3600, 15), (7 * 86_400, 300), (30 * 86_400, 1800), (180 * 86_400, 10_800),
            (360 * 86_400, 21_600), (720 * 86_400, 43_200), (1800 * 86_400, 86_400),
        ] as [(Int64, Int64)])
    func step(seconds: Int64, step: Int64) {
        #expect(
            Timeline.step(from: now, to: now + Milliseconds(seconds * 1000)) == .seconds(step))
    }

    private func request(_ parameters: (String, String)...) throws -> RenderRequest {
        try RenderRequest(now: now) { name in parameters.filter { $0.0 == name }.map(\.1) }
    }

    private let query =
        #"process_cpu:cpu:nanoseconds:cpu:nanoseconds{service_name="a",project="p"}"#

    @Test("A request asks for a flame graph and for series of the same profiles") func read() throws
    {
        let request = try request(
            ("query", query), ("from", "now-10m"), ("until", "now"), ("maxNodes", "64"),
            ("groupBy", "pod"), ("format", "json"))
        #expect(request.profileType.sampleType == "cpu")
        #expect(request.profile.profileTypeID == "process_cpu:cpu:nanoseconds:cpu:nanoseconds")
        #expect(request.profile.labelSelector == #"{service_name="a",project="p"}"#)
        #expect(request.profile.start == now - 600_000)
        #expect(request.profile.end == now)
        #expect(request.profile.maxNodes == 64)
        #expect(request.series.labelSelector == request.profile.labelSelector)
        #expect(request.series.step == 15)
        #expect(request.series.groupBy == ["pod"])
        let byDefault = try self.request(("query", query))
        #expect(byDefault.profile.start == now - 3_600_000)
        #expect(byDefault.profile.end == now)
        #expect(byDefault.profile.maxNodes == nil)
        #expect(byDefault.groupBy == nil)
    }

    @Test(
        "A wrong request says what is wrong",
        arguments: [
            ([], "'query' is required"),
            ([("query", "{a=\"b\"}")], "profile-type selection"),
            ([("query", "up")], "is no profile type"),
            ([("query", "up{")], "parse error"),
            ([("query", "a:b:c:d:e"), ("from", "x")], "is no time"),
            (
                [("query", "a:b:c:d:e"), ("from", "now"), ("until", "now-1h")],
                "from is after until"
            ),
            ([("query", "a:b:c:d:e"), ("from", "now-100000000y")], "too far apart"),
            ([("query", "a:b:c:d:e"), ("maxNodes", "many")], "no whole number"),
            ([("query", "a:b:c:d:e"), ("groupBy", "a"), ("groupBy", "b")], "one label"),
        ] as [([(String, String)], String)])
    func wrong(parameters: [(String, String)], words: String) {
        let error = #expect(throws: ConnectError.self) {
            try RenderRequest(now: now) { name in parameters.filter { $0.0 == name }.map(\.1) }
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("Other forms than JSON are not answered") func format() {
        let error = #expect(throws: ConnectError.self) {
            try request(("query", query), ("format", "dot"))
        }
        #expect(error?.status == 501)
    }

    @Test("A timeline has the values of each step, and zeros between") func timeline() {
        func samples(_ from: Timestamp, _ to: Timestamp, _ step: Int64) -> [UInt64] {
            let values: [(Int64, Double)] = [
                (2000, 69), (3000, 83), (6000, 85), (8000, 91.9), (9000, -1),
            ]
            let points = values.map { ProfileSeries.Point(Timestamp(milliseconds: $0.0), $0.1) }
            return Timeline(points, from: from, to: to, step: .seconds(step)).samples
        }
        #expect(samples(0, 10_000, 1) == [0, 0, 69, 83, 0, 0, 85, 0, 91, 0])
        #expect(samples(1000, 9000, 1) == [0, 69, 83, 0, 0, 85, 0, 91])
        #expect(samples(0, 10_000, 5) == [152, 175])
        #expect(samples(0, 10_001, 5) == [152, 175, 0])
        #expect(samples(1000, 1000, 1) == [])
        #expect(samples(9000, 1000, 1) == [])
        #expect(samples(20_000, 22_000, 1) == [0, 0])
    }

    @Test("The document has the flame graph, its unit and the series") func document() throws {
        let request = try request(
            ("query", query), ("from", "now-30s"), ("until", "now"), ("groupBy", "pod"))
        var tree = FlameTree()
        try tree.add(3, stack: ["a<b>"])
        var response = SelectSeriesResponse()
        for (pod, value) in [("p-1", 1.0), ("", 2)] {
            var series = ProfileSeries()
            if !pod.isEmpty { series.labels = [LabelPair("pod", pod)] }
            series.points = [ProfileSeries.Point(now - 15_000, value)]
            response.series.append(series)
        }
        let document = Flamebearer(tree.flameGraph, series: response, request: request)
        let expected = [
            #"{"version":1,"flamebearer":{"names":["total","a\u003cb\u003e"],"#,
            #""levels":[[0,3,0,0],[0,3,3,1]],"numTicks":3,"maxSelf":3},"#,
            #""metadata":{"format":"single","spyName":"","sampleRate":1000000000,"#,
            #""units":"samples","name":"cpu"},"timeline":{"startTime":1577836770,"#,
            #""samples":[0,3],"durationDelta":15,"watermarks":null},"groups":{"#,
            #""*":{"startTime":1577836770,"samples":[0,2],"durationDelta":15,"#,
            #""watermarks":null},"p-1":{"startTime":1577836770,"samples":[0,1],"#,
            #""durationDelta":15,"watermarks":null}},"heatmap":null}"#,
        ]
        #expect(String(decoding: document.bytes, as: UTF8.self) == expected.joined())
    }

    @Test(
        "Units are those of the old interface",
        arguments: [
            ("memory:inuse_space:bytes:space:bytes", "bytes"),
            ("memory:alloc_objects:count:space:bytes", "objects"),
            ("goroutines:goroutine:count:goroutine:count", "objects"),
            ("mutex:delay:nanoseconds:contentions:count", "nanoseconds"),
        ])
    func units(type: String, units: String) throws {
        let request = try request(("query", type + "{}"))
        let document = Flamebearer(
            FlameTree().flameGraph, series: SelectSeriesResponse(), request: request)
        let text = String(decoding: document.bytes, as: UTF8.self)
        #expect(text.contains(#""sampleRate":100,"units":"\#(units)""#))
        #expect(text.contains(#""groups":null"#))
    }
}
