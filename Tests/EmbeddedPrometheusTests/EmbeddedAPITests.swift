import EmbeddedPrometheus
import GoText
import PrometheusServer
import Testing
import TimeSeries

@Suite("Answers of the embedded API, byte for byte")
struct EmbeddedAPITests {
    static let api: EmbeddedAPI = {
        let store = MemoryStore()
        let page = """
            # HELP requests_total Requests & <answers>.
            # TYPE requests_total counter
            requests_total{path="/a",code="200"} 0 0
            requests_total{path="/a",code="200"} 60 60000
            requests_total{path="/a",code="200"} 180 120000
            requests_total{path="/b",code="500"} 5 120000
            # TYPE temperature gauge
            temperature{room="<k&\\"\\\\>"} 21.5 119500
            temperature{room="cellar"} -0.0000001 120000
            tiny 1e-7 120000
            """
        if let exposition = try? Exposition(parsing: Array(page.utf8)) {
            store.load(exposition, defaultTime: 0)
        }
        var histogram = FloatHistogram(schema: 0, zeroThreshold: 0.001, zeroCount: 2)
        histogram.count = 5
        histogram.sum = 18.5
        histogram.positiveSpans = [FloatHistogram.Span(offset: 0, length: 3)]
        histogram.positiveBuckets = [1, 0, 2]
        store.insert([
            SampleSeries(
                labels: LabelSet(["__name__": "native"]), times: [120_000],
                values: [SampleValue.normalNaN], histograms: [0: histogram])
        ])
        return EmbeddedAPI(store: store, now: { 120_000 })
    }()

