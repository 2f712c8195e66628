import EmbeddedPrometheus
import GatewayConfiguration
import GoText
import HTTPTransport
import PrometheusServer
import PrometheusWire
import ScriptedServers
import TelemetryDoubles
import Testing

@testable import Gateway
@testable import GatewayState
@testable import Upstream

/// How members are, for the page that shows them, and what a change would be before it is made.
@Suite(.closesGateways) struct MemberStatusTests {
    private static func yaml(_ port: Int) -> String {
        """
        probes: {interval: 0s}
        projects:
          - name: up
            externalUrl: https://prometheus.example/eu
            prometheus: {url: "http://127.0.0.1:\(port)"}
          - {name: away, prometheus: {url: "http://127.0.0.1:1"}}
          - {name: all, memberProjects: [up, away]}
        auth: {tokens: [{name: root, token: root-token, admin: true}, {name: up, token: up-token, projects: [up]}]}
        """
    }

    private static func withGateway(
        _ work: @escaping @Sendable (TestGateway, Visits, Int) async throws -> Void
    ) async throws {
        let api = SampleData.up(jobs: 2)
        let visits = Visits()
        let responder = visits.responder { await api.respond(to: $0) }
        try await LoopbackServers.serve(["up": responder]) { ports in
            let port = ports["up"] ?? 0
            try await work(try await TestGateway(yaml(port)), visits, port)
        }
    }

    private static func data(_ answer: TestGateway.Answer) throws -> JSONValue {
        try #require(JSONValue(parsing: Array(answer.body.utf8))["data"], "\(answer.body)")
    }

