import Foundation
import GatewayConfiguration
import Logging
import PrometheusServer
import Testing
import UpstreamSettings

@testable import Federation
@testable import Gateway

/// `/api/projects`, keys and tokens.
@Suite(.closesGateways) struct ProjectAPITests {
    private static let yaml = """
        projects:
          - {name: fixed, prometheus: {url: http://127.0.0.1:1}, apiKeys: [{key: key-of-fixed}]}
          - {name: world, memberProjects: [fixed]}
        auth:
          tokens:
            - {name: root, token: root-token, admin: true}
            - {name: reader, token: reader-token, projects: [fixed]}
        """
    /// A host of more characters than DNS has.
    private static let longName = String(repeating: "abcdefg.", count: 32)
    private static let local = #"{"prometheus":{"url":"http://127.0.0.1:2"}}"#

    private func gateway() async throws -> TestGateway { try await TestGateway(Self.yaml) }

    @Test func `Row 6: multi-cluster projects are made of others`() async throws {
        let gateway = try await gateway()
        let made = try await gateway.put("/api/projects/local", Self.local)
        #expect(made.status == 201)
        let all = try await gateway.send(
            "POST", "/api/projects", body: #"{"name":"all","memberProjects":["fixed","local"]}"#)
        #expect(all.status == 201)
        #expect(all.body.contains(#""kind":"multiCluster""#))
        #expect(all.body.contains(#""memberProjects":["fixed","local"]"#))
        let explained = try await gateway.get("/p/all/api/v1/explain?query=up")
        #expect(explained.status == 200)
        #expect(explained.body.contains("local"))
        #expect(
            gateway.audited == [
                "token root creates project local", "token root creates project all",
            ])
    }

