import GoText
import PrometheusWire
import Testing
import TimeSeries

@testable import LokiWire

@Suite("Parameters are read as Loki reads them")
struct LokiParameterTests {
    /// What the parameters of a request say; nil where there is nothing wrong with them.
    private func refusal(_ recording: Recording) -> LokiError? {
        let reader = recording.reader
        let now = Recordings.now
        do throws(LokiError) {
            switch recording.endpoint {
            case "query_range":
                try LogRangeParameters(reader, now: now).checkLines(atMost: 5000)
            case "query": _ = try LogInstantParameters(reader, now: now)
            case "labels", "label": _ = try LogLabelsParameters(reader, now: now)
            case "series":
                _ = try LogSeriesParameters(
                    reader,
                    selectors: recording.values(of: "match") + recording.values(of: "match[]"),
                    now: now)
            case "index/stats", "detected_labels": _ = try LogSelectorParameters(reader, now: now)
            case "index/volume": _ = try VolumeParameters(reader, isRange: false, now: now)
            case "index/volume_range": _ = try VolumeParameters(reader, isRange: true, now: now)
            case "patterns": _ = try PatternParameters(reader, now: now)
            case "detected_fields": _ = try DetectedFieldParameters(reader, now: now)
            default: break
            }
        } catch {
            return error
        }
        return nil
    }

    @Test("Whatever Loki answered has good parameters")
    func good() {
        let answered = Recordings.union.values.filter { $0.status == 200 }
        #expect(answered.count > 400)
        for recording in answered { #expect(refusal(recording) == nil, "\(recording.id)") }
    }

    @Test("What Loki refused for its parameters is refused in the same words")
    func bad() {
        // The others are about the query, the path, the method, or a limit of the server.
        let aboutQuery = [
            "parse error", "log queries are not", "pipeline error", "only label matchers",
            "support for Parquet", "the query time range exceeds", "404 page",
        ]
        let refused = Recordings.union.values.filter { recording in
            recording.status == 400 && !aboutQuery.contains { recording.body.hasPrefix($0) }
        }
        #expect(refused.count >= 20)
        for recording in refused {
            #expect(refusal(recording) == .badRequest(recording.body), "\(recording.id)")
        }
    }

    private func range(_ pairs: [String: String]) throws(LokiError) -> LogRangeParameters {
        try LogRangeParameters(ParameterReader { pairs[$0] }, now: Recordings.now)
    }

    @Test("Defaults: the last hour, a hundred lines, the newest first, 250 steps")
    func defaults() throws {
        let parameters = try range([:])
        #expect(parameters.bounds.end == Recordings.now)
        #expect(parameters.bounds.start == Recordings.now - .seconds(3600))
        #expect(parameters.limit == 100)
        #expect(parameters.direction == .backward)
        #expect(parameters.step == 14_000)
        #expect(parameters.interval == .zero)
        // An end that is not there yet does not move the start.
        let future = try range(["end": "4000000000"])
        #expect(future.bounds.start == Recordings.now - .seconds(3600))
    }

    @Test(
        "Times",
        arguments: [
            ("1795734060", 1_795_734_060_000_000_000), ("1795734059.5", 1_795_734_059_500_000_000),
            ("1795734060000000002", 1_795_734_060_000_000_002),
            ("1795734000000", 1_795_734_000_000),
            ("2026-11-26T23:01:00Z", 1_795_734_060_000_000_000),
            ("2026-11-26T23:01:00.000000004Z", 1_795_734_060_000_000_004),
            ("2026-11-27T00:01:00.5+01:00", 1_795_734_060_500_000_000), ("-5", -5_000_000_000),
            ("4000000000", 4_000_000_000_000_000_000), ("9999999999", Int64.max),
        ] as [(String, Int64)])
    func times(_ text: String, _ nanoseconds: Int64) throws {
        #expect(try LogTime(parsing: text).nanoseconds == nanoseconds)
    }

    @Test(
        "A grid begins at the last multiple of the step and ends at the next",
        arguments: [
            ("m-grid-off", 1_795_734_003_500, 1_795_734_203_250, 17_000),
            ("m-grid-off2", 1_795_734_090_000, 1_795_734_091_000, 60_000),
            ("m-grid-start-eq-end-off", 1_795_734_090_000, 1_795_734_090_000, 60_000),
            ("m-start-eq-end", 1_795_734_300_000, 1_795_734_300_000, 60_000),
        ] as [(String, Int64, Int64, Int64)])
    func grid(_ id: String, _ start: Int64, _ end: Int64, _ step: Int64) throws {
        let parameters = try LogRangeParameters(
            try Recordings.union(id).reader, now: Recordings.now)
        #expect(parameters.bounds.start.timestamp.milliseconds == start)
        #expect(parameters.bounds.end.timestamp.milliseconds == end)
        let grid = parameters.grid
        #expect(grid.start.milliseconds % step == 0)
        #expect(grid.end.milliseconds % step == 0)
        #expect((start - step + 1...start).contains(grid.start.milliseconds))
        #expect((end...end + step - 1).contains(grid.end.milliseconds))
    }

    @Test("Bounds at the ends of time do not trap")
    func extremes() throws {
        let parameters = try range([
            "start": "-9223372036854775808", "end": "9223372036854775807", "step": "1000000000",
        ])
        #expect(parameters.grid.count >= 0)
        _ = try range(["start": "0001-01-01T00:00:00Z", "end": "0001-01-01T00:00:00Z"]).grid
        #expect(throws: LokiError.self) { try range(["start": "1e300.", "end": "1"]) }
    }

    @Test("What members are sent")
    func memberParameters() throws {
        let parameters = try range([
            "query": "x", "start": "10", "end": "20", "limit": "7", "direction": "FORWARD",
            "step": "3s", "interval": "2",
        ])
        #expect(
            FormText.text(of: parameters.memberLogParameters(query: "{a=\"b\"}", limit: 7))
                == "query=%7Ba%3D%22b%22%7D&start=10000000000&end=20000000000&limit=7"
                + "&direction=forward")
        #expect(
            FormText.text(of: parameters.memberMetricParameters(query: "q"))
                == "query=q&start=9000000000&end=21000000000&step=3000ms")
    }

    @Test("A tail waits for five seconds at most")
    func tail() throws {
        func read(_ pairs: [String: String]) throws -> TailParameters {
            try TailParameters(ParameterReader { pairs[$0] }, now: Recordings.now)
        }
        #expect(throws: LokiError.badRequest("delay_for can't be greater than 5")) {
            try read(["delay_for": "6"])
        }
        #expect(throws: LokiError.badRequest("limit must be a positive value")) {
            try read(["limit": "0"])
        }
        #expect(try read(["delay_for": "5"]).delay == .seconds(5))
        #expect(try read([:]).start == Recordings.now - .seconds(3600))
    }

    @Test("The flag that asks for categories is one of a list")
    func flags() {
        #expect(LogEncoding.isCategorized(header: "categorize-labels"))
        #expect(LogEncoding.isCategorized(header: "other, categorize-labels"))
        #expect(!LogEncoding.isCategorized(header: "categorize"))
        #expect(!LogEncoding.isCategorized(header: nil))
    }
}
