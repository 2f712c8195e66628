import GatewayConfiguration
import PrometheusServer
import PrometheusWire
import Testing
import UpstreamSettings

@testable import Gateway
@testable import GatewayState

/// Log-in for people, and what a cookie is good for.
@Suite(.closesGateways) struct SessionTests {
    private static let yaml = """
        projects:
          - {name: a, prometheus: {url: http://127.0.0.1:1}, apiKeys: [{key: key-of-a}]}
          - {name: b, prometheus: {url: http://127.0.0.1:1}}
        auth:
          tokens:
            - {name: root, token: root-token, admin: true}
            - {name: one, token: one-token, projects: [b, a]}
        """

    private static func cookie(_ answer: TestGateway.Answer) throws -> String {
        let field = try #require(answer.headers["Set-Cookie"])
        return String(field.prefix { $0 != ";" })
    }

    private static func data(_ answer: TestGateway.Answer) throws -> JSONValue {
        try #require(JSONValue(parsing: Array(answer.body.utf8))["data"])
    }

    @Test func `A token makes a cookie that reads, and that scripts cannot see`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        let answer = try await gateway.send(
            "POST", "/api/session", headers: ["X-API-Key": "one-token"])
        #expect(answer.status == 200)
        let field = try #require(answer.headers["Set-Cookie"])
        #expect(field.hasPrefix("tributary_session="))
        #expect(field.hasSuffix("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"))
        #expect(!field.contains("one-token") && !answer.body.contains("one-token"))
        let cookie = ["Cookie": "x=y; " + (try Self.cookie(answer))] as HTTPHeaders
        for headers in [["X-API-Key": "one-token"], cookie] {
            let who = try Self.data(try await gateway.send("GET", "/api/whoami", headers: headers))
            #expect(who["name"] == .string("one"))
            #expect(who["admin"] == .bool(false))
            #expect(who["projects"] == .strings(["a", "b"]))
            #expect(who["session"] == .bool(headers == cookie))
            let list = try await gateway.send(
                "GET", "/p/a/api/v1/status/buildinfo", headers: headers)
            #expect(list.status == 200)
        }
        let secure = try await gateway.send(
            "POST", "/api/session",
            headers: ["X-API-Key": "key-of-a", "X-Forwarded-Proto": "https"])
        #expect(secure.headers["Set-Cookie"]?.hasSuffix("; Secure") == true)
        #expect(try Self.data(secure)["projects"] == .strings(["a"]))
    }

    @Test func `What is not right makes none`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        for headers in [[:], ["X-API-Key": "wrong"], ["Cookie": "tributary_session=wrong"]]
            as [HTTPHeaders]
        {
            let answer = try await gateway.send("POST", "/api/session", headers: headers)
            #expect(answer.status == 401)
            #expect(answer.headers["Set-Cookie"] == nil)
            let who = try await gateway.send("GET", "/api/whoami", headers: headers)
            #expect(who.status == 401)
        }
    }

    @Test func `A change with the cookie needs the header that foreign pages cannot send`()
        async throws
    {
        let gateway = try await TestGateway(Self.yaml)
        let session = try await gateway.send(
            "POST", "/api/session", headers: ["X-API-Key": "root-token"])
        var headers: HTTPHeaders = [
            "Cookie": try Self.cookie(session), "Content-Type": "application/json",
        ]
        let project = #"{"name":"c","prometheus":{"url":"http://127.0.0.1:1"}}"#
        let changes = [
            ("POST", "/api/projects", project), ("POST", "/-/reload", ""),
            ("POST", "/api/projects/a/probe", ""), ("DELETE", "/api/tokens/x", ""),
            ("DELETE", "/api/v1/status/active_queries/x", ""),
        ]
        for (method, path, body) in changes {
            let refused = try await gateway.send(method, path, headers: headers, body: body)
            #expect(refused.status == 403, "\(path)")
            #expect(refused.body.contains("X-Tributary-CSRF"), "\(path)")
        }
        #expect(try await gateway.send("GET", "/api/tokens", headers: headers).status == 200)
        headers["X-Tributary-CSRF"] = "1"
        for ((method, path, body), status) in zip(changes, [201, 200, 200, 200, 404]) {
            let taken = try await gateway.send(method, path, headers: headers, body: body)
            #expect(taken.status == status, "\(path): \(taken.body)")
        }
        // A token that is sent by itself is sent by nobody's browser.
        #expect(try await gateway.send("DELETE", "/api/projects/c").status == 200)
    }

    @Test func `A session ends by log-out, by time, and with its token`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        let first = try await gateway.send(
            "POST", "/api/session", headers: ["X-API-Key": "one-token"])
        let cookie: HTTPHeaders = ["Cookie": try Self.cookie(first)]
        // A reload keeps it, as long as the token is there.
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        #expect(try await gateway.send("GET", "/api/whoami", headers: cookie).status == 200)
        gateway.write(Self.yaml.replacing("one-token", with: "other-token"))
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        #expect(try await gateway.send("GET", "/api/whoami", headers: cookie).status == 401)
        let second = try await gateway.send(
            "POST", "/api/session", headers: ["X-API-Key": "root-token"])
        let other: HTTPHeaders = ["Cookie": try Self.cookie(second)]
        let out = try await gateway.send("DELETE", "/api/session", headers: other)
        #expect(out.status == 200)
        #expect(out.headers["Set-Cookie"]?.contains("tributary_session=; ") == true)
        #expect(out.headers["Set-Cookie"]?.contains("Max-Age=0") == true)
        #expect(try await gateway.send("GET", "/api/whoami", headers: other).status == 401)
        let short = Sessions(lifetime: .zero)
        let id = short.open(for: SecretDigest(ofText: "x"))
        #expect(short.credential(in: ["Cookie": "tributary_session=\(id)"]) == nil)
    }

    @Test func `There are so many sessions at most`() {
        let sessions = Sessions(most: 2)
        let ids = (0..<3).map { sessions.open(for: SecretDigest(ofText: "\($0)")) }
        #expect(Set(ids).count == 3 && ids.allSatisfy { $0.utf8.count == 64 })
        let held = ids.filter {
            sessions.credential(in: ["Cookie": "tributary_session=\($0)"]) != nil
        }
        #expect(held.count == 2 && held.contains(ids[2]))
    }

    @Test func `Where no token is demanded everybody there is the administrator`() async throws {
        let gateway = try await TestGateway(
            "projects: [{name: a, prometheus: {url: http://127.0.0.1:1}}]\n")
        let who = try await gateway.send(
            "GET", "/api/whoami", headers: ["Host": "localhost:9090"])
        #expect(
            who.body
                == #"{"status":"success","data":{"name":null,"admin":true,"projects":null,"session":false,"defaultProject":"a","partitionLabel":"project"}}"#
        )
        let login = try await gateway.send("POST", "/api/session", headers: [:])
        #expect(login.status == 200 && login.headers["Set-Cookie"] == nil)
        let foreign = try await gateway.send(
            "GET", "/api/whoami", headers: ["Host": "evil.example"])
        #expect(foreign.status == 403)
        let page = try await gateway.send(
            "POST", "/api/projects/a/probe",
            headers: ["Host": "localhost:9090", "Origin": "http://evil.example"])
        #expect(page.status == 403)
    }

    @Test func `What a reload would put in force is told, and nothing is changed`()
        async throws
    {
        let gateway = try await TestGateway(Self.yaml)
        let path = "/api/configuration/file"
        gateway.write(Self.yaml + "\nquery: {timeout: 17s}\n")
        let told = try Self.data(try await gateway.send("GET", path))["yaml"]?.text ?? ""
        #expect(told.contains("timeout: 17s") && !told.contains("root-token"))
        let kept = try await gateway.send("GET", "/api/v1/status/config")
        #expect(kept.status == 200 && !kept.body.contains("17s"))
        gateway.write("projects: 3\n")
        let wrong = try await gateway.send("GET", path)
        #expect(wrong.status == 400 && wrong.body.contains("projects"), "\(wrong.body)")
        let reader = try await gateway.send("GET", path, headers: ["X-API-Key": "one-token"])
        #expect(reader.status == 403)
    }

    @Test func `The last changes are told to administrators, the newest first`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        _ = try await gateway.send(
            "POST", "/api/projects", body: #"{"name":"c","prometheus":{"url":"http://a"}}"#)
        _ = try await gateway.send("DELETE", "/api/projects/c")
        let changes = try Self.data(try await gateway.get("/api/audit")).items
        #expect(changes.map { $0["action"]?.text } == ["deletes", "creates"])
        #expect(changes.allSatisfy { $0["by"] == .string("token root") })
        #expect(changes.allSatisfy { $0["subject"] == .string("project c") })
        #expect(try Self.data(try await gateway.get("/api/audit?limit=1")).items.count == 1)
        let other = try await gateway.send(
            "GET", "/api/audit", headers: ["X-API-Key": "one-token"])
        #expect(other.status == 403)
        let log = RecentChanges()
        for index in 0...RecentChanges.most { log.add(by: "x", "y", "\(index)") }
        let kept = log.json(limit: .max).items
        #expect(kept.count == RecentChanges.most && kept.last?["subject"] == .string("1"))
    }
}