    @Test func `What fits becomes a member when it is made, and is none when it is deleted`()
        async throws
    {
        let gateway = try await gateway()
        let made = try await gateway.send(
            "POST", "/api/projects",
            body: #"{"name":"all","memberProjects":["fixed","l*"],"memberSelector":{"env":"x"}}"#)
        #expect(made.status == 201)
        #expect(made.body.contains(#""memberProjects":["fixed"],"#))
        func members() async throws -> String {
            let body = try await gateway.get("/api/projects/all").body
            let list = body.components(separatedBy: #""memberProjects":["#).dropFirst().first ?? ""
            return String(list.prefix { $0 != "]" })
        }
        let labelled = #"{"prometheus":{"url":"http://127.0.0.1:2"},"labels":{"env":"x"}}"#
        #expect(try await gateway.put("/api/projects/local", Self.local).status == 201)
        #expect(try await gateway.put("/api/projects/by-label", labelled).status == 201)
        #expect(try await members() == #""fixed","by-label","local""#)
        let explained = try await gateway.get("/p/all/api/v1/explain?query=up")
        #expect(explained.body.contains("by-label"))
        // A member that merely fits does not keep anybody from deleting it.
        #expect(try await gateway.send("DELETE", "/api/projects/local").status == 200)
        #expect(try await members() == #""fixed","by-label""#)
        let definition = try await gateway.get("/api/projects/all").body
        #expect(definition.contains(#""memberProjects":["fixed","l*"]"#))
        #expect(definition.contains(#""memberSelector":{"env":"x"}"#))
    }

    @Test func `A multi-cluster project that nothing fits is empty`() async throws {
        let gateway = try await gateway()
        #expect(
            try await gateway.put("/api/projects/all", #"{"memberProjects":["none-*"]}"#).status
                == 201)
        for path in ["query?query=up", "query?query=sum(up)", "labels", "rules", "targets"] {
            let answer = try await gateway.get("/p/all/api/v1/\(path)")
            #expect(answer.status == 200, "\(path): \(answer.body)")
            #expect(!answer.body.contains("warnings"), "\(path): \(answer.body)")
        }
        let status = try await gateway.get("/api/projects/all")
        #expect(status.body.contains(#""reachable":true"#))
    }

    @Test(
        arguments: [
            (
                "POST", "", #"{"name":"Bad Name","prometheus":{"url":"http://a"}}"#, 400,
                "not a project name"
            ),
            (
                "POST", "", #"{"name":"m","memberProjects":["nobody"]}"#, 400,
                "unknown member nobody"
            ),
            ("POST", "", #"{"name":"m","memberProjects":["fixde"]}"#, 400, "did you mean fixed?"),
            (
                "POST", "", #"{"name":"m","memberProjects":["world"]}"#, 400,
                "member world is itself a multi-cluster project"
            ),
            ("PUT", "/m", #"{"memberProjects":["m"]}"#, 400, "cannot include itself"),
            ("PUT", "/m", #"{"memberProjects":["fixed","fixed"]}"#, 400, "duplicate member fixed"),
            ("PUT", "/m", #"{"memberProjects":[]}"#, 400, "no data source"),
            ("PUT", "/m", #"{"memberProjects":["A*"]}"#, 400, "fits no name of a project"),
            ("PUT", "/m", #"{"memberSelector":{"le":"x"}}"#, 400, "parts of a histogram"),
            ("PUT", "/m", #"{"prometheus":{"url":"a:1"}}"#, 400, "absolute http or https URL"),
            (
                "PUT", "/m", #"{"prometheus":{"url":"http://a"},"memberProjects":["fixed"]}"#, 400,
                "exclude each other"
            ),
            (
                "PUT", "/m", #"{"remoteCoroot":{"url":"http://a"}}"#, 400, "missing api key"
            ),
            (
                "PUT", "/m", #"{"prometheus":{"url":"http://a","bearerTokenFile":"/etc/shadow"}}"#,
                400,
                "can only be used in the configuration file"
            ),
            (
                "PUT", "/m", #"{"prometheus":{"url":"http://a/${PATH}"}}"#, 201, "http://a/${PATH}"
            ),
            ("PUT", "/m", #"{"prometheus":{"url":"http://{a,b}:1"}}"#, 400, "names a host that"),
            (
                "PUT", "/m", #"{"prometheus":{"url":"http://\#(longName)"}}"#, 400,
                "names a host that"
            ),
            (
                "PUT", "/m",
                #"{"prometheus":{"url":"http://a","basicAuth":{"username":"u","passwordFile":"/etc/shadow"}}}"#,
                400, "can only be used in the configuration file"
            ),
            (
                "PUT", "/m",
                #"{"remoteCoroot":{"url":"http://a","apiKeySecret":{"name":"n","key":"k"}}}"#,
                400, "can only be used in the configuration file"
            ),
            (
                "PUT", "/m", #"{"prometheus":{"url":"http://a"},"apiKeys":[]}"#, 400,
                "cannot be sent"
            ),
            ("PUT", "/m", #"{"clusterPool":"nope"}"#, 400, "unknown cluster pool nope"),
            ("PUT", "/m", #"{"colour":"red"}"#, 400, "unknown key colour"),
            ("PUT", "/m", #"{"name":"n","prometheus":{"url":"http://a"}}"#, 404, "m not found"),
            ("POST", "", #"{"name":"taken","prometheus":{"url":"http://a"}}"#, 409, "in use"),
            ("PUT", "/taken", #"{"name":"other","prometheus":{"url":"http://a"}}"#, 409, "in use"),
            ("PUT", "/fixed", #"{"prometheus":{"url":"http://a"}}"#, 403, "configuration file"),
            ("PUT", "/taken", #"{"name":"fixed","prometheus":{"url":"http://a"}}"#, 403, "file"),
            ("DELETE", "/fixed", "", 403, "defined in the configuration file"),
            ("POST", "/fixed/keys", "{}", 403, "defined in the configuration file"),
            ("POST", "/nobody/keys", "{}", 404, "nobody not found"),
            ("POST", "/many/keys", "{}", 400, "a multi-cluster project, which has no api keys"),
            ("DELETE", "/taken", "", 409, "used by multi-cluster project many"),
            (
                "PUT", "/taken", #"{"memberProjects":["fixed"]}"#, 400,
                "used by multi-cluster project many"
            ),
        ] as [(String, String, String, Int, String)])
    func `Rows 5 to 8: what breaks a rule is refused`(
        method: String, path: String, body: String, status: Int, text: String
    ) async throws {
        let gateway = try await gateway()
        for name in ["taken", "other"] {
            #expect(try await gateway.put("/api/projects/\(name)", Self.local).status == 201)
        }
        let many = try await gateway.put(
            "/api/projects/many", #"{"memberProjects":["taken"]}"#)
        #expect(many.status == 201)
        let answer = try await gateway.send(method, "/api/projects\(path)", body: body)
        #expect(answer.status == status, "\(answer.body)")
        #expect(answer.body.contains(text), "\(answer.body)")
    }

    @Test func `Row 7: a rename is followed, and a delete of a member refused`() async throws {
        let gateway = try await gateway()
        _ = try await gateway.put("/api/projects/old", Self.local)
        _ = try await gateway.put("/api/projects/all", #"{"memberProjects":["fixed","old"]}"#)
        _ = try await gateway.send(
            "POST", "/api/tokens", body: #"{"name":"t","projects":["old"]}"#)
        let renamed = try await gateway.put(
            "/api/projects/old", #"{"name":"new","prometheus":{"url":"http://127.0.0.1:2"}}"#)
        #expect(renamed.status == 200)
        #expect(try await gateway.get("/api/projects/old").status == 404)
        let all = try await gateway.get("/api/projects/all")
        #expect(all.body.contains(#""memberProjects":["fixed","new"]"#))
        #expect(
            try await gateway.get("/api/tokens").body.contains(
                #"{"name":"t","projects":["new"]"#))
        let refused = try await gateway.send("DELETE", "/api/projects/new")
        #expect(refused.status == 409)
        #expect(refused.body.contains("used by multi-cluster project all"))
        #expect(try await gateway.send("DELETE", "/api/projects/all").status == 200)
        for _ in 1...2 {
            #expect(try await gateway.send("DELETE", "/api/projects/new").status == 200)
        }
        // A token that opened the one project opens nothing now, and not everything.
        #expect(try await gateway.get("/api/tokens").body.contains(#"{"name":"t","projects":[]"#))
    }

    @Test func `Row 10: a key is shown once, and works until it is deleted`() async throws {
        let gateway = try await gateway()
        _ = try await gateway.put("/api/projects/local", Self.local)
        let made = try await gateway.send(
            "POST", "/api/projects/local/keys", body: #"{"description":"for agents"}"#)
        #expect(made.status == 201)
        let key = try Self.text("key", made)
        let id = try Self.text("id", made)
        #expect(key.utf8.count == 32)
        let headers: HTTPHeaders = ["X-API-Key": key]
        let explained = try await gateway.send(
            "GET", "/api/v1/explain?query=up", headers: headers)
        #expect(explained.status == 200)
        let foreign = try await gateway.send(
            "GET", "/p/fixed/api/v1/explain?query=up", headers: headers)
        #expect(foreign.status == 401)
        // Whatever is asked, the key does not come back, and no hash of it either.
        let hash = SecretDigest(ofText: key).written.dropFirst("sha256:".count)
        for path in [
            "/api/projects", "/api/projects/local", "/api/tokens", "/metrics",
            "/api/v1/status/config?x", "/p/local/api/v1/explain?query=up",
            "/p/local/api/v1/query?query=up", "/api/cluster-pools",
        ] {
            let answer = try await gateway.get(path)
            #expect(!answer.body.contains(key) && !answer.body.contains(hash), "\(path)")
        }
        #expect(!gateway.audited.joined().contains(key))
        #expect(try await gateway.get("/api/projects/local").body.contains("for agents"))
        let held = try Data(
            contentsOf: URL(fileURLWithPath: gateway.directory + "/tributary.sqlite"))
        #expect(held.range(of: Data(key.utf8)) == nil)
        let deleted = try await gateway.send("DELETE", "/api/projects/local/keys/\(id)")
        #expect(deleted.status == 200)
        let refused = try await gateway.send(
            "GET", "/api/v1/explain?query=up", headers: headers)
        #expect(refused.status == 401)
    }

    @Test func aTokenOpensTheProjectsItNamesAndNothingElse() async throws {
        let gateway = try await gateway()
        _ = try await gateway.put("/api/projects/local", Self.local)
        let made = try await gateway.send(
            "POST", "/api/tokens", body: #"{"name":"grafana","projects":["local"]}"#)
        #expect(made.status == 201)
        let token = try Self.text("token", made)
        let basic = Data("anybody:\(token)".utf8).base64EncodedString()
        for headers: HTTPHeaders in [
            ["Authorization": "Bearer \(token)"], ["Authorization": "Basic \(basic)"],
            ["X-API-Key": token],
        ] {
            for (path, status) in [
                ("/p/local/api/v1/explain?query=up", 200),
                ("/p/fixed/api/v1/explain?query=up", 401), ("/api/tokens", 403),
            ] {
                let answer = try await gateway.send("GET", path, headers: headers)
                #expect(answer.status == status, "\(path)")
            }
            let list = try await gateway.send("GET", "/api/projects", headers: headers)
            #expect(list.body.contains(#""name":"local""#))
            #expect(!list.body.contains("fixed"))
            // Addresses of members are for administrators.
            #expect(!list.body.contains("definition"))
        }
        let taken = try await gateway.send("POST", "/api/tokens", body: #"{"name":"root"}"#)
        #expect(taken.status == 409)
        #expect(try await gateway.send("DELETE", "/api/tokens/root").status == 403)
    }

    @Test func aSecretStaysOnlyWhileItsServerStays() async throws {
        let gateway = try await gateway()
        let path = "/api/projects/remote"
        let made = try await gateway.put(
            path, #"{"remoteCoroot":{"url":"http://127.0.0.1:3","apiKey":"outgoing-key"}}"#)
        #expect(made.status == 201)
        #expect(made.body.contains(#""apiKey":"\u003credacted\u003e""#))
        #expect(!made.body.contains("outgoing-key"))
        let kept = try await gateway.put(
            path,
            #"{"remoteCoroot":{"url":"http://127.0.0.1:3/","apiKey":"<redacted>","timeout":"5s"}}"#)
        #expect(kept.status == 200, "\(kept.body)")
        let stored = try #require(
            gateway.application.live.current.value.contents.projects["remote"])
        guard case .remoteCoroot(let remote) = stored.project.kind else {
            Issue.record("\(stored.project.kind)")
            return
        }
        #expect(remote.apiKey == Secret("outgoing-key"))
        #expect(remote.timeout == .seconds(5))
        for changed in [
            #"{"url":"http://127.0.0.1:4","apiKey":"<redacted>"}"#,
            #"{"url":"http://127.0.0.1:3","apiKey":"<redacted>","tlsSkipVerify":true}"#,
        ] {
            let refused = try await gateway.put(path, #"{"remoteCoroot":\#(changed)}"#)
            #expect(refused.status == 400)
            #expect(refused.body.contains("only while its server stays the same"))
        }
    }

    @Test func whatAMemberLacksIsKept() async throws {
        let gateway = try await gateway()
        let source = #"""
            {"prometheus":{"url":"http://127.0.0.1:2","capabilities":{"instantQuery":"emulated"},\#
            "externalLabels":{"region":"eu"}}}
            """#
        #expect(try await gateway.put("/api/projects/local", source).status == 201)
        let kept = try await gateway.get("/api/projects/local").body
        #expect(kept.contains(#""instantQuery":"emulated""#), "\(kept)")
        #expect(kept.contains(#""externalLabels":{"region":"eu"}"#))
        let wrong = source.replacing("emulated", with: "perhaps")
        let refused = try await gateway.put("/api/projects/local", wrong)
        #expect(refused.status == 400)
        #expect(refused.body.contains("instantQuery"))
    }

    @Test func `Row 34: the list says how members are`() async throws {
        let gateway = try await gateway()
        let answer = try await gateway.get("/api/projects/world")
        #expect(answer.body.contains(#""kind":"multiCluster","readOnly":true"#))
        #expect(answer.body.contains(#""reachable":false,"lastError":{"error":"fixed: "#))
        #expect(answer.body.contains(#""lagSeconds":null,"version":null,"latencySeconds":null"#))
    }

    @Test(arguments: ["caFile", "certFile", "keyFile"])
    func `The API names no files of the gateway's machine`(key: String) async throws {
        let gateway = try await gateway()
        for source in ["prometheus", "remoteCoroot"] {
            let refused = try await gateway.put(
                "/api/projects/x",
                #"{"\#(source)":{"url":"http://127.0.0.1:2","apiKey":"k","tls":{"\#(key)":"/etc/shadow"}}}"#
            )
            #expect(refused.status == 400)
            #expect(
                refused.body.contains(
                    "\(source).tls.\(key) can only be used in the configuration file"))
        }
    }

    @Test func `A project that came from the file keeps its files when it is edited`() async throws
    {
        let auth = "\nauth: {tokens: [{name: root, token: root-token, admin: true}]}"
        let gateway = try await TestGateway(
            "projects: [{name: a, prometheus: {url: http://h, tls: {caFile: /ca.pem}}}]" + auth)
        gateway.write("projects: [{name: b, prometheus: {url: http://h}}]" + auth)
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        for (file, status) in [("/ca.pem", 200), ("/etc/shadow", 400)] {
            let answer = try await gateway.put(
                "/api/projects/a",
                #"{"prometheus":{"url":"http://h","timeout":"9s","tls":{"caFile":"\#(file)"}}}"#)
            #expect(answer.status == status)
        }
    }

    @Test func `A token sees of the configuration and the metrics what is its own`() async throws {
        let gateway = try await TestGateway(
            """
            data_dir: /secret/place
            projects:
              - {name: mine, prometheus: {url: http://mine.example}, apiKeys: [{key: key-of-mine}]}
              - {name: other, prometheus: {url: http://other.example, headers: {X-Other: v}}}
              - {name: pooled, clusterPool: poolname}
            clusters: [{name: clustername, prometheus: {url: http://cluster.example}}]
            clusterPools: {poolname: [clustername]}
            clusterPoolAssignments: {projects: {other: poolname}}
            defaultProject: other
            auth:
              tokens:
                - {name: root, token: root-token, admin: true}
                - {name: whole, token: whole-token}
                - {name: reader, token: reader-token, projects: [mine]}
            """)
        let config = "/p/mine/api/v1/status/config"
        let foreign = [
            "other", "X-Other", "pooled", "poolname", "cluster.example", "/secret/place", "root",
            "whole",
        ]
        for key in ["reader-token", "key-of-mine"] {
            let headers: HTTPHeaders = ["X-API-Key": key]
            let shown = try await gateway.send("GET", config, headers: headers)
            #expect(shown.status == 200)
            #expect(shown.body.contains("mine.example"))
            for name in foreign { #expect(!shown.body.contains(name), "\(name)") }
            for path in ["/metrics", "/p/mine/api/v1/status/self_metrics"] {
                let refused = try await gateway.send("GET", path, headers: headers)
                #expect(refused.status == 403)
                for name in foreign { #expect(!refused.body.contains(name)) }
            }
        }
        for key in ["root-token", "whole-token"] {
            let headers: HTTPHeaders = ["X-API-Key": key]
            let shown = try await gateway.send("GET", config, headers: headers)
            for name in foreign { #expect(shown.body.contains(name), "\(name)") }
            #expect(try await gateway.send("GET", "/metrics", headers: headers).status == 200)
        }
    }

    @Test func `Only a client whose credentials are right has its body read`() async throws {
        let routes = try await gateway().application.live.current.value.routes
        for (key, reads, changes) in [
            (nil, false, false), ("nonsense", false, false), ("key-of-fixed", true, false),
            ("reader-token", true, false), ("root-token", true, true),
        ] as [(String?, Bool, Bool)] {
            let headers: HTTPHeaders = key.map { ["X-API-Key": $0] } ?? [:]
            #expect(routes.takesBody(headers, .api) == reads)
            #expect(routes.takesBody(headers, .administering) == changes)
        }
    }

    @Test func withoutAStoreNothingCanBeChanged() async throws {
        let configuration = try Configuration.parse(Self.yaml, path: "c.yaml")
        let gateway = try GatewayApplication(
            configuration: configuration, logger: .init(label: "test")
        ).closedAtTheEnd()
        let request = try #require(
            PrometheusRequest(
                method: "PUT", target: "/api/projects/x",
                headers: [
                    "Authorization": "Bearer root-token", "Content-Type": "application/json",
                ], body: Array(Self.local.utf8)))
        let answer = try await gateway.responder.respond(to: request).collected()
        #expect(answer.status == 403)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("data_dir"))
    }

    @Test(
        arguments: [
            ([:], 201), (["Host": "127.0.0.1:9090"], 201), (["Host": "localhost:9090"], 201),
            (["Host": "[::1]:9090"], 201),
            (["Host": "127.0.0.1:9090", "Origin": "http://127.0.0.1:9090"], 201),
            (["Host": "[::ffff:127.0.0.1]:9090"], 201),
            (["Host": "LOCALHOST:8000", "Origin": "http://localhost:8000"], 201),
            (["Host": "evil.example:9090"], 403), (["Host": "evil.example"], 403),
            (["Host": "127.evil.example:9090"], 403), (["Host": "10.1.2.3:9090"], 403),
            (["Host": "evil.example", "Origin": "http://evil.example"], 403),
            (["Host": "127.0.0.1:9090", "Origin": "http://127.0.0.1:9091"], 403),
            (["Host": "127.0.0.1:9090", "Origin": "null"], 403),
            (["Host": "127.0.0.1:9090", "Origin": "http://evil.example"], 403),
        ] as [([String: String], Int)])
    func withoutAuthOnlyThisMachineMakesChanges(
        fields: [String: String], status: Int
    ) async throws {
        let gateway = try await TestGateway("projects: [{name: a, prometheus: {url: http://a}}]")
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        for (name, value) in fields { headers.add(name, value) }
        let answer = try await gateway.send(
            "PUT", "/api/projects/x", headers: headers, body: Self.local)
        #expect(answer.status == status)
        if status == 201 {
            #expect(gateway.audited == ["somebody on this machine creates project x"])
        }
    }

    static func text(_ key: String, _ answer: TestGateway.Answer) throws -> String {
        let document = try DocumentValue(json: Array(answer.body.utf8))
        return try #require(document["data"]?[key]?.text)
    }
}
