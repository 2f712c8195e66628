import Foundation
import GatewayConfiguration
import PrometheusServer
import PrometheusWire
import TelemetryDoubles
import Testing

@testable import Gateway

/// Pyroscope's API over two members.
@Suite(.closesGateways) struct PyroscopeContractTests {
    private static let type = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
    private static let base = "/p/all/pyroscope/querier.v1.QuerierService"

    private static func store(
        _ stacks: [(frames: [String], value: Int64)], _ labels: [String: String] = [:]
    ) -> ProfileStore {
        var store = ProfileStore()
        store.add(
            type: type, labels: ["service_name": "shop"].merging(labels) { $1 },
            milliseconds: 1_000_000, stacks: stacks)
        return store
    }

    private static let ofA = [(frames: ["main", "work"], value: Int64(3)), (["main"], 2)]
    private static let ofB = [(frames: ["main", "work"], value: Int64(4)), (["main", "rest"], 1)]

    private static func scene(
        settings: String = "", mostNodes: Int64 = 1_048_576
    ) throws -> TelemetryScene {
        var a = PyroscopeDouble(store(ofA))
        a.mostNodes = mostNodes
        var both = store(ofA, ["project": "prod-a"])
        both.add(
            type: type, labels: ["service_name": "shop", "project": "prod-b"],
            milliseconds: 1_000_000, stacks: ofB)
        return try TelemetryScene(
            "pyroscope", a: a, b: PyroscopeDouble(store(ofB)), union: PyroscopeDouble(both),
            settings: settings)
    }

