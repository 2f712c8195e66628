import Foundation
import GatewayConfiguration
import PrometheusServer
import PrometheusWire
import TelemetryDoubles
import Testing

@testable import Gateway

/// Which members are asked for logs, traces and profiles, and what becomes of those that are missing.
@Suite(.closesGateways) struct TelemetryMembersTests {
    private static let window = "start=1795734000000000000&end=1795735200000000000"
    private static let lines =
        "loki/api/v1/query_range?query=%7Bapp%3D~%22.%2B%22%7D&limit=1000&\(window)"

    // MARK: Missing members

    @Test func `10: lines of the others are given, and the missing one is named`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        scene.b.stop()
        let answer = try await scene.gateway.ask("/p/all/\(Self.lines)")
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.body.contains(#""warnings":["project \"prod-b\": "#))
        #expect(answer.headers["X-Tributary-Missing"]?.hasPrefix("prod-b;reason=\"") == true)
        #expect(answer.body.contains(#""project":"prod-a""#))
    }

    @Test func `10: who wants a whole answer gets an error that names the missing one`()
        async throws
    {
        let scene = try TelemetryScene.recordedLogs()
        scene.b.stop()
        for target in [
            "\(Self.lines)&partial_response=false", "loki/api/v1/labels?partial_response=false",
        ] {
            let answer = try await scene.gateway.ask("/p/all/\(target)")
            #expect(answer.status == 503, "\(answer.body)")
            #expect(answer.headers["Content-Type"] == "text/plain; charset=utf-8")
            #expect(answer.body.contains(#"project "prod-b": "#), "\(answer.body)")
        }
    }

