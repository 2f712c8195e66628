import GoText
import Replay
import Testing

/// Recordings as they are found: what becomes of their lines, and how a broken one is told.
@Suite struct RecordingTests {
    /// Reads it in pieces of the given size.
    private static func reader(
        _ text: String, format: RecordingFormat? = nil, pieces: Int = 100
    ) throws(RecordingError) -> RecordingReader {
        var rest = Array(text.utf8)[...]
        return try RecordingReader(format: format) { () throws(RecordingError) in
            let piece = rest.prefix(pieces)
            rest = rest.dropFirst(pieces)
            return piece.isEmpty ? nil : Array(piece)
        }
    }

    private static func requests(
        _ text: String, format: RecordingFormat? = nil, pieces: Int = 100
    ) throws(RecordingError) -> [RecordedRequest] {
        var reader = try reader(text, format: format, pieces: pieces)
        var all: [RecordedRequest] = []
        while let request = try reader.next() { all.append(request) }
        return all
    }

    private static func failure(_ text: String, format: RecordingFormat? = nil) -> RecordingError? {
        do throws(RecordingError) {
            _ = try requests(text, format: format)
            return nil
        } catch {
            return error
        }
    }

    // MARK: The query log

    /// Lines that Prometheus 3.5 wrote: an instant query, a range query, a rule.
    private static let version3 = """
        {"time":"2026-11-27T22:20:35.34526861Z","level":"INFO","source":"engine.go:662","msg":"promql query logged","params":{"end":"2026-11-27T22:20:35.345Z","query":"up{job=\\"a\\"} \\u003e 0","start":"2026-11-27T22:20:35.345Z","step":0},"stats":{"timings":{"evalTotalTime":0.000022672,"resultSortTime":0,"queryPreparationTime":0.000013024,"innerEvalTime":0.000005841,"execQueueTime":0.000047458,"execTotalTime":0.000043531},"samples":{"totalQueryableSamples":0,"peakSamples":0}},"spanID":"0000000000000000","httpRequest":{"clientIP":"127.0.0.1","method":"GET","path":"/api/v1/query"}}
        {"time":"2026-11-27T22:20:35.364939576Z","level":"INFO","source":"engine.go:662","msg":"promql query logged","params":{"end":"2026-11-27T22:20:35.000Z","query":"rate(up[1m])","start":"2026-11-27T22:19:35.250Z","step":15},"stats":{"timings":{"evalTotalTime":0.00003}},"spanID":"0000000000000000","httpRequest":{"clientIP":"127.0.0.1","method":"POST","path":"/prometheus/api/v1/query_range"}}
        {"time":"2026-11-27T22:20:36.185591027Z","level":"INFO","source":"engine.go:662","msg":"promql query logged","params":{"end":"2026-11-27T22:20:36.184Z","query":"sum(up)","start":"2026-11-27T22:20:36.184Z","step":0},"stats":{"timings":{"evalTotalTime":0.000028443}},"spanID":"0000000000000000","ruleGroup":{"file":"r.yml","name":"g"}}

        """

    @Test("Lines of Prometheus 3 become the requests that they were", arguments: [1, 100, 1 << 20])
    func version3(pieces: Int) throws {
        #expect(
            try Self.requests(Self.version3, pieces: pieces) == [
                RecordedRequest(
                    method: .get, path: "/api/v1/query",
                    parameters: [
                        .init("query", #"up{job="a"} > 0"#), .init("time", "1795818035.345"),
                    ],
                    time: 1_795_818_035_345),
                RecordedRequest(
                    method: .post, path: "/api/v1/query_range",
                    parameters: [
                        .init("query", "rate(up[1m])"), .init("start", "1795817975.250"),
                        .init("end", "1795818035"), .init("step", "15"),
                    ], time: 1_795_818_035_364),
                RecordedRequest(
                    method: .post, path: "/api/v1/query",
                    parameters: [.init("query", "sum(up)"), .init("time", "1795818036.184")],
                    time: 1_795_818_036_185),
            ])
    }

