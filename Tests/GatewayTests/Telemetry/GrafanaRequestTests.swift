import Foundation
import PrometheusServer
import PrometheusWire
import ScriptedServers
import TelemetryDoubles
import Testing

@testable import Gateway

/// The requests that Grafana's data sources send, byte for byte, in the order in which it sends them.
@Suite(.closesGateways) struct GrafanaRequestTests {
    private static let logs = "/p/all/loki/api/v1"
    private static let nanoseconds = "start=1795734000000000000&end=1795735200000000000"

    @Test(arguments: [
        // Save & test.
        "/query?direction=backward&query=vector%281%29%2Bvector%281%29&time=4000000000",
        // Explore: lines, and the volume above them.
        "/query_range?direction=backward&\(nanoseconds)&limit=1000"
            + "&query=%7Bapp%3D~%22.%2B%22%7D+%7C%3D+%60%60&step=2000ms",
        "/query_range?direction=backward&\(nanoseconds)"
            + "&query=sum+by+%28level%2C+detected_level%29+%28count_over_time%28%7Bapp%3D~%22.%2B"
            + "%22%7D+%7C%3D+%60%60+%7C+drop+__error__%5B1m%5D%29%29&step=60000ms",
        // The builder.
        "/labels?\(nanoseconds)", "/label/app/values?\(nanoseconds)",
        "/label/app/values?query=%7Benv%3D%22prod%22%7D&\(nanoseconds)",
        "/series?\(nanoseconds)&match%5B%5D=%7Bapp%3D~%22.%2B%22%7D",
        "/index/stats?query=%7Bapp%3D~%22.%2B%22%7D&\(nanoseconds)",
        // Drilldown.
        "/index/volume?\(nanoseconds)&limit=5000&query=%7Bapp%3D~%22.%2B%22%7D&targetLabels=app",
        "/index/volume_range?\(nanoseconds)&limit=50&query=%7Bapp%3D~%22.%2B%22%7D&step=60s",
        "/detected_labels?\(nanoseconds)",
        "/detected_fields?query=%7Bapp%3D~%22.%2B%22%7D&\(nanoseconds)",
        "/patterns?query=%7Bapp%3D~%22.%2B%22%7D&\(nanoseconds)&step=10s",
    ])
    func `A data source of logs`(target: String) async throws {
        let scene = try TelemetryScene.recordedLogs()
        let headers: HTTPHeaders = [
            "User-Agent": "Grafana/12.3.0", "Accept-Encoding": "identity",
            "X-Query-Tags": "Source=datasample",
            "X-Loki-Response-Encoding-Flags": "categorize-labels",
            "X-Grafana-Org-Id": "1", "Fromalert": "false",
        ]
        let answer = try await scene.gateway.ask(Self.logs + target, headers: headers)
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.headers["Content-Type"] == "application/json; charset=UTF-8")
        _ = try JSONValue(parsing: Array(answer.body.utf8))
        // What is the client's own is not passed on.
        for request in scene.a.requests + scene.b.requests {
            #expect(request.header("X-Query-Tags") == nil)
            #expect(request.header("X-Grafana-Org-Id") == nil)
        }
    }

    @Test(
        arguments: [
            ("/tempo/api/echo", nil), ("/tempo/api/status/buildinfo", nil),
            ("/tempo/api/v2/traces/0102030405060708090a0b0c0d0e0f10", "application/protobuf"),
            (
                "/tempo/api/v2/traces/102030405060708090a0b0c0d0e0f10?start=1795739500&end=1795739600",
                "application/protobuf"
            ),
            ("/tempo/api/search?q=%7B%7D&limit=20&spss=3&start=1795739500&end=1795739600", nil),
            (
                "/tempo/api/search?q=%7Bresource.service.name%3D%22frontend%22+%26%26+status%3Derror%7D"
                    + "&limit=20&spss=3&start=1795739500&end=1795739600", nil
            ),
            (
                "/tempo/api/v2/search/tags?limit=5000&scope=resource&start=1795739500&end=1795739600",
                nil
            ),
            (
                "/tempo/api/v2/search/tag/resource.service.name/values?limit=5000&q=%7B%7D"
                    + "&start=1795739500&end=1795739600", nil
            ),
            // Grafana encodes the name of the tag twice.
            ("/tempo/api/v2/search/tag/resource.k8s%252Enamespace%252Ename/values", nil),
            (
                "/tempo/api/metrics/query_range?q=%7B%7D+%7C+rate%28%29&start=1795739500&end=1795739600"
                    + "&step=10s", nil
            ),
        ] as [(String, String?)])
    func `A data source of traces`(target: String, accept: String?) async throws {
        let scene = try TelemetryScene.recordedTraces()
        var headers: HTTPHeaders = ["User-Agent": "Grafana/12.3.0"]
        headers["Accept"] = accept
        let answer = try await scene.gateway.ask("/p/all" + target, headers: headers)
        #expect(answer.status == 200, "\(answer.body)")
    }

    // MARK: Profiles

    private static let type = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
    /// Two million, the end of the window in milliseconds.
    private static let end: [UInt8] = [0x80, 0x89, 0x7A]

    private static func text(_ field: UInt8, _ text: String) -> [UInt8] {
        [field << 3 | 2, UInt8(text.utf8.count)] + text.utf8
    }

    private static let calls: [(method: String, body: [UInt8], part: String)] = [
        ("ProfileTypes", [0x10] + end, type),
        ("LabelNames", text(1, "{}") + [0x18] + end, "project"),
        ("LabelValues", text(1, "service_name") + text(2, "{}") + [0x20] + end, "shop"),
        (
            "SelectMergeStacktraces",
            text(1, type) + text(2, #"{service_name="shop"}"#) + [0x20] + end
                + [0x28, 0x80, 0x80, 0x01], "main"
        ),
        (
            "SelectSeries",
            text(1, type) + text(2, "{}") + [0x20] + end + text(5, "project")
                + [0x31, 0, 0, 0, 0, 0, 0, 0x2E, 0x40], "prod-a"
        ),
    ]

    @Test(arguments: [false, true])
    func `A data source of profiles`(isCompressed: Bool) async throws {
        var store = ProfileStore()
        store.add(
            type: Self.type, labels: ["service_name": "shop"], milliseconds: 1_000_000,
            stacks: [(frames: ["main", "work"], value: 3)])
        let scene = try TelemetryScene(
            "pyroscope", a: PyroscopeDouble(store), b: PyroscopeDouble(store),
            union: PyroscopeDouble(store))
        for call in Self.calls {
            var headers: HTTPHeaders = [
                "Content-Type": "application/proto", "Connect-Protocol-Version": "1",
                "Connect-Timeout-Ms": "30000", "User-Agent": "connect-go/1.18.1 (go1.24.4)",
                "Accept-Encoding": "identity",
            ]
            if isCompressed { headers["Content-Encoding"] = "gzip" }
            let request = try #require(
                PrometheusRequest(
                    method: "POST",
                    target: "/p/all/pyroscope/querier.v1.QuerierService/\(call.method)",
                    headers: headers, body: isCompressed ? compressed(call.body) : call.body))
            let (status, fields, bytes) = try await scene.gateway.respond(to: request).collected()
            let shown = String(decoding: bytes, as: UTF8.self)
            #expect(status == 200, "\(call.method): \(shown)")
            #expect(fields["Content-Type"] == "application/proto")
            #expect(shown.contains(call.part), "\(call.method): \(shown)")
        }
    }
}
