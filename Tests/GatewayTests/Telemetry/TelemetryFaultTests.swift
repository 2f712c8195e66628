import GatewayConfiguration
import PrometheusServer
import PrometheusWire
import TelemetryDoubles
import Testing

@testable import Gateway

/// What a member sends that is none of an answer: the member is missing, what is wrong is told, and
/// memory and time are bounded.
@Suite(.closesGateways) struct TelemetryFaultTests {
    /// Answers everything alike.
    private struct FixedDouble: TelemetryDouble {
        var fixed: DoubleAnswer

        func answer(_ request: DoubleRequest) -> DoubleAnswer { fixed }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var kind: String
        var target: String
        var type: String
        var body: [UInt8]
        /// A part of the reason.
        var reason: String

        init(_ kind: String, _ target: String, _ type: String, _ body: [UInt8], _ reason: String) {
            (self.kind, self.target, self.type, self.body, self.reason) =
                (kind, target, type, body, reason)
        }

        var testDescription: String { "\(kind) \(target.prefix(30)): \(reason)" }
    }

    private static let json = "application/json"
    private static let window = "start=1795734000000000000&end=1795735200000000000"
    private static let lines = "/loki/api/v1/query_range?query=%7Bapp%3D~%22.%2B%22%7D&\(window)"
    private static let rates =
        "/loki/api/v1/query_range?query=rate(%7Bapp%3D%22api%22%7D%5B1m%5D)&step=60&\(window)"
    private static let trace = "/tempo/api/v2/traces/0102030405060708090a0b0c0d0e0f10"
    private static let search = "/tempo/api/search?q=%7B%7D&start=1795739500&end=1795739600"

    /// Spaces, which a server compresses to a thousandth.
    private static func bomb(_ start: String) -> [UInt8] {
        Array(start.utf8) + [UInt8](repeating: UInt8(ascii: " "), count: 8 << 20)
    }

    private static let streams = #"{"status":"success","data":{"resultType":"streams","result":["#

