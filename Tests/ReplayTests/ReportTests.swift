import GoText
import PrometheusWire
import Replay
import TestSupport
import Testing

/// Latencies, differences, and what is said of them.
@Suite struct ReportTests {
    // MARK: Latencies

    @Test("A quantile is at most a thousandth above the latency that it is", arguments: 1...5)
    func precision(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var histogram = LatencyHistogram()
        let all = (0..<2000).map { _ in
            // From a microsecond to an hour, each power of two as often as any other.
            let bound = Int(1) << Int.random(in: 1...31, using: &random)
            return Int.random(in: bound / 2...bound, using: &random)
        }.sorted()
        for value in all.shuffled(using: &random) { histogram.record(.microseconds(value)) }
        for part in [0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1] {
            let rank = max(1, Int((part * 2000).rounded(.up)))
            let exact = Double(all[rank - 1])
            let found = (histogram.quantile(part) ?? .zero) / .microseconds(1)
            #expect(found >= exact && found <= exact * (1 + 1.0 / 1024), "\(part)")
        }
        #expect(histogram.count == 2000)
        #expect(histogram.minimum == .microseconds(all[0]))
        #expect(histogram.maximum == .microseconds(all[1999]))
        #expect(histogram.quantile(1) == histogram.maximum)
    }

    @Test("Below two milliseconds latencies are exact to the microsecond, rounded up")
    func shortLatencies() {
        var histogram = LatencyHistogram()
        for value in 1...2047 { histogram.record(.microseconds(value)) }
        for value in [1, 1000, 1023, 1024, 2047] {
            #expect(histogram.quantile(Double(value) / 2047) == .microseconds(value))
        }
        var one = LatencyHistogram()
        one.record(.nanoseconds(1500))
        #expect(one.quantile(0.5) == .microseconds(2))
        #expect(one.mean == .microseconds(2))
    }

