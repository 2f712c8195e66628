import GatewayConfiguration
import Logging
import PrometheusServer
import Testing
import Upstream

@testable import Federation
@testable import Gateway

/// Which project a path means, and what is answered without asking anybody.
@Suite(.closesGateways) struct RoutingTests {
    private static let yaml = """
        projects:
          - {name: a, prometheus: {url: http://127.0.0.1:1}, apiKeys: [{key: key-of-a}]}
          - {name: b, prometheus: {url: http://127.0.0.1:1}}
          - {name: all, memberProjects: [a, b]}
        """
    private static let tokens = "\nauth: {tokens: [{name: t, token: token-of-t, projects: [all]}]}"

    /// A gateway whose queries are answered with what they were resolved to.
    private func gateway(_ yaml: String = Self.yaml) throws -> PrometheusResponder {
        let configuration = try Configuration.parse(yaml, path: "c.yaml")
        let queries = QueryHandlers(
            answer: { _, project, kind in
                let members = project.members.map(\.name).joined(separator: "+")
                return .text("\(kind) \(project.name)=\(members)")
            },
            explain: { _, project in .text("plan for \(project.name)") },
            load: {
                QueryResources.Load(queries: 2, waiting: 1, requestBytes: 3, lentBytes: 4)
            })
        return try GatewayApplication(
            configuration: configuration, logger: Logger(label: "test"), queries: queries
        ).closedAtTheEnd().responder
    }