    private static func call(
        _ gateway: PrometheusResponder, _ method: String, _ body: String,
        _ headers: HTTPHeaders = [:]
    ) async throws -> TestAnswer {
        var headers = headers
        headers["Content-Type"] = headers["Content-Type"] ?? "application/json"
        let request = try #require(
            PrometheusRequest(
                method: "POST", target: "\(base)/\(method)", headers: headers,
                body: Array(body.utf8)))
        let (status, fields, bytes) = try await gateway.respond(to: request).collected()
        return TestAnswer(
            status: status, headers: fields, body: String(decoding: bytes, as: UTF8.self))
    }

    private static let range = #""start":"0","end":"2000000""#
    private static let flame =
        #"{"profileTypeID":"\#(type)","labelSelector":"{}",\#(range)}"#

    @Test func `21: types are told in both codecs`() async throws {
        let scene = try Self.scene()
        let json = try await Self.call(scene.gateway, "ProfileTypes", "{\(Self.range)}")
        #expect(json.status == 200 && json.headers["Content-Type"] == "application/json")
        #expect(json.body.contains(Self.type))
        let message = try await Self.call(
            scene.gateway, "ProfileTypes", "", ["Content-Type": "application/proto"])
        #expect(message.status == 200 && message.headers["Content-Type"] == "application/proto")
        #expect(message.body.contains(Self.type))
        // Members are asked in protobuf, whatever the client speaks.
        #expect(
            scene.a.requests.allSatisfy { $0.header("Content-Type") == "application/proto" })
    }

    @Test(arguments: [
        ("SelectMergeStacktraces", #"{"labelSelector":"{"}"#, 400, "invalid_argument"),
        ("SelectMergeStacktraces", "no JSON", 400, "invalid_argument"),
        ("Diff", "{}", 501, "unimplemented"), ("SelectMergeProfile", "{}", 501, "unimplemented"),
        ("Nothing", "{}", 404, "not_found"),
    ])
    func `21: errors have the shape of Connect`(
        method: String, body: String, status: Int, code: String
    ) async throws {
        let scene = try Self.scene()
        let answer = try await Self.call(scene.gateway, method, body)
        #expect(answer.status == status, "\(answer.body)")
        #expect(answer.headers["Content-Type"] == "application/json")
        #expect(answer.body.hasPrefix(#"{"code":"\#(code)","message":""#), "\(answer.body)")
        #expect(scene.asked == (0, 0))
    }

    @Test func `22: a flame graph of two members is that of all their stacks`() async throws {
        let scene = try Self.scene()
        let answer = try await Self.call(scene.gateway, "SelectMergeStacktraces", Self.flame)
        #expect(answer.status == 200, "\(answer.body)")
        let graph = try #require(
            try JSONValue(parsing: Array(answer.body.utf8))["flamegraph"])
        #expect(graph["total"]?.text == "10")
        #expect(
            graph["names"]?.items.map { $0.text ?? "" }.sorted()
                == ["main", "rest", "total", "work"])
        let one = try await Self.call(
            scene.gateway, "SelectMergeStacktraces",
            Self.flame.replacingOccurrences(of: "{}", with: #"{project=\"prod-a\"}"#))
        #expect(
            try JSONValue(parsing: Array(one.body.utf8))["flamegraph"]?["total"]?.text == "5")
    }

    @Test func `23: a member that gives less is asked for what it gives, once and for all`()
        async throws
    {
        let scene = try Self.scene(mostNodes: 100)
        for _ in 0..<2 {
            let answer = try await Self.call(
                scene.gateway, "SelectMergeStacktraces", Self.flame)
            #expect(answer.status == 200, "\(answer.body)")
        }
        #expect(scene.a.requests.count == 3)
        #expect(scene.b.requests.count == 2)
    }

    @Test func `24: series are added, or told apart by the label`() async throws {
        let scene = try Self.scene()
        let request =
            #"{"profileTypeID":"\#(Self.type)","labelSelector":"{}",\#(Self.range),"step":15"#
        let sum = try await Self.call(scene.gateway, "SelectSeries", request + "}")
        #expect(sum.status == 200, "\(sum.body)")
        let series = try #require(try JSONValue(parsing: Array(sum.body.utf8))["series"]).items
        #expect(series.count == 1)
        let apart = try await Self.call(
            scene.gateway, "SelectSeries", request + #","groupBy":["project"]}"#)
        #expect(apart.body.contains("prod-a") && apart.body.contains("prod-b"))
        let average = try await Self.call(
            scene.gateway, "SelectSeries",
            request + #","aggregation":"TIME_SERIES_AGGREGATION_TYPE_AVERAGE"}"#)
        #expect(average.status == 400 && average.body.contains("failed_precondition"))
    }

    @Test func `25: a missing member makes a flame graph wrong, unless one asks for it`()
        async throws
    {
        let scene = try Self.scene()
        scene.b.stop()
        let answer = try await Self.call(scene.gateway, "SelectMergeStacktraces", Self.flame)
        #expect(answer.status == 503, "\(answer.body)")
        #expect(answer.body.contains("unavailable") && answer.body.contains("prod-b"))
        let partial = try await Self.call(
            scene.gateway, "SelectMergeStacktraces", Self.flame, ["X-Partial-Response": "true"])
        #expect(partial.status == 200, "\(partial.body)")
        #expect(partial.headers["X-Tributary-Missing"]?.hasPrefix("prod-b;reason=") == true)
        // Lists lack something and are not wrong.
        let types = try await Self.call(scene.gateway, "ProfileTypes", "{\(Self.range)}")
        #expect(types.status == 200)
    }

    @Test func `Labels have the label of the member`() async throws {
        let scene = try Self.scene()
        let names = try await Self.call(scene.gateway, "LabelNames", "{\(Self.range)}")
        #expect(names.body.contains(#""project""#), "\(names.body)")
        let values = try await Self.call(
            scene.gateway, "LabelValues", #"{"name":"project",\#(Self.range)}"#)
        #expect(values.body.contains("prod-a") && values.body.contains("prod-b"))
    }

    @Test func `Older clients get a page with both`() async throws {
        let scene = try Self.scene()
        let answer = try await scene.gateway.ask(
            "/p/all/pyroscope/render?query=\((Self.type + "{}").percentEncoded)&from=0&until=2000")
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.body.contains(#""numTicks":10"#), "\(answer.body)")
        let wrong = try await scene.gateway.ask("/p/all/pyroscope/render")
        #expect(wrong.status == 400)
        #expect(wrong.headers["Content-Type"] == "text/plain; charset=utf-8")
    }
}
