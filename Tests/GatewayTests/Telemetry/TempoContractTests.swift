import Foundation
import GatewayConfiguration
import PrometheusServer
import PrometheusWire
import TelemetryDoubles
import Testing

@testable import Gateway

/// Tempo's API over two members.
@Suite(.closesGateways) struct TempoContractTests {
    private static let base = "/p/all/tempo/api"
    /// The recorded spans are in this minute.
    private static let window = "start=1795739500&end=1795739600"
    /// Its spans are at both members.
    private static let crossing = "0102030405060708090a0b0c0d0e0f10"
    private static let onlyAtA = "77000000000000000000000000000003"

    private static func spans(_ body: String) throws -> [JSONValue] {
        let document = try JSONValue(parsing: Array(body.utf8))
        let resources = (document["trace"]?["resourceSpans"] ?? document["batches"])?.items ?? []
        return resources.flatMap { resource in
            (resource["scopeSpans"]?.items ?? []).flatMap { $0["spans"]?.items ?? [] }
        }
    }

    private static func projects(_ body: String) throws -> [String] {
        let document = try JSONValue(parsing: Array(body.utf8))
        let resources = (document["trace"]?["resourceSpans"] ?? document["batches"])?.items ?? []
        return resources.compactMap { resource in
            resource["resource"]?["attributes"]?.items.first { $0["key"]?.text == "project" }?[
                "value"]?["stringValue"]?.text
        }
    }

    @Test func `14: what Grafana asks first is answered here`() async throws {
        let scene = try TelemetryScene.recordedTraces()
        let echo = try await scene.gateway.ask("\(Self.base)/echo")
        #expect(echo.status == 200 && echo.body.hasPrefix("echo"))
        let version = try await scene.gateway.ask("\(Self.base)/status/buildinfo")
        #expect(version.status == 200 && version.body.contains(#""version":"2."#))
        #expect(scene.asked == (0, 0))
    }

    @Test(arguments: ["traces", "v2/traces"])
    func `15: a trace has the spans of both members, each with its project`(
        path: String
    ) async throws {
        let scene = try TelemetryScene.recordedTraces()
        let answer = try await scene.gateway.ask("\(Self.base)/\(path)/\(Self.crossing)")
        #expect(answer.status == 200, "\(answer.body)")
        #expect(try Self.spans(answer.body).count == 7)
        #expect(try Set(Self.projects(answer.body)) == ["prod-a", "prod-b"])
        let message = try await scene.gateway.ask(
            "\(Self.base)/\(path)/\(Self.crossing)", headers: ["Accept": "application/protobuf"])
        #expect(message.headers["Content-Type"] == "application/protobuf")
        for request in scene.a.requests + scene.b.requests {
            #expect(request.header("Accept") == "application/protobuf")
        }
    }

    @Test func `16: what two members have alike is shown once`() async throws {
        let scene = try TelemetryScene.recordedTraces()
        let dual = try await scene.gateway.ask(
            "\(Self.base)/v2/traces/22222222222222222222222222222222")
        #expect(try Self.spans(dual.body).count == 2)
        let different = try await scene.gateway.ask(
            "\(Self.base)/v2/traces/33333333333333333333333333333333")
        #expect(different.body.contains("differ between members"), "\(different.body)")
    }

    @Test func `17: a trace that nobody has is not found`() async throws {
        let scene = try TelemetryScene.recordedTraces()
        let id = "99999999999999999999999999999999"
        let first = try await scene.gateway.ask("\(Self.base)/traces/\(id)")
        #expect(first.status == 404 && first.body.isEmpty)
        let second = try await scene.gateway.ask("\(Self.base)/v2/traces/\(id)")
        #expect(second.status == 200)
        #expect(try Self.spans(second.body).isEmpty)
        scene.b.stop()
        for policy in ["", "?partial_response=true", "?partial_response=false"] {
            for path in ["traces", "v2/traces"] {
                let answer = try await scene.gateway.ask("\(Self.base)/\(path)/\(id)\(policy)")
                #expect(answer.status == 503, "\(answer.body)")
                #expect(answer.body.contains(#"project "prod-b": "#))
            }
        }
    }