    private static let cases = [
        Case("loki", lines, json, Array(streams.utf8), "ends"),
        Case(
            "loki", lines, json, Array((streams + #"{"stream":{"a":"b"},"values":[["1","#).utf8),
            "ends"),
        Case(
            "loki", lines, json,
            Array((streams + #"{"stream":{"a":"b"},"values":[["x","l"]]}]}}"#).utf8), ""),
        Case(
            "loki", lines, json,
            Array(#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#.utf8),
            "matrix"),
        Case("loki", rates, json, Array((streams + "]}}").utf8), "streams"),
        Case("loki", lines, "text/html", Array("<html>Sign in</html>".utf8), "not a Loki API"),
        Case("loki", lines, json, bomb(streams), "bytes"),
        Case(
            "loki", "/loki/api/v1/labels?\(window)", json,
            Array(#"{"status":"success","data":["a""#.utf8), ""),
        Case(
            "loki", "/loki/api/v1/labels?\(window)", json,
            Array(#"{"status":"success","data":{}}"#.utf8), ""),
        Case("loki", "/loki/api/v1/labels?\(window)", json, bomb("{"), "bytes"),
        Case("tempo", trace, "application/protobuf", [0xFF, 0xFF, 0xFF], ""),
        Case("tempo", trace, "application/protobuf", [0x0A, 0x7F, 0x0A], ""),
        Case("tempo", trace, json, Array("{}".utf8), "not a Tempo API"),
        Case("tempo", trace, "application/protobuf", bomb(""), ""),
        Case("tempo", search, "text/html", Array("<html>".utf8), "not a Tempo API"),
        Case("tempo", search, json, Array(#"{"traces":[{"traceID":"#.utf8), ""),
        Case("tempo", search, json, Array("[1]".utf8), ""),
        Case("tempo", search, json, bomb("{"), "bytes"),
    ]

    @Test(arguments: cases)
    func `9: a member whose answer is none is missing, and what is wrong is told`(
        _ one: Case
    ) async throws {
        let bad = FixedDouble(fixed: DoubleAnswer(type: one.type, body: one.body))
        let isLogs = one.kind == "loki"
        let good: any TelemetryDouble =
            isLogs
            ? LokiDouble(try RecordedData.logs(.memberA))
            : TempoDouble(try RecordedData.traces(.memberA))
        let scene = try TelemetryScene(
            one.kind, a: good, b: bad, union: bad,
            gatewaySettings: "limits: {maxInflatedBytes: 1MiB}")
        let answer = try await scene.gateway.ask("/p/all" + one.target)
        #expect(answer.status == 200, "\(answer.body)")
        let missing = try #require(answer.headers["X-Tributary-Missing"])
        #expect(missing.hasPrefix("prod-b;reason=\"") && missing.contains(one.reason), "\(missing)")
        let whole = try await scene.gateway.ask(
            "/p/all" + one.target + (one.target.contains("?") ? "&" : "?")
                + "partial_response=false")
        // 422 where a limit is the reason, as of metrics.
        #expect([422, 503].contains(whole.status), "\(whole.body)")
        #expect(whole.body.contains("prod-b"), "\(whole.body)")
    }

    @Test(arguments: [
        lines, rates, "/loki/api/v1/labels?\(window)", "/loki/api/v1/series?\(window)",
    ])
    func `9: a body without end is ended`(target: String) async throws {
        let scene = try TelemetryScene.recordedLogs(
            gatewaySettings: "limits: {maxResponseBytes: 4MiB}")
        scene.b.fail(.endless)
        let answer = try await scene.gateway.ask("/p/all" + target)
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.headers["X-Tributary-Missing"]?.hasPrefix("prod-b;reason=\"") == true)
    }

    @Test(
        arguments: [
            ("application/proto", [0xFF, 0xFF, 0xFF]), ("application/proto", [0x0A, 0x7F, 0x0A]),
            ("application/json", Array("{}".utf8)), ("text/html", Array("<html>".utf8)),
        ] as [(String, [UInt8])])
    func `9: a member whose profiles are no message is missing`(
        type: String, body: [UInt8]
    ) async throws {
        let scene = try TelemetryScene(
            "pyroscope", a: PyroscopeDouble(ProfileStore()),
            b: FixedDouble(fixed: DoubleAnswer(type: type, body: body)),
            union: PyroscopeDouble(ProfileStore()))
        for (method, isWrong) in [("SelectMergeStacktraces", true), ("ProfileTypes", false)] {
            let path = "/p/all/pyroscope/querier.v1.QuerierService/\(method)"
            let text =
                #"{"profileTypeID":"process_cpu:cpu:nanoseconds:cpu:nanoseconds","labelSelector":"{}","#
                + #""start":"0","end":"2000000"}"#
            let request = try #require(
                PrometheusRequest(
                    method: "POST", target: path, headers: ["Content-Type": "application/json"],
                    body: Array((isWrong ? text : #"{"start":"0","end":"2000000"}"#).utf8)))
            let (status, headers, bytes) = try await scene.gateway.respond(to: request).collected()
            let shown = String(decoding: bytes, as: UTF8.self)
            // A flame graph without somebody's samples is wrong; a list lacks something.
            #expect(status == (isWrong ? 503 : 200), "\(shown)")
            if isWrong {
                #expect(
                    shown.hasPrefix(#"{"code":"unavailable","message":""#)
                        && shown.contains("prod-b"))
            } else {
                #expect(headers["X-Tributary-Missing"]?.hasPrefix("prod-b;reason=") == true)
            }
        }
    }

    @Test(arguments: [
        (429, "too many outstanding requests", 503), (500, "boom", 503),
        (404, "404 page not found", 503),
        (400, "parse error : no", 400), (401, "no org id", 503),
    ])
    func
        `2: a member's refusal is the answer where it judges the query, else the member is missing`(
            status: Int, text: String, wanted: Int
        ) async throws
    {
        let scene = try TelemetryScene.recordedLogs()
        scene.b.fail(.status(status, text))
        let answer = try await scene.gateway.ask("/p/all\(Self.lines)&partial_response=false")
        #expect(answer.status == wanted, "\(answer.body)")
        #expect(answer.headers["Content-Type"] == "text/plain; charset=utf-8")
        #expect(answer.body.contains(#"project "prod-b": "#), "\(answer.body)")
    }

    @Test func `2: a member that is too slow is missing`() async throws {
        let scene = try TelemetryScene.recordedLogs(gatewaySettings: "query: {timeout: 2s}")
        scene.b.fail(.silence)
        let answer = try await scene.gateway.ask("/p/all" + Self.lines)
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.headers["X-Tributary-Missing"]?.hasPrefix("prod-b;reason=\"") == true)
    }
}