    @Test("Nothing has no latency, and what took longer than fits counts as the longest")
    func extremes() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == nil && histogram.maximum == nil && histogram.mean == nil)
        histogram.record(.seconds(-1))
        #expect(histogram.maximum == .zero)
        histogram.record(.seconds(1_000_000_000))
        #expect(histogram.quantile(1) == .microseconds(Int64(1) << 42))
        #expect(histogram.count == 2)
    }

    @Test("A server that stalls delays the requests behind, and open latencies tell of it")
    func coordinatedOmission() {
        // A hundred a second are due; each takes a millisecond, but the server does one at a time
        // and the hundredth takes a second.
        var schedule = Schedule(.rate(100))
        var figures = TargetFigures()
        var free = Duration.zero
        let request = RecordedRequest(method: .get, path: "/api/v1/labels", parameters: [])
        for number in 0..<200 {
            let due = schedule.due(request) ?? .zero
            let sent = max(due, free)
            free = sent + (number == 99 ? .seconds(1) : .milliseconds(1))
            figures.note(
                .answer(status: 200, bytes: 1), latency: free - due, service: free - sent)
        }
        // Of itself only one request was slow; a third of them waited for half a second or more.
        #expect(figures.service.quantile(0.99) == .milliseconds(1))
        #expect((figures.latency.quantile(0.99) ?? .zero) > .milliseconds(900))
        #expect((figures.latency.quantile(0.75) ?? .zero) > .milliseconds(400))
        #expect((figures.latency.quantile(0.49) ?? .zero) <= .milliseconds(1))
    }

    @Test("What failed at once has no latency, what timed out has one")
    func failures() {
        var figures = TargetFigures()
        figures.note(
            .failure(kind: "connect", isTimeout: false), latency: .zero, service: .zero)
        #expect(figures.latency.count == 0 && figures.failed == 1)
        figures.note(
            .failure(kind: "timeout", isTimeout: true), latency: .seconds(2), service: .seconds(2))
        #expect(figures.latency.count == 1 && figures.failed == 2)
        figures.note(.brokenOff, latency: .seconds(9), service: .seconds(9))
        #expect(figures.latency.count == 1 && figures.failed == 2 && figures.brokenOff == 1)
        #expect(figures.errors == ["connect": 1, "timeout": 1])
    }

    // MARK: Differences

    private static func request(_ path: String, _ query: String) -> RecordedRequest {
        RecordedRequest(method: .get, path: path, parameters: [.init("query", query)])
    }

    private static func difference(
        at path: String = "/api/v1/query", of query: String = "up",
        _ answer: (Int, String), from reference: (Int, String)
    ) -> String? {
        request(path, query).difference(
            (answer.0, Array(answer.1.utf8)), from: (reference.0, Array(reference.1.utf8)))?.what
    }

    private static func vector(_ result: String) -> (Int, String) {
        (200, #"{"status":"success","data":{"resultType":"vector","result":[\#(result)]}}"#)
    }

    private static func element(_ label: String, _ value: String) -> String {
        #"{"metric":{"a":"\#(label)"},"value":[1700000000,"\#(value)"]}"#
    }

    @Test("Vectors are compared by their series, whatever their order and spacing")
    func vectors() {
        let (one, two) = (Self.element("1", "5"), Self.element("2", "6"))
        let reference = Self.vector("\(one),\(two)")
        #expect(Self.difference(Self.vector("\(two) , \(one)"), from: reference) == nil)
        #expect(
            Self.difference(Self.vector("\(one),\(Self.element("2", "7"))"), from: reference)
                == #"value of {a="2"} at 1700000000: 7, not 6"#)
        #expect(
            Self.difference(Self.vector(one), from: reference)?.hasPrefix("1 series for 2") == true)
        // Rounding is allowed where it can occur.
        let (rounded, exact) = (
            Self.vector(Self.element("1", "0.30000000000000004")),
            Self.vector(Self.element("1", "0.3"))
        )
        #expect(Self.difference(rounded, from: exact) != nil)
        #expect(Self.difference(of: "sum(up)", rounded, from: exact) == nil)
    }

    @Test("Matrices, scalars and native histograms are compared point by point")
    func otherResults() {
        func matrix(_ values: String) -> (Int, String) {
            (
                200,
                #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[\#(values)]}]}}"#
            )
        }
        let path = "/api/v1/query_range"
        #expect(
            Self.difference(at: path, matrix(#"[1,"2"],[2,"3"]"#), from: matrix(#"[1,"2"]"#))
                == "times of {}: 2, not 1 points")
        #expect(
            Self.difference(at: path, matrix(#"[1,"2"]"#), from: matrix(#"[1, "2"]"#)) == nil)
        func scalar(_ value: String) -> (Int, String) {
            (200, #"{"status":"success","data":{"resultType":"scalar","result":[1,"\#(value)"]}}"#)
        }
        #expect(Self.difference(scalar("1"), from: scalar("2")) == "value 1, not 2")
        func histogram(_ sum: String) -> (Int, String) {
            Self.vector(
                #"{"metric":{},"histogram":[1,{"count":"2","sum":"\#(sum)","buckets":[[0,"1","2","2"]]}]}"#
            )
        }
        #expect(Self.difference(histogram("3"), from: histogram("3.5")) != nil)
        #expect(Self.difference(of: "sum(x)", histogram("3"), from: histogram("3.5")) != nil)
        let near = histogram("3.0000000000000004")
        #expect(Self.difference(of: "sum(x)", histogram("3"), from: near) == nil)
        #expect(Self.difference(of: "x", histogram("3"), from: near) != nil)
    }

    @Test("Errors are equal by status and type; a page of a proxy is no answer")
    func errors() {
        func error(_ type: String, _ text: String) -> String {
            #"{"status":"error","errorType":"\#(type)","error":"\#(text)"}"#
        }
        let bad = (400, error("bad_data", "parse error"))
        #expect(Self.difference((400, error("bad_data", "other words")), from: bad) == nil)
        #expect(Self.difference((422, error("bad_data", "x")), from: bad) == "status 422, not 400")
        #expect(
            Self.difference((400, error("execution", "x")), from: bad)
                == "error type execution, not bad_data")
        let good = Self.vector("")
        #expect(Self.difference(bad, from: good) == "refused, and not by the reference")
        #expect(Self.difference(good, from: bad) == "not refused, as the reference does")
        #expect(Self.difference((502, "<html>"), from: bad) == "status 502, not 400")
        #expect(
            Self.difference((200, "<html>"), from: good) == "the answer is none of the query API")
        #expect(
            Self.difference(good, from: (200, "{}x"))
                == "of the reference: the answer is none of the query API")
    }

    @Test("Lists are compared without regard to order, and what a server says of itself by status")
    func lists() {
        func data(_ json: String) -> (Int, String) {
            (200, #"{"status":"success","data":\#(json)}"#)
        }
        let path = "/api/v1/series"
        let reference = data(#"[{"a":"1","b":"2"},{"a":"2"}]"#)
        #expect(
            Self.difference(at: path, data(#"[{"a":"2"}, {"b":"2","a":"1"}]"#), from: reference)
                == nil)
        #expect(
            Self.difference(at: path, data(#"[{"a":"2"}]"#), from: reference)
                == #"1 entries for 2; missing ["{\"a\":\"1\",\"b\":\"2\"}"], extra []"#)
        #expect(
            Self.difference(
                at: "/api/v1/metadata", data(#"{"m":[{"type":"gauge"}]}"#),
                from: data(#"{"m":[{"type":"counter"}]}"#)) != nil)
        #expect(
            Self.difference(
                at: "/api/v1/status/buildinfo", data(#"{"version":"1"}"#),
                from: data(#"{"version":"2"}"#)) == nil)
        #expect(
            Self.difference(at: "/api/v1/rules", (404, ""), from: data("{}"))
                == "status 404, not 200")
    }

    // MARK: What is said

    private static func report(
        _ pace: Pace = .rate(10), statuses: [Int], differences: [AnswerDifference?] = []
    ) -> ReplayReport {
        var figures = TargetFigures()
        for status in statuses {
            figures.note(
                .answer(status: status, bytes: 100), latency: .milliseconds(30),
                service: .milliseconds(20))
        }
        var report = ReplayReport(
            recording: "query.log", format: .queryLog, pace: pace, elapsed: .seconds(2),
            targets: [.init(url: "http://a:9090", figures: figures)])
        guard !differences.isEmpty else { return report }
        report.targets.append(.init(url: "http://b:9090", figures: figures))
        var comparison = ComparisonFigures(showing: 1)
        for difference in differences {
            comparison.note(difference, of: request("/api/v1/query", "up"))
        }
        report.comparison = comparison
        return report
    }

    @Test("A replay is good if all requests got answers that speak of the query, and none differs")
    func good() {
        #expect(Self.report(statuses: [200, 400, 422]).isGood)
        for status in [401, 404, 429, 500, 503] {
            #expect(!Self.report(statuses: [200, status]).isGood)
        }
        #expect(!Self.report(statuses: []).isGood)
        let what = Self.request("/api/v1/query", "up").difference((200, []), from: (503, []))
        #expect(Self.report(statuses: [200], differences: [nil]).isGood)
        #expect(!Self.report(statuses: [200], differences: [nil, what]).isGood)
        var partly = Self.report(statuses: [200], differences: [nil])
        partly.comparison?.noteNotCompared("too large")
        #expect(!partly.isGood)
    }

    @Test("The text has the table, the endings, and as many differences as are wanted")
    func text() throws {
        let what = try #require(
            Self.request("/api/v1/query", "up").difference((503, []), from: (200, [])))
        let text = Self.report(statuses: [200, 200, 503], differences: [what, nil, what]).text
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "query.log (query-log), open, 10 requests a second, 2s")
        #expect(
            lines[1].split(separator: " ") == [
                "target", "from", "answers", "failed", "/s", "mean", "p50", "p90", "p95", "p99",
                "p99.9", "max",
            ])
        #expect(
            lines[2].split(separator: " ")
                == ["http://a:9090", "due", "3", "1", "1.5"]
                + Array(repeating: "30ms", count: 7))
        #expect(lines[3].split(separator: " ") == ["sent"] + Array(repeating: "20ms", count: 7))
        #expect(lines.contains("http://a:9090: 2 of 200, 1 of 503"))
        #expect(lines.contains("compared 3, different 2"))
        #expect(lines.contains("    GET /api/v1/query?query=up"))
        #expect(lines.last == "1 more differences are not shown")
        // A closed loop says what its latencies leave out.
        let closed = Self.report(.clients(2), statuses: [200]).text
        #expect(closed.contains("closed loop, 2 clients"))
        #expect(closed.contains("a slow answer delays the next request"))
    }

    @Test("The JSON has the same figures, in seconds")
    func json() throws {
        let what = Self.request("/api/v1/query", "up").difference((503, []), from: (200, []))
        let bytes = Self.report(statuses: [200, 503], differences: [what]).json.bytes
        let json = try JSONValue(parsing: bytes)
        #expect(json["good"] == .bool(false))
        let target = try #require(json["targets"]?.items.first)
        #expect(target["answered"]?.integer == 2 && target["failed"]?.integer == 1)
        #expect(target["statuses"] == .object([("200", .integer(1)), ("503", .integer(1))]))
        #expect(target["latency"]?["p99"] == .number("0.03"))
        #expect(target["service"]?["max"] == .number("0.02"))
        #expect(target["bytes"]?.integer == 200)
        let difference = try #require(json["comparison"]?["differences"]?.items.first)
        #expect(difference["request"]?.text == "/api/v1/query?query=up")
    }
}