    @Test func `17: a trace that somebody has is partial while others are missing`()
        async throws
    {
        let scene = try TelemetryScene.recordedTraces()
        scene.b.stop()
        let answer = try await scene.gateway.ask("\(Self.base)/v2/traces/\(Self.onlyAtA)")
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.body.contains("PARTIAL") && answer.body.contains("prod-b"))
        #expect(answer.headers["X-Tributary-Missing"]?.hasPrefix("prod-b;reason=") == true)
        #expect(try Self.spans(answer.body).count == 2)
        let whole = try await scene.gateway.ask(
            "\(Self.base)/v2/traces/\(Self.onlyAtA)?partial_response=false")
        #expect(whole.status == 503)
    }

    @Test func `A server without the newer path is asked at the older one`() async throws {
        let scene = try TelemetryScene.recordedTraces()
        for server in [scene.a, scene.b] {
            server.fail(.status(404, "404 page not found\n")) { $0.path.contains("/v2/") }
        }
        for _ in 0..<2 {
            let answer = try await scene.gateway.ask("\(Self.base)/v2/traces/\(Self.crossing)")
            #expect(answer.status == 200)
            #expect(try Self.spans(answer.body).count == 7)
        }
        // It was found out once.
        #expect(scene.a.requests.map { $0.path.contains("/v2/") } == [true, false, false])
    }

    @Test(arguments: [
        ("traces/nothex", "trace IDs can only contain hex characters"),
        ("v2/traces/0102030405060708090a0b0c0d0e0f1011", "trace IDs can't be larger than 128 bits"),
        ("search?limit=0", "invalid limit: must be a positive number"),
    ])
    func `What is wrong with a request is said in Tempo's words`(
        target: String, text: String
    ) async throws {
        let scene = try TelemetryScene.recordedTraces()
        let answer = try await scene.gateway.ask("\(Self.base)/\(target)")
        #expect(answer.status == 400)
        #expect(answer.headers["Content-Type"] == "text/plain; charset=utf-8")
        #expect(answer.body.contains(text), "\(answer.body)")
        #expect(scene.asked == (0, 0))
    }

    @Test func `18: a search finds the newest of all members, and may choose one`()
        async throws
    {
        let scene = try TelemetryScene.recordedTraces()
        let all = try await scene.gateway.ask(
            "\(Self.base)/search?q=%7B%7D&limit=5&\(Self.window)")
        #expect(all.status == 200, "\(all.body)")
        let rows = try #require(try JSONValue(parsing: Array(all.body.utf8))["traces"]).items
        #expect(rows.count == 5)
        let starts = rows.compactMap { $0["startTimeUnixNano"]?.text.flatMap(Int64.init) }
        #expect(starts == starts.sorted(by: >))
        let before = scene.asked
        let one = try await scene.gateway.ask(
            "\(Self.base)/search?q=\("{resource.project=\"prod-a\"}".percentEncoded)&\(Self.window)"
        )
        #expect(one.status == 200, "\(one.body)")
        #expect(scene.asked.a == before.a + 1 && scene.asked.b == before.b)
    }

    @Test func `19: the label is among the tags and has the members as its values`()
        async throws
    {
        let scene = try TelemetryScene.recordedTraces()
        let tags = try await scene.gateway.ask("\(Self.base)/v2/search/tags?\(Self.window)")
        #expect(tags.status == 200 && tags.body.contains(#""project""#), "\(tags.body)")
        let before = scene.asked
        let values = try await scene.gateway.ask(
            "\(Self.base)/v2/search/tag/resource.project/values")
        #expect(values.body.contains("prod-a") && values.body.contains("prod-b"))
        #expect(scene.asked == before)
    }

    @Test func `20: rates are added, and quantiles refused`() async throws {
        let scene = try TelemetryScene.recordedTraces()
        let path = "\(Self.base)/metrics/query_range?step=60s&\(Self.window)&q="
        let rate = try await scene.gateway.ask(
            path + "{} | rate() by (resource.service.name)".percentEncoded)
        #expect(rate.status == 200, "\(rate.body)")
        let byMember = try await scene.gateway.ask(
            path + "{} | rate() by (resource.project)".percentEncoded)
        #expect(byMember.body.contains("prod-a") && byMember.body.contains("prod-b"))
        let quantile = try await scene.gateway.ask(
            path + "{} | quantile_over_time(duration, .9)".percentEncoded)
        #expect(quantile.status == 422, "\(quantile.body)")
    }
}