    func get(_ target: String, method: String = "GET") async throws -> (Int, String) {
        let request = try #require(
            PrometheusRequest(method: method, target: "/api/v1\(target)"))
        let answer = try await Self.api.respond(to: request).collected()
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    /// What stands between `{"status":"success","data":` and the last brace.
    static let successes: [(String, String)] = [
        ("/query?query=1%2B1", #"{"resultType":"scalar","result":[120,"2"]}"#),
        ("/query?query=1e-7&time=1.5", #"{"resultType":"scalar","result":[1.5,"0.0000001"]}"#),
        (
            "/query?query=-1/0&time=1970-01-01T00:00:00.010Z",
            #"{"resultType":"scalar","result":[0.01,"-Inf"]}"#
        ),
        ("/query?query=%22a%3Cb%22", #"{"resultType":"string","result":[120,"a\u003cb"]}"#),
        (
            "/query?query=tiny",
            #"{"resultType":"vector","result":[{"metric":{"__name__":"tiny"},"#
                + #""value":[120,"1e-07"]}]}"#
        ),
        (
            "/query?query=temperature",
            #"{"resultType":"vector","result":[{"metric":{"__name__":"temperature","#
                + #""room":"<k&\"\\>"},"value":[120,"21.5"]},{"metric":{"__name__":"#
                + #""temperature","room":"cellar"},"value":[120,"-1e-07"]}]}"#
        ),
        (
            "/query?query=sum(rate(requests_total%5B2m%5D))by(path)",
            #"{"resultType":"vector","result":[{"metric":{"path":"/a"},"#
                + #""value":[120,"1.5"]}]}"#
        ),
        ("/query?query=absent_metric", #"{"resultType":"vector","result":[]}"#),
        (
            "/query?query=native",
            #"{"resultType":"vector","result":[{"metric":{"__name__":"native"},"#
                + #""histogram":[120,{"count":"5","sum":"18.5","buckets":["#
                + #"[3,"-0.001","0.001","2"],[0,"0.5","1","1"],[0,"2","4","2"]]}]}]}"#
        ),
        (
            "/query?query=temperature%7Broom!%3D%22cellar%22%7D%5B1m%5D",
            #"{"resultType":"matrix","result":[{"metric":{"__name__":"temperature","#
                + #""room":"<k&\"\\>"},"values":[[119.500,"21.5"]]}]}"#
        ),
        (
            "/query_range?query=requests_total%7Bpath%3D%22/a%22%7D&start=0&end=121&step=60",
            #"{"resultType":"matrix","result":[{"metric":{"__name__":"requests_total","#
                + #""code":"200","path":"/a"},"values":[[0,"0"],[60,"60"],[120,"180"]]}]}"#
        ),
        (
            "/query_range?query=time()&start=1.1&end=1.3&step=100ms",
            #"{"resultType":"matrix","result":[{"metric":{},"#
                + #""values":[[1.100,"1.1"],[1.200,"1.2"],[1.300,"1.3"]]}]}"#
        ),
        ("/labels", #"["__name__","code","path","room"]"#),
        ("/labels?match%5B%5D=tiny", #"["__name__"]"#),
        ("/labels?match%5B%5D=nothing", "[]"),
        ("/labels?end=119&start=119", #"["__name__","code","path"]"#),
        ("/label/room/values", #"["\u003ck\u0026\"\\\u003e","cellar"]"#),
        ("/label/U__room/values", #"["\u003ck\u0026\"\\\u003e","cellar"]"#),
        ("/label/path/values?match%5B%5D=%7Bcode%3D%22500%22%7D", #"["/b"]"#),
        ("/label/none/values", "[]"),
        (
            "/series?match%5B%5D=requests_total&match%5B%5D=%7Bpath%3D%22/b%22%7D",
            #"[{"__name__":"requests_total","code":"200","path":"/a"},"#
                + #"{"__name__":"requests_total","code":"500","path":"/b"}]"#
        ),
        (
            "/metadata?metric=requests_total",
            #"{"requests_total":[{"type":"counter","unit":"","#
                + #""help":"Requests \u0026 \u003canswers\u003e."}]}"#
        ),
        ("/metadata?limit=0", "{}"),
        ("/rules?type=alert", #"{"groups":[]}"#),
        ("/alerts", #"{"alerts":[]}"#),
        (
            "/targets?state=any",
            #"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}"#
        ),
        ("/query_exemplars?query=up&start=1700000000000&end=1700000000001", "[]"),
        (
            "/status/buildinfo",
            #"{"version":"3.14.0","revision":"tributary","branch":"embedded","#
                + #""buildUser":"","buildDate":"","goVersion":""}"#
        ),
        (
            "/status/flags",
            #"{"query.lookback-delta":"5m","query.max-concurrency":"20","#
                + #""query.max-samples":"50000000","query.timeout":"2m","#
                + #""web.enable-admin-api":"false","web.enable-lifecycle":"false"}"#
        ),
    ]

    @Test("Successes", arguments: successes)
    func success(_ target: String, _ data: String) async throws {
        let (status, body) = try await get(target)
        #expect(status == 200)
        #expect(body == "{\"status\":\"success\",\"data\":\(data)}")
    }

    /// Status, error type and text.
    static let failures: [(String, Int, String, String)] = [
        (
            "/query", 400, "bad_data",
            #"invalid parameter \"query\": unknown position: parse error: "#
                + "no expression found in input"
        ),
        (
            "/query?query=1&time=x", 400, "bad_data",
            #"invalid parameter \"time\": invalid time value for 'time': "#
                + #"cannot parse \"x\" to a valid timestamp"#
        ),
        (
            "/query?query=1&limit=x", 400, "bad_data",
            #"invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax"#
        ),
        (
            "/query?query=1&limit=-1", 400, "bad_data",
            #"invalid parameter \"limit\": limit must be non-negative"#
        ),
        (
            "/query?query=1&timeout=1.5h", 400, "bad_data",
            #"invalid parameter \"timeout\": cannot parse \"1.5h\" to a valid duration"#
        ),
        (
            "/query?query=1&lookback_delta=x", 400, "bad_data",
            #"error parsing lookback delta duration: cannot parse \"x\" to a valid duration"#
        ),
        (
            "/query_range?query=1&end=1&step=1", 400, "bad_data",
            #"invalid parameter \"start\": cannot parse \"\" to a valid timestamp"#
        ),
        (
            "/query_range?query=1&start=2&end=1&step=1", 400, "bad_data",
            #"invalid parameter \"end\": end timestamp must not be before start time"#
        ),
        (
            "/query_range?query=1&start=0&end=1", 400, "bad_data",
            #"invalid parameter \"step\": cannot parse \"\" to a valid duration"#
        ),
        (
            "/query_range?query=1&start=0&end=1&step=0", 400, "bad_data",
            #"invalid parameter \"step\": zero or negative query resolution step widths are "#
                + "not accepted. Try a positive integer"
        ),
        (
            "/query_range?query=1&start=0&end=11001&step=1", 400, "bad_data",
            "exceeded maximum resolution of 11,000 points per timeseries. "
                + "Try decreasing the query resolution (?step=XX)"
        ),
        (
            "/query_range?query=up%5B5m%5D&start=0&end=1&step=1", 400, "bad_data",
            #"invalid parameter \"query\": invalid expression type \"range vector\" for range "#
                + "query, must be Scalar or instant Vector"
        ),
        (
            "/query_range?query=1&start=0&end=0.001&step=0.0005", 422, "execution",
            "unexpected error: runtime error: integer divide by zero"
        ),
        ("/series", 400, "bad_data", "no match[] parameter provided"),
        (
            "/series?match%5B%5D=%7Ba%3D~%22.*%22%7D", 400, "bad_data",
            #"invalid parameter \"match[]\": "#
                + "match[] must contain at least one non-empty matcher"
        ),
        (
            "/labels?match%5B%5D=%7Ba%3D%22%22%7D", 400, "bad_data",
            "match[] must contain at least one non-empty matcher"
        ),
        (
            "/series?match%5B%5D=up;x=1", 400, "bad_data",
            "error parsing form values: invalid semicolon separator in query"
        ),
        ("/metadata?limit=x", 400, "bad_data", "limit must be a number"),
        (
            "/query_exemplars?query=up&start=2&end=1", 400, "bad_data",
            "end timestamp must not be before start timestamp"
        ),
    ]

    @Test("Refusals", arguments: failures)
    func failure(_ target: String, _ status: Int, _ kind: String, _ text: String) async throws {
        let (given, body) = try await get(target)
        #expect(given == status)
        #expect(body == #"{"status":"error","errorType":"\#(kind)","error":"\#(text)"}"#)
    }

    @Test("11,001 points are allowed")
    func mostPoints() async throws {
        let (status, body) = try await get("/query_range?query=1&start=0&end=11000&step=1")
        #expect(status == 200)
        #expect(body.contains(#"[11000,"1"]"#))
    }

    @Test(
        "A limit warns only when it cut something",
        arguments: [
            ("/labels?limit=3", true), ("/labels?limit=4", false),
            ("/series?match%5B%5D=requests_total&limit=1", true),
            ("/series?match%5B%5D=requests_total&limit=2", false),
            ("/query?query=temperature&limit=1", true),
            ("/query?query=temperature&limit=2", false),
            ("/query_range?query=temperature&start=120&end=120&step=1&limit=1", true),
            ("/query?query=1&limit=1", false),
        ])
    func limits(_ target: String, _ isCut: Bool) async throws {
        let (status, body) = try await get(target)
        #expect(status == 200)
        let warning = #","warnings":["results truncated due to limit"]}"#
        #expect(body.hasSuffix(warning) == isCut)
    }

    @Test("Annotations stand after the data")
    func annotations() async throws {
        let (_, body) = try await get("/query?query=quantile(2,tiny)")
        #expect(
            body
                == #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"#
                + #""value":[120,"+Inf"]}]},"warnings":["PromQL warning: quantile value should "#
                + #"be between 0 and 1, got 2 (1:10)"]}"#)
    }

    @Test(
        "Times are read to the millisecond: floats rounded, RFC 3339 truncated",
        arguments: [
            ("0", "0"), ("-1.5", "-1.5"), ("1435781451.7809999", "1435781451.781"),
            ("1.0006", "1.001"), ("1.0004", "1"), ("1e3", "1000"), ("0x1p4", "16"),
            ("1970-01-01T00:00:01Z", "1"), ("1970-01-01T00:00:01.9999Z", "1.999"),
            ("2016-02-29T12:00:00%2B01:30", "1456741800"),
            ("1969-12-31T23:59:59.5-00:00", "-0.5"), ("2026-08-21T16:53:52.5Z", "1787331232.5"),
        ])
    func times(_ text: String, _ seconds: String) async throws {
        let (_, body) = try await get("/query?query=1&time=\(text)")
        #expect(body.hasSuffix(#""result":[\#(seconds),"1"]}}"#))
    }

    @Test(
        "What is no time is refused",
        arguments: [
            "2015-02-29T12:00:00Z", "2016-02-29T12:00:00", "2016-02-29T24:00:00Z", "now",
            "2016-2-29T12:00:00Z", "2016-02-29T12:00:00.Z", "nan(1)",
        ])
    func badTimes(_ text: String) async throws {
        let (status, body) = try await get("/query?query=1&time=\(text)")
        #expect(status == 400)
        #expect(body.contains("to a valid timestamp"))
    }

    @Test(
        "Durations are float seconds or whole units in falling order",
        arguments: [
            ("15", 200), ("0.5", 200), ("1m", 200), ("1h30m", 200), ("90m", 200), ("1d", 200),
            ("500ms", 200), ("1m1h", 400), ("1m1m", 400), ("1.5h", 400), ("1e30", 400),
            ("99999999999999999999y", 400), ("m", 400), ("-5", 400), ("1 m", 400),
        ])
    func durations(_ text: String, _ status: Int) async throws {
        let escaped = text.split(separator: " ").joined(separator: "+")
        let target = "/query_range?query=1&start=0&end=100&step=\(escaped)"
        #expect(try await get(target).0 == status)
    }

    @Test("Exemplars of an expression without series are no content")
    func noSelector() async throws {
        #expect(try await get("/query_exemplars?query=1") == (204, ""))
    }

    @Test("Health and life cycle")
    func health() async throws {
        for (method, path, status, body) in [
            ("GET", "/-/healthy", 200, "Prometheus Server is Healthy.\n"),
            ("GET", "/-/ready", 200, "Prometheus Server is Ready.\n"),
            ("HEAD", "/-/ready", 200, ""),
            ("POST", "/-/reload", 403, "Lifecycle API is not enabled."),
            ("GET", "/-/quit", 405, "Only POST or PUT requests allowed"),
            ("GET", "//-/ready", 301, "<a href=\"/-/ready\">Moved Permanently</a>.\n\n"),
            ("POST", "/api/v1//query?query=1", 301, ""),
        ] {
            let request = try #require(PrometheusRequest(method: method, target: path))
            let answer = try await Self.api.respond(to: request).collected()
            #expect(answer.status == status)
            #expect(String(decoding: answer.body, as: UTF8.self) == body)
        }
    }
}