    @Test func `A project tells state, kind, windows and where its own page is`() async throws {
        try await Self.withGateway { gateway, _, _ in
            for _ in 0..<3 { _ = try await gateway.get("/p/up/api/v1/query?nocache=1&query=up") }
            for _ in 0..<2 { _ = try await gateway.get("/p/away/api/v1/query?nocache=1&query=up") }
            let up = try Self.data(try await gateway.get("/api/projects/up"))
            #expect(up["externalUrl"] == .string("https://prometheus.example/eu"))
            let status = try #require(up["status"])
            #expect(status["state"] == .string("up"))
            #expect(status["capabilities"]?["kind"] == .string("Prometheus"))
            #expect(status["capabilities"]?["remoteRead"] == .bool(true))
            let windows = try #require(status["windows"]).items
            #expect(windows.map { $0["seconds"]?.integer } == [60, 300, 3600])
            for window in windows {
                #expect((window["requests"]?.integer ?? 0) >= 3)
                #expect(window["failures"] == .integer(0))
                #expect((window["bytes"]?.integer ?? 0) > 0)
            }
            let away = try Self.data(try await gateway.get("/api/projects/away"))
            #expect(away["externalUrl"] == nil)
            #expect(["failing", "paused"].contains(away["status"]?["state"]?.text))
            #expect(away["status"]?["capabilities"] == .null)
            #expect(
                (away["status"]?["windows"]?.items.first?["failures"]?.integer ?? 0) >= 2)
            let all = try Self.data(try await gateway.get("/api/projects/all"))
            #expect(all["status"]?["state"] == away["status"]?["state"])
        }
    }

    @Test func `A probe asks now, and readers of the project may have it`() async throws {
        try await Self.withGateway { gateway, visits, _ in
            _ = try await gateway.get("/api/projects/up")
            // Whoever asks, a member is asked no more often than twice a second.
            try await Task.sleep(for: .milliseconds(600))
            _ = await visits.take()
            let status = try Self.data(
                try await gateway.send(
                    "POST", "/api/projects/up/probe", headers: ["X-API-Key": "up-token"]))
            #expect(status["state"] == .string("up"))
            #expect(await !visits.take().isEmpty)
            _ = try await gateway.get("/api/projects/up")
            #expect(await visits.take().isEmpty)
            let other = try await gateway.send(
                "POST", "/api/projects/away/probe", headers: ["X-API-Key": "up-token"])
            #expect(other.status == 404)
        }
    }

    @Test func `A member that keeps failing is paused, and the stream tells each change`()
        async throws
    {
        let isAway = Counter()
        let member = try ScriptedServer { _, connection in
            if isAway.value > 0 { return false }
            return connection.answer(
                #"{"status":"success","data":{"resultType":"vector","result":[]}}"#)
        }
        defer { member.stop() }
        let gateway = try await TestGateway(Self.yaml(member.port))
        let client = try #require(gateway.application.live.current.value.clients.projects["up"])
        #expect(MemberState(client) == .neverAsked)
        let looks = Counter()
        let response = NotificationStream(look: .milliseconds(5)).stream(
            members: {
                looks.add(1)
                return [MemberSighting(project: "up", client: client)]
            }, { [] })
        let reader = Task { String(decoding: try await response.collected().body, as: UTF8.self) }
        #expect(await looks.reaches(2))
        _ = await client.probe()
        #expect(MemberState(client) == .up)
        #expect(await looks.reaches(looks.value + 3))
        isAway.add(1)
        for _ in 0..<8 where client.pause == nil {
            _ = try await gateway.get("/p/up/api/v1/query?nocache=1&query=up")
        }
        #expect(MemberState(client) == .paused)
        #expect(await looks.reaches(looks.value + 3))
        reader.cancel()
        let text = try await reader.value
        let states = text.split(separator: "\n\n").filter { $0.hasPrefix("event: member\n") }
            .compactMap { event in
                try? JSONValue(parsing: Array(event.dropFirst("event: member\ndata: ".count).utf8))
            }
        #expect(states.first?["state"] == .string("up"))
        #expect(states.last?["state"] == .string("paused"))
        #expect(states.allSatisfy { $0["project"] == .string("up") })
        #expect(states.last?["error"]?.text?.isEmpty == false)
    }

    @Test func `A trial changes nothing, and tells each error at its field`() async throws {
        try await Self.withGateway { gateway, _, port in
            func trial(_ method: String, _ path: String, _ body: String) async throws -> JSONValue {
                let answer = try await gateway.send(method, path + "?dryRun=true", body: body)
                #expect(answer.status == 200, "\(answer.body)")
                return try Self.data(answer)
            }
            let right = #"{"name":"n","prometheus":{"url":"http://127.0.0.1:\#(port)"}}"#
            let whole = try await trial("POST", "/api/projects", right)
            #expect(whole["errors"] == .array([]))
            #expect(whole["probe"]?["state"] == .string("up"))
            let aggregate = try await trial(
                "POST", "/api/projects", #"{"name":"m","memberProjects":["up"]}"#)
            #expect(aggregate["probe"]?["reachable"] == .bool(true))
            for (body, path, message) in [
                (#"{"name":"n","prometheus":{"url":"prometheus:9090"}}"#, "prometheus.url", "http"),
                (
                    #"{"name":"n","prometheus":{"url":"http://a","tineout":"1s"}}"#,
                    "prometheus.tineout", "timeout"
                ),
                (#"{"name":"N","prometheus":{"url":"http://a"}}"#, "name", "not a project name"),
                (#"{"prometheus":{"url":"http://a"}}"#, "name", "required"),
                (#"{"name":"up","prometheus":{"url":"http://a"}}"#, "", "configuration file"),
                (
                    #"{"name":"n","prometheus":{"url":"http://a"},"externalUrl":"javascript:x"}"#,
                    "externalUrl", "absolute http"
                ),
            ] {
                let wrong = try await trial("POST", "/api/projects", body)
                let errors = try #require(wrong["errors"]).items
                #expect(errors.count == 1 && wrong["probe"] == .null, "\(body)")
                #expect(errors.first?["path"] == .string(path), "\(errors)")
                #expect(errors.first?["message"]?.text?.contains(message) == true, "\(errors)")
            }
            let put = try await trial("PUT", "/api/projects/n", right)
            #expect(put["errors"] == .array([]))
            #expect(try await gateway.get("/api/projects/n").status == 404)
            #expect(gateway.audited.isEmpty)
            // The change itself tells them too.
            let refused = try await gateway.send(
                "POST", "/api/projects", body: #"{"name":"n","prometheus":{"url":"x"}}"#)
            #expect(refused.status == 400)
            let body = try JSONValue(parsing: Array(refused.body.utf8))
            #expect(body["errors"]?.items.first?["path"] == .string("prometheus.url"))
            let reader = try await gateway.send(
                "POST", "/api/projects?dryRun=true",
                headers: ["X-API-Key": "up-token", "Content-Type": "application/json"],
                body: right)
            #expect(reader.status == 403)
        }
    }

    @Test func `A trial and a probe ask the servers of logs, traces and profiles too`() async throws
    {
        let logs = try TelemetryServer(LokiDouble(RecordedData.logs(.memberA)))
        defer { logs.stop() }
        try await Self.withGateway { gateway, _, port in
            let definition =
                #"{"name":"n","prometheus":{"url":"http://127.0.0.1:\#(port)"},"#
                + #""loki":{"url":"\#(logs.url)"},"tempo":{"url":"http://127.0.0.1:1"}}"#
            let trial = try Self.data(
                try await gateway.send("POST", "/api/projects?dryRun=true", body: definition))
            #expect(trial["probe"]?["state"] == .string("up"))
            #expect(trial["telemetry"]?["loki"]?["state"] == .string("up"))
            #expect(trial["telemetry"]?["tempo"]?["reachable"] == .bool(false))
            #expect(trial["telemetry"]?["pyroscope"] == nil)
            let made = try await gateway.send("POST", "/api/projects", body: definition)
            #expect(made.status == 201, "\(made.body)")
            // A server is asked no more often than twice a second.
            try await Task.sleep(for: .milliseconds(600))
            let asked = logs.requests.count
            let probe = try await gateway.send("POST", "/api/projects/n/probe", body: "")
            #expect(probe.status == 200, "\(probe.body)")
            #expect(logs.requests.count == asked + 1)
            let shown = try Self.data(try await gateway.get("/api/projects/n"))
            #expect(shown["telemetry"]?["loki"]?["state"] == .string("up"))
            #expect(shown["telemetry"]?["tempo"]?["lastError"]?["error"]?.text?.isEmpty == false)
            #expect(logs.requests.count == asked + 1)
        }
    }

    @Test func `An address for people is an address, kept by the store and shown`() async throws {
        try await Self.withGateway { gateway, _, port in
            let made = try await gateway.send(
                "POST", "/api/projects",
                body:
                    #"{"name":"n","externalUrl":"http://p.example:9090/x/","prometheus":{"url":"http://127.0.0.1:\#(port)"}}"#
            )
            #expect(made.status == 201, "\(made.body)")
            let shown = try Self.data(try await gateway.get("/api/projects/n"))
            #expect(shown["externalUrl"] == .string("http://p.example:9090/x"))
            #expect(shown["definition"]?["externalUrl"] == .string("http://p.example:9090/x"))
            let configuration = try await gateway.get("/api/v1/status/config").body
            #expect(configuration.contains("externalUrl: "))
            let refusal = #expect(throws: ConfigurationErrors.self) {
                _ = try Configuration.parse(
                    "projects: [{name: a, externalUrl: \"javascript:alert(1)\", prometheus: {url: \"http://a\"}}]\n",
                    path: "c.yaml")
            }
            #expect(
                refusal?.description.contains("projects[0].externalUrl: project a: the URL is not")
                    == true)
        }
    }

    @Test func `Counts of an hour are kept by pieces, and old ones fall away`() {
        var traffic = MemberTraffic()
        func time(_ seconds: Double) -> MonotonicInstant { MonotonicInstant(.seconds(seconds)) }
        for second in stride(from: 0.0, to: 7200, by: 5) {
            traffic.count(at: time(second)) { $0.requests += 1 }
        }
        traffic.count(at: time(7199)) { $0.failures += 1 }
        #expect(traffic.sum(over: .seconds(60), at: time(7199)).requests == 12)
        #expect(traffic.sum(over: .seconds(3600), at: time(7199)).requests == 720)
        #expect(traffic.sum(over: .seconds(60), at: time(7199)).failures == 1)
        #expect(traffic.sum(over: .seconds(60), at: time(7300)) == MemberTraffic.Sum())
        #expect(MemberTraffic().sum(over: .seconds(60), at: time(1)) == MemberTraffic.Sum())
    }
}