    @Test("Lines of the gateway's own query log become the requests that they were")
    func ownLog() throws {
        let cut = String(repeating: "up+", count: 6000) + "… (3 bytes more)"
        let log = """
            {"time":"2026-11-28T14:34:00.004Z","request_id":"e9","project":"all","endpoint":"query","query":"up","status":503,"whole":true,"total_ms":15.042,"start":1795876439.989,"end":1795876439.989,"plan":"union"}
            {"time":"2026-11-28T14:34:01Z","request_id":"e9","project":"all","endpoint":"query","query":"sum(","status":400}
            {"time":"2026-11-28T14:34:02Z","request_id":"e9","project":"all","endpoint":"query_range","query":"up","status":200,"start":100,"end":160,"step":0.5}
            {"time":"2026-11-28T14:34:03Z","request_id":"e9","project":"all","endpoint":"query_range","query":"up","status":200,"start":100,"end":100}
            {"time":"2026-11-28T14:34:04Z","request_id":"e9","project":"all","endpoint":"query_range","query":"up","status":400}
            {"time":"2026-11-28T14:34:05Z","request_id":"e9","project":"all","endpoint":"query","query":"\(cut)","status":200}

            """
        var reader = try Self.reader(log)
        var lines: [String] = []
        while let request = try reader.next() { lines.append(request.line) }
        #expect(
            lines == [
                "/api/v1/query?query=up&time=1795876439.989", "/api/v1/query?query=sum%28",
                "/api/v1/query_range?query=up&start=100&end=160&step=0.5",
                "/api/v1/query_range?query=up&start=100&end=100&step=1",
            ])
        #expect(reader.leftOut == [.unknownTimes: 1, .cutQuery: 1])
        #expect(Self.failure(log + "{}\n")?.line == 7)
    }

    @Test("Lines of Prometheus 2 have their time under another name")
    func version2() throws {
        let line = #"""
            {"httpRequest":{"clientIP":"::1","method":"GET","path":"/api/v1/query"},"params":{"end":"2023-11-14T22:13:20.000Z","query":"up","start":"2023-11-14T22:13:20.000Z","step":0},"stats":{"timings":{"evalTotalTime":0.1}},"ts":"2023-11-14T22:13:21.500Z"}
            """#
        let requests = try Self.requests(line)
        #expect(requests.map(\.time) == [1_700_000_001_500])
        #expect(requests.map(\.line) == ["/api/v1/query?query=up&time=1700000000"])
    }

    private static func logged(
        path: String, from start: String, to end: String, step: Int
    ) -> String {
        #"{"params":{"query":"up","start":"\#(start)","end":"\#(end)","step":\#(step)},"#
            + #""httpRequest":{"method":"GET","path":"\#(path)"}}"# + "\n"
    }

    @Test("A step below a second is not in the log: with several steps the query is left out")
    func unknownStep() throws {
        let (start, end) = ("2023-11-14T22:13:20Z", "2023-11-14T22:13:30Z")
        let path = "/api/v1/query_range"
        var reader = try Self.reader(
            Self.logged(path: path, from: start, to: end, step: 0)
                + Self.logged(path: path, from: start, to: start, step: 0))
        let request = try reader.next()
        #expect(
            request?.line
                == "/api/v1/query_range?query=up&start=1700000000&end=1700000000&step=1")
        #expect(try reader.next() == nil)
        #expect(reader.leftOut == [.unknownStep: 1])
    }

    @Test(
        "A broken line is told with its number and what is wrong with it",
        arguments: [
            (#"{"params":{"query":"up","#, "the JSON breaks off"),
            (#"{"params":{}} {"params":{}}"#, "no JSON: text behind the JSON object, at byte 15"),
            ("{nonsense}", "no JSON: expected '\"', at byte 2"),
            (#"{"level":"INFO"}"#, "no params.query, which every line of a query log has"),
            (
                #"{"params":{"query":"up","end":"2023-11-14T22:13:20Z"}}"#,
                "no params.start, which every line of a query log has"
            ),
            (
                #"{"params":{"query":"up","start":"yesterday","end":"2023-11-14T22:13:20Z"}}"#,
                #"params.start is no time: "yesterday""#
            ),
            (
                #"{"params":{"query":"up","start":"2023-11-14T22:13:20Z","end":"2023-11-14T22:13:20Z"},"ts":"x"}"#,
                "x is no time"
            ),
        ])
    func brokenLines(line: String, text: String) {
        #expect(Self.failure(Self.version3 + line + "\n") == RecordingError(text, line: 4))
    }

    // MARK: Lists of URLs

    @Test("A list has paths and URLs, behind any prefix, and comments")
    func urls() throws {
        var reader = try Self.reader(
            """
            # what the dashboard asks

            /api/v1/query?query=sum%28up%29+%2B+1&time=1700000000
              http://prometheus.example.com:9090/prometheus/api/v1/query_range?query=up{job="a b"}&start=1&end=2&step=1#graph
            /api/v1/label/job/values?match[]=up\r
            /api/v1/label/a%2Fb/values
            /api/v1/admin/tsdb/delete_series?match[]=up
            /metrics
            /api/v1/status/buildinfo
            """)
        var lines: [String] = []
        while let request = try reader.next() {
            #expect(request.method == .get)
            #expect(request.time == nil)
            lines.append(request.line)
        }
        #expect(
            lines == [
                "/api/v1/query?query=sum%28up%29%20%2B%201&time=1700000000",
                "/api/v1/query_range?query=up%7Bjob%3D%22a%20b%22%7D&start=1&end=2&step=1",
                "/api/v1/label/job/values?match%5B%5D=up", "/api/v1/label/a%2Fb/values",
                "/api/v1/status/buildinfo",
            ])
        #expect(reader.format == .urls)
        #expect(reader.leftOut == [.otherPath: 2])
    }

    @Test(
        "A line that is no path is told with its number",
        arguments: [
            ("api/v1/query", "a line is a path or a URL, such as /api/v1/query?query=up"),
            ("/api/v1/que ry", "a blank in the path"),
            ("/api/v1/query?query=%zz", #"invalid URL escape "%zz""#),
        ])
    func brokenURLs(line: String, text: String) {
        #expect(Self.failure("# list\n/api/v1/labels\n\(line)") == RecordingError(text, line: 3))
    }

    // MARK: HAR

    /// As Chrome writes it, with callers within each other.
    private static let har: String = {
        let deep =
            String(repeating: #"{"parent":{"callFrames":[{"url":"}]\""}],"x":"#, count: 60)
            + "1" + String(repeating: "}}", count: 60)
        return """
            {
              "log": {
                "version": "1.2",
                "creator": {"name": "WebInspector", "version": "537.36"},
                "pages": [],
                "entries": [
                  {
                    "_initiator": \(deep),
                    "startedDateTime": "2023-11-14T23:13:22.250+01:00",
                    "time": 12.5,
                    "request": {
                      "method": "POST",
                      "url": "https://grafana.example.com/api/datasources/uid/p1/resources/api/v1/query_range?orgId=1",
                      "headers": [{"name": "Cookie", "value": "session=hidden"}],
                      "postData": {"mimeType": "application/x-www-form-urlencoded; charset=UTF-8", "text": "query=rate%28x%5B1m%5D%29&start=1&end=31&step=15", "params": [{"name": "query", "value": "rate%28x%5B1m%5D%29"}]}
                    },
                    "response": {"status": 200, "content": {"text": "{\\"status\\":\\"success\\"}"}}
                  },
                  {
                    "startedDateTime": "2023-11-14T22:13:20.000Z",
                    "request": {"method": "GET", "url": "http://localhost:9090/api/v1/query?query=up#x", "headers": []}
                  },
                  {
                    "startedDateTime": "2023-11-14T22:13:21.000Z",
                    "request": {"method": "POST", "url": "http://localhost:9090/api/v1/series",
                      "postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "match[]", "value": "up"}]}}
                  },
                  {
                    "startedDateTime": "2023-11-14T22:13:21.000Z",
                    "request": {"method": "GET", "url": "http://localhost:9090/static/app.js"}
                  },
                  {
                    "startedDateTime": "2023-11-14T22:13:21.000Z",
                    "request": {"method": "POST", "url": "http://localhost:9090/api/v1/query", "postData": {"mimeType": "application/json", "text": "{}"}}
                  },
                  {
                    "startedDateTime": "2023-11-14T22:13:21.000Z",
                    "request": {"method": "OPTIONS", "url": "http://localhost:9090/api/v1/query"}
                  }
                ]
              }
            }
            """
    }()

    @Test("Of a HAR file the requests of the API are replayed, in the order of their times")
    func har() throws {
        var reader = try Self.reader(Self.har)
        var all: [RecordedRequest] = []
        while let request = try reader.next() { all.append(request) }
        #expect(
            all == [
                RecordedRequest(
                    method: .get, path: "/api/v1/query", parameters: [.init("query", "up")],
                    time: 1_700_000_000_000),
                RecordedRequest(
                    method: .post, path: "/api/v1/series", parameters: [.init("match[]", "up")],
                    time: 1_700_000_001_000),
                RecordedRequest(
                    method: .post, path: "/api/v1/query_range",
                    parameters: [
                        .init("query", "rate(x[1m])"), .init("start", "1"), .init("end", "31"),
                        .init("step", "15"), .init("orgId", "1"),
                    ], time: 1_700_000_002_250),
            ])
        #expect(reader.format == .har)
        #expect(reader.leftOut == [.otherPath: 3])
    }

    @Test("A HAR file that breaks off, or is none, is told with its line and entry")
    func brokenHAR() throws {
        let broken = Self.har.replacing("2023-11-14T22:13:20.000Z", with: "soon")
        #expect(Self.failure(broken)?.description == "line 19: entry 2: soon is no time")
        let cut = String(Self.har.prefix(Self.har.count - 40))
        #expect(Self.failure(cut)?.description == "line 36: entry 6: the JSON breaks off")
        #expect(
            Self.failure("{\"log\": {}}")
                == RecordingError("no log.entries, which a HAR file has"))
        #expect(Self.failure("/api/v1/labels", format: .har)?.line == 1)
    }

    @Test("The format is found out, and the one that is named holds")
    func formats() throws {
        #expect(try Self.reader("\u{feff}\n {\n\t\"log\" : {\"entries\": []}}").format == .har)
        #expect(try Self.reader("\n" + Self.version3).format == .queryLog)
        #expect(try Self.reader("# {\n").format == .urls)
        #expect(try Self.reader("").format == .urls)
        #expect(try Self.requests("").isEmpty)
        #expect(Self.failure(Self.version3, format: .urls)?.line == 1)
    }
}