    private func get(
        _ target: String, method: String = "GET", headers: HTTPHeaders = [:],
        from gateway: PrometheusResponder
    ) async throws -> (status: Int, body: String, headers: HTTPHeaders) {
        let request = try #require(
            PrometheusRequest(method: method, target: target, headers: headers))
        let (status, headers, body) = try await gateway.respond(to: request).collected()
        return (status, String(decoding: body, as: UTF8.self), headers)
    }

    @Test(arguments: [
        ("/api/v1/query?query=up", "instant all=a+b"),
        ("/p/all/api/v1/query?query=up", "instant all=a+b"),
        ("/p/a/api/v1/query?query=up", "instant a=a"),
        ("/p/b/api/v1/query_range?query=up", "range b=b"),
        ("/p/b/d/production/api/v1/query?query=up", "instant b=b"),
        ("/p/all/api/v1/explain?query=up", "plan for all"),
        ("/p/b/d/production/w/flow/api/v1/query?query=up", "instant b=b"),
    ])
    func pathsNameProjects(target: String, answer: String) async throws {
        let gateway = try gateway()
        for method in ["GET", "POST"] {
            let (status, body, _) = try await get(target, method: method, from: gateway)
            #expect(status == 200)
            #expect(body == answer)
        }
    }

    @Test func `Probes are answered whatever Host they name, and data is not`() async throws {
        let gateway = try gateway()
        for host in ["evil.example", "10.1.2.3:9090", ""] {
            for path in ["/-/healthy", "/-/ready"] {
                for method in ["GET", "HEAD"] {
                    let answer = try await get(
                        path, method: method, headers: ["Host": host], from: gateway)
                    #expect(answer.status == 200)
                }
            }
            for path in ["/api/v1/query?query=up", "/api/v1/labels", "/metrics", "/api/projects"] {
                let answer = try await get(path, headers: ["Host": host], from: gateway)
                #expect(answer.status == 403, "\(path) \(answer.body)")
            }
        }
    }

    @Test(
        "Paths that are not clean are redirected under every prefix",
        arguments: [
            ("", "//api/v1/query?query=up", "/api/v1/query?query=up"),
            ("", "/p/a//api/v1/query", "/p/a/api/v1/query"),
            ("", "/p//a/d/x/api/v1/../v1/labels", "/p/a/d/x/api/v1/labels"),
            ("", "/p/a/api/v1", "/p/a/api/v1/"), ("", "//federate", "/federate"),
            ("", "/p/a//federate?match[]=up", "/p/a/federate?match[]=up"),
            ("", "//api/projects", "/api/projects"), ("", "//metrics", "/metrics"),
            ("/hub", "/hub//api/v1/query", "/hub/api/v1/query"),
            ("/hub", "//hub/p/a/./api/v1/query?x", "/hub/p/a/api/v1/query?x"),
            ("/hub", "/hub/api/v1", "/hub/api/v1/"), ("/hub", "/hub/../x", "/x"),
        ])
    func unclean(base: String, target: String, location: String) async throws {
        let gateway = try gateway((base.isEmpty ? "" : "url_base_path: \(base)\n") + Self.yaml)
        for method in ["GET", "POST"] {
            let (status, _, headers) = try await get(target, method: method, from: gateway)
            #expect(status == 301)
            #expect(headers["Location"] == location)
        }
    }

    @Test func anUnknownProjectIsNotFoundInPrometheussShape() async throws {
        let gateway = try gateway()
        for path in ["query?query=up", "labels", "status/buildinfo"] {
            let (status, body, headers) = try await get("/p/nope/api/v1/\(path)", from: gateway)
            #expect(status == 404)
            #expect(
                body
                    == #"{"status":"error","errorType":"not_found","error":"project \"nope\" not found"}"#
            )
            #expect(headers["Content-Type"] == "application/json")
        }
    }

    @Test func withoutADefaultTheUnnamedApiSaysWhatToDo() async throws {
        let gateway = try gateway(
            """
            projects:
              - {name: a, prometheus: {url: http://127.0.0.1:1}}
              - {name: b, prometheus: {url: http://127.0.0.1:1}}
            """)
        let (status, body, _) = try await get("/api/v1/query?query=up", from: gateway)
        #expect(status == 404)
        #expect(body.contains("set defaultProject"))
        #expect(try await get("/api/v1/status/buildinfo", from: gateway).status == 200)
    }

    @Test func aKeyChoosesItsProject() async throws {
        let gateway = try gateway()
        let headers: HTTPHeaders = ["X-API-Key": "key-of-a"]
        let own = try await get("/api/v1/query?query=up", headers: headers, from: gateway)
        #expect(own.body == "instant a=a")
        let other = try await get("/p/b/api/v1/query?query=up", headers: headers, from: gateway)
        #expect(other.status == 401)
        #expect(
            other.body
                == #"{"status":"error","errorType":"unauthorized","error":"the API key or token does not open project \"b\""}"#
        )
    }

    @Test func tokensAreAskedForOnEveryPathButTheProbes() async throws {
        let gateway = try gateway(Self.yaml + Self.tokens)
        for path in [
            "/api/v1/query?query=up", "/api/v1/labels", "/api/v1/label/job/values",
            "/api/v1/series?match[]=up", "/api/v1/status/buildinfo", "/api/v1/status/config",
            "/api/v1/format_query?query=up", "/p/nope/api/v1/query?query=up", "/metrics",
        ] {
            let answer = try await get(path, from: gateway)
            #expect(answer.status == 401, "\(path)")
            #expect(answer.headers["WWW-Authenticate"] == "Bearer")
        }
        for path in ["/-/healthy", "/-/ready"] {
            #expect(try await get(path, from: gateway).status == 200)
        }
        let headers: HTTPHeaders = ["Authorization": "Bearer token-of-t"]
        let open = try await get("/api/v1/query?query=up", headers: headers, from: gateway)
        #expect(open.body == "instant all=a+b")
        let shut = try await get("/p/a/api/v1/query?query=up", headers: headers, from: gateway)
        #expect(shut.status == 401)
        // A client that may not read a project does not learn whether it exists.
        let absent = try await get("/p/nope/api/v1/query?query=up", headers: headers, from: gateway)
        #expect(absent.status == 401)
    }

    @Test func unknownPathsAndMethodsAreRefusedAsPrometheusRefusesThem() async throws {
        let gateway = try gateway()
        for path in ["/api/v1/nope", "/p/all/api/v1/nope", "/p/all", "/nope"] {
            let answer = try await get(path, from: gateway)
            #expect(answer.status == 404)
            #expect(answer.body == "404 page not found\n")
        }
        let values = try await get("/p/all/api/v1/label/job/values", method: "POST", from: gateway)
        #expect(values.status == 405)
        #expect(values.headers["Allow"] == "GET, OPTIONS")
        let head = try await get("/api/v1/query", method: "HEAD", from: gateway)
        #expect(head.status == 405)
        #expect(head.headers["Allow"] == "GET, OPTIONS, POST")
        let options = try await get("/p/all/api/v1/x", method: "OPTIONS", from: gateway)
        #expect(options.status == 204)
    }

    @Test func writesAreNeverTaken() async throws {
        let gateway = try gateway()
        for path in ["/api/v1/write", "/p/a/api/v1/write", "/api/v1/otlp/v1/metrics"] {
            #expect(try await get(path, method: "POST", from: gateway).status == 404)
        }
        let snapshot = try await get("/api/v1/admin/tsdb/snapshot", method: "POST", from: gateway)
        #expect(snapshot.status == 500)
        #expect(snapshot.body.contains("admin APIs disabled"))
    }

    @Test func everythingCanStandBelowABasePath() async throws {
        let gateway = try gateway("url_base_path: /hub\n" + Self.yaml)
        #expect(
            try await get("/hub/api/v1/query?query=up", from: gateway).body == "instant all=a+b")
        #expect(try await get("/hub/-/ready", from: gateway).status == 200)
        #expect(try await get("/api/v1/query?query=up", from: gateway).status == 404)
    }

    @Test func statusTellsWhatClientsAskAndNoSecret() async throws {
        let gateway = try gateway()
        let build = try await get("/api/v1/status/buildinfo", from: gateway).body
        #expect(
            build.hasPrefix(#"{"status":"success","data":{"version":"3.14.0","revision":"#))
        #expect(build.filter { $0 == ":" }.count == 8)
        let flags = try await get("/api/v1/status/flags", from: gateway).body
        #expect(flags.contains(#""query.lookback-delta":"5m""#))
        #expect(flags.contains(#""query.max-samples":"50000000""#))
        let yaml = try await get("/api/v1/status/config", from: gateway).body
        #expect(yaml.contains("redacted") && !yaml.contains("key-of-a"))
        #expect(try await get("/api/v1/status/runtimeinfo", from: gateway).status == 200)
    }

    @Test func metricsCountProjectsQueriesAndMembers() async throws {
        let answer = try await get("/metrics", from: try gateway())
        #expect(answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        for line in [
            #"tributary_projects{kind="multiCluster"} 1"#,
            #"tributary_projects{kind="prometheus"} 2"#,
            #"tributary_queries{state="running"} 2"#, #"tributary_queries{state="waiting"} 1"#,
            #"tributary_member_requests_total{member="a"} 0"#,
        ] {
            #expect(answer.body.contains(line + "\n"))
        }
    }

    @Test func theEffectiveConfigurationIsAConfiguration() throws {
        let written = try Configuration.parse(
            """
            listen_address: 127.0.0.1:9999
            defaultProject: all
            query: {features: [promql-duration-expr]}
            projects:
              - name: a
                prometheus: {url: "http://h:1/x", tls: {caFile: /ca.pem}, timeout: 5s}
              - {name: all, memberProjects: [a], partialResponse: warn, exactness: strict}
            """, path: "c.yaml")
        let read = try Configuration.parse(written.redactedYAML, path: "effective.yaml")
        #expect(read == written)
    }

    @Test func queriesAreFormattedAndParsedWithoutAProject() async throws {
        let gateway = try gateway()
        let formatted = try await get(
            "/api/v1/format_query?query=sum(rate(x%5B90m%5D))by(a)", from: gateway)
        #expect(formatted.body == #"{"status":"success","data":"sum by (a) (rate(x[1h30m]))"}"#)
        let refused = try await get("/api/v1/parse_query?query=sum(", from: gateway)
        #expect(refused.status == 400)
        #expect(
            refused.body.hasPrefix(
                #"{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": "#)
        )
    }
}