    @Test func `10: if nobody answers, that is an error`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        scene.a.stop()
        scene.b.stop()
        for target in [Self.lines, "loki/api/v1/labels", "loki/api/v1/series"] {
            #expect(try await scene.gateway.ask("/p/all/\(target)").status == 503)
        }
    }

    @Test(arguments: [
        (TelemetryServer.Fault.html, "not a Loki API: the answer is HTML"),
        (.cut(afterBytes: 300), ""), (.status(429, "too many requests"), "HTTP status 429"),
        (.status(500, "oops"), "HTTP status 500: oops"), (.close, ""),
    ])
    func `10: a member that answers something else is missing`(
        fault: TelemetryServer.Fault, cause: String
    ) async throws {
        let scene = try TelemetryScene.recordedLogs()
        scene.b.fail(fault)
        let answer = try await scene.gateway.ask("/p/all/\(Self.lines)")
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.body.contains(#"project \"prod-b\": "#), "\(answer.body)")
        #expect(answer.headers["X-Tributary-Missing"]?.contains("prod-b") == true)
        if !cause.isEmpty {
            #expect(
                answer.body.contains(cause.replacingOccurrences(of: "\"", with: "\\\"")),
                "\(answer.body)")
        }
        // None of its lines is there.
        let streams = try #require(
            try JSONValue(parsing: Array(answer.body.utf8))["data"]?["result"]
        ).items
        #expect(!streams.isEmpty)
        #expect(streams.allSatisfy { $0["stream"]?["project"]?.text == "prod-a" })
    }

    @Test func `10: what a member says against a query is the answer, with its name`()
        async throws
    {
        let scene = try TelemetryScene.recordedLogs()
        scene.b.fail(.status(400, "the query time range exceeds the limit (query length: 9d)"))
        let answer = try await scene.gateway.ask("/p/all/\(Self.lines)")
        #expect(answer.status == 400)
        #expect(
            answer.body
                == #"project "prod-b": the query time range exceeds the limit (query length: 9d)"#)
    }

    // MARK: Members without such a server

    @Test func `27: a member without the kind is left out without a word`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let answer = try await scene.gateway.ask("/p/all/\(Self.lines)")
        #expect(answer.status == 200 && !answer.body.contains("warnings"))
        #expect(answer.headers["X-Tributary-Missing"] == nil)
    }

    @Test(arguments: [
        ("/p/none/loki/api/v1/labels", #"no member of project "none" has logs: no loki is"#),
        ("/p/none/tempo/api/search", #"no member of project "none" has traces: no tempo is"#),
        ("/p/metrics/loki/api/v1/labels", #"project "metrics" has no logs: no loki is"#),
        ("/p/prod-a/tempo/api/search", #"project "prod-a" has no traces: no tempo is"#),
        ("/p/prod-a/pyroscope/render?query=a", #"has no profiles: no pyroscope is"#),
        ("/p/prod-a/api/v1/labels", #"project \"prod-a\" has no metrics: no prometheus is"#),
        ("/p/nothing/loki/api/v1/labels", #"project "nothing" not found"#),
    ])
    func `27: where nobody has it, the key to write is named`(
        target: String, text: String
    ) async throws {
        let scene = try TelemetryScene.recordedLogs()
        let answer = try await scene.gateway.ask(target)
        #expect(answer.status == 404)
        #expect(answer.body.contains(text), "\(answer.body)")
    }

    @Test func `Metrics of the others are answered where a member has none`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let answer = try await scene.gateway.ask("/p/all/api/v1/query?query=up")
        // The one member that has metrics does not answer.
        #expect(answer.status == 503)
        #expect(!answer.body.contains("prod-a"), "\(answer.body)")
    }

    // MARK: The label

    @Test func `With its own key a project is the member itself`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let own = try await scene.gateway.ask(
            "/loki/api/v1/labels?\(Self.window)", headers: ["X-API-Key": "key-of-a"])
        #expect(own.status == 200)
        let alone = try await scene.gateway.ask(
            "/p/prod-a/loki/api/v1/labels?\(Self.window)", headers: ["X-API-Key": "key-of-a"])
        #expect(alone.body.contains(#""project""#))
        let other = try await scene.gateway.ask(
            "/p/prod-b/loki/api/v1/labels", headers: ["X-API-Key": "key-of-a"])
        #expect(other.status == 401)
    }

    // MARK: Access

    private static func guarded(_ scene: TelemetryScene) throws -> PrometheusResponder {
        try TelemetryScene.gateway(
            """
            auth:
              tokens:
                - {name: all, token: token-of-all, projects: [all]}
                - {name: some, token: token-of-some, matchers: ['{app="api"}']}
                - {name: eu, token: token-of-eu, matchers: ['{project="prod-a"}']}
            projects:
              - {name: prod-a, loki: {url: "\(scene.a.url)"}, tempo: {url: "\(scene.a.url)"},
                 pyroscope: {url: "\(scene.a.url)"}}
              - {name: prod-b, loki: {url: "\(scene.b.url)"}}
              - {name: all, memberProjects: [prod-a, prod-b]}
            """)
    }

    @Test func `26: a request without a credential is refused in the shape of the API`()
        async throws
    {
        let scene = try TelemetryScene.recordedLogs()
        let gateway = try Self.guarded(scene)
        for (target, method) in [
            ("/p/all/loki/api/v1/labels", "GET"), ("/loki/api/v1/status/buildinfo", "GET"),
            ("/p/all/tempo/api/search", "GET"), ("/p/all/tempo/api/echo", "GET"),
            ("/p/all/pyroscope/querier.v1.QuerierService/ProfileTypes", "POST"),
        ] {
            let answer = try await gateway.ask(target, method: method)
            #expect(answer.status == 401, "\(target)")
            #expect(answer.headers["WWW-Authenticate"] == "Bearer")
            if target.contains("pyroscope") {
                #expect(answer.headers["Content-Type"] == "application/json")
                #expect(answer.body.hasPrefix(#"{"code":"unauthenticated","message":""#))
            } else {
                #expect(answer.headers["Content-Type"] == "text/plain; charset=utf-8")
                #expect(answer.body == "an API key or a token is needed")
            }
        }
        #expect(scene.asked == (0, 0))
    }

    @Test func `26: a token opens the logs of its projects alone`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let gateway = try Self.guarded(scene)
        let headers: HTTPHeaders = ["Authorization": "Bearer token-of-all"]
        let open = try await gateway.ask("/p/all/\(Self.lines)", headers: headers)
        #expect(open.status == 200)
        let closed = try await gateway.ask("/p/prod-a/\(Self.lines)", headers: headers)
        #expect(closed.status == 401 && closed.body.contains("does not open project"))
    }

    @Test func `A token's matchers are in every selector`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let gateway = try Self.guarded(scene)
        let headers: HTTPHeaders = ["Authorization": "Bearer token-of-some"]
        for target in [
            Self.lines, "loki/api/v1/labels?\(Self.window)", "loki/api/v1/series?\(Self.window)",
            "loki/api/v1/label/app/values?\(Self.window)",
            "loki/api/v1/index/stats?query=%7Bapp%3D~%22.%2B%22%7D&\(Self.window)",
            "loki/api/v1/query?query=sum(rate(%7Bapp%3D~%22.%2B%22%7D%5B1h%5D))&time=1795735200",
        ] {
            let before = scene.a.requests.count
            let answer = try await gateway.ask("/p/all/\(target)", headers: headers)
            #expect(answer.status == 200, "\(target): \(answer.body)")
            let asked = scene.a.requests.dropFirst(before)
            #expect(!asked.isEmpty, "\(target)")
            for request in asked {
                let text =
                    (request.parameter("query") ?? "") + (request.parameter("match[]") ?? "")
                #expect(text.contains(#"app="api""#), "\(target): \(text)")
            }
        }
        // Tempo has no selectors that could keep the rest away.
        let traces = try await gateway.ask("/p/all/tempo/api/search", headers: headers)
        #expect(traces.status == 403)
        let types = try await gateway.ask(
            "/p/all/pyroscope/querier.v1.QuerierService/ProfileTypes", method: "POST",
            headers: [
                "Authorization": "Bearer token-of-some", "Content-Type": "application/json",
            ])
        #expect(types.status == 403 && types.body.contains("permission_denied"))
    }

    @Test func `A token that sees one member asks that alone`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let gateway = try Self.guarded(scene)
        let answer = try await gateway.ask(
            "/p/all/\(Self.lines)", headers: ["Authorization": "Bearer token-of-eu"])
        #expect(answer.status == 200)
        #expect(scene.asked.a == 1 && scene.asked.b == 0)
    }

    // MARK: Pools

    @Test func `28: another cluster of the pool answers for one that fails`() async throws {
        let scene = try TelemetryScene.recordedLogs()
        let gateway = try TelemetryScene.gateway(
            """
            clusters:
              - {name: one, prometheus: {url: "http://127.0.0.1:1"}, loki: {url: "\(scene.a.url)"}}
              - {name: two, prometheus: {url: "http://127.0.0.1:1"}, loki: {url: "\(scene.b.url)"}}
              - {name: three, prometheus: {url: "http://127.0.0.1:1"}}
            clusterPools: {default: [one, two, three]}
            projects:
              - {name: pooled, clusterPool: attributes}
            """)
        for (failing, other) in [(scene.a, "two"), (scene.b, "one")] {
            failing.fail(.close)
            let answer = try await gateway.ask("/p/pooled/loki/api/v1/labels?\(Self.window)")
            #expect(answer.status == 200, "\(answer.body)")
            #expect(answer.headers["X-Tributary-Cluster"] == other)
            #expect(answer.headers["X-Tributary-Pool"] == "default")
            failing.fail(nil)
        }
        let traces = try await gateway.ask("/p/pooled/tempo/api/search")
        #expect(traces.status == 404)
    }
}
