import EmbeddedPrometheus
import GatewayConfiguration
import PrometheusServer
import Testing

@testable import Federation
@testable import Gateway

/// What a token with matchers is answered, path by path.
@Suite(.closesGateways) struct RestrictedTokenTests {
    private static func member(_ zone: String) -> EmbeddedAPI {
        SampleData.api(
            ["shop", "cart", "bank"].flatMap { namespace in
                [
                    (["__name__": "up", "namespace": namespace, "zone": zone], 1.0),
                    (["__name__": "\(namespace)_total", "namespace": namespace], 2),
                ]
            })
    }

    private static func withGateway(
        _ work: @escaping @Sendable (TestGateway, Visits) async throws -> Void
    ) async throws {
        let visits = Visits()
        let a = member("a")
        try await LoopbackServers.serve([
            "a": visits.responder { await a.respond(to: $0) }, "b": member("b").responder(),
        ]) { ports in
            try await work(
                try await TestGateway(
                    """
                    auth:
                      tokens:
                        - {name: root, token: root-token, admin: true}
                        - {name: shop, token: shop-token, matchers: ['{namespace="shop"}']}
                        - {name: cart, token: cart-token, matchers: ['{namespace="cart"}']}
                        - {name: b, token: b-token-b, matchers: ['{project=~"b|c"}']}
                    projects:
                      - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"}}
                      - {name: b, prometheus: {url: "http://127.0.0.1:\(ports["b"] ?? 0)"}}
                      - {name: all, memberProjects: [a, b]}
                    """), visits)
        }
    }

    private static func ask(
        _ gateway: TestGateway, _ path: String, as token: String
    ) async throws -> TestGateway.Answer {
        try await gateway.send("GET", path, headers: ["Authorization": "Bearer \(token)"])
    }

    @Test(arguments: [
        "/query?query=up", "/query?query=count%20by(namespace)(up)", "/labels",
        "/query?query=%7B__name__=~%22.%2B%22%7D", "/label/namespace/values",
        "/label/__name__/values", "/series?match[]=%7B__name__=~%22.%2B%22%7D",
        "/query?query=rate(%7B__name__=~%22.%2B%22%7D[5m])%20or%20up", "/query_exemplars?query=up",
        "/series?match[]=up&match[]=bank_total",
    ])
    func `No answer holds what the matchers exclude`(path: String) async throws {
        try await Self.withGateway { gateway, _ in
            for project in ["all", "a"] {
                let path = "/p/\(project)/api/v1\(path)"
                let answer = try await Self.ask(gateway, path, as: "shop-token")
                #expect(answer.status == 200 || path.contains("exemplars"), "\(answer.body)")
                #expect(!answer.body.contains("bank") && !answer.body.contains("cart"), "\(answer)")
            }
        }
    }

    @Test func `The newest samples are those that may be seen`() async throws {
        try await Self.withGateway { gateway, _ in
            let path = "/p/all/federate?match[]=%7B__name__=~%22.%2B%22%7D"
            let answer = try await Self.ask(gateway, path, as: "shop-token")
            #expect(answer.body.contains("shop_total{"))
            #expect(!answer.body.contains("bank") && !answer.body.contains("cart"))
        }
    }

    @Test(arguments: [
        "/targets", "/targets/metadata", "/targets/relabel_steps", "/scrape_pools",
        "/scrape_pools/config", "/rules", "/alerts", "/metadata", "/status/tsdb",
        "/status/tsdb/blocks",
    ])
    func `What cannot be restricted is refused, and why`(path: String) async throws {
        try await Self.withGateway { gateway, visits in
            let answer = try await Self.ask(
                gateway, "/p/all/api/v1\(path)", as: "shop-token")
            #expect(answer.status == 403)
            #expect(answer.body.contains("auth.tokens[].matchers"))
            #expect(await visits.take().isEmpty)
            // Matchers on the partition label alone choose members, which is all that it takes.
            let other = try await Self.ask(gateway, "/p/all/api/v1\(path)", as: "b-token-b")
            #expect(other.status != 403)
            #expect(await visits.take().isEmpty)
        }
    }

    @Test(arguments: [
        "/format_query?query=up", "/parse_query?query=up", "/status/buildinfo", "/status/flags",
        "/status/runtimeinfo", "/status/config", "/features",
    ])
    func `What shows no series stays`(path: String) async throws {
        try await Self.withGateway { gateway, _ in
            let answer = try await Self.ask(gateway, "/p/all/api/v1\(path)", as: "shop-token")
            #expect(answer.status == 200)
            #expect(!answer.body.contains("cart"))
        }
    }

    @Test func `The gateway's own numbers are for tokens that see everything`() async throws {
        try await Self.withGateway { gateway, _ in
            for token in ["shop-token", "b-token-b"] {
                let answer = try await Self.ask(gateway, "/metrics", as: token)
                #expect(answer.status == 403)
            }
        }
    }

    @Test func `Members that the matchers exclude are not asked and not named`() async throws {
        try await Self.withGateway { gateway, visits in
            for path in [
                "/query?query=up", "/query?query=up%7Bproject=%22a%22%7D", "/labels",
                "/label/project/values", "/series?match[]=up", "/explain?query=up",
            ] {
                let answer = try await Self.ask(
                    gateway, "/p/all/api/v1\(path)", as: "b-token-b")
                #expect(answer.status == 200)
                #expect(!answer.body.contains(#""project":"a""#), "\(answer.body)")
            }
            let values = try await Self.ask(
                gateway, "/p/all/api/v1/label/project/values", as: "b-token-b")
            #expect(values.body == #"{"status":"success","data":["b"]}"#)
            // All of it is excluded.
            let none = try await Self.ask(gateway, "/p/a/api/v1/query?query=up", as: "b-token-b")
            #expect(none.status == 200)
            #expect(none.body.contains(#""result":[]"#))
            let absent = try await Self.ask(
                gateway, "/p/a/api/v1/query?query=absent(up%7Bx=%22y%22%7D)", as: "b-token-b")
            #expect(absent.body.contains(#""metric":{"x":"y"}"#))
            #expect(
                try await Self.ask(gateway, "/p/a/api/v1/labels", as: "b-token-b").status == 200)
            #expect(await visits.take().isEmpty)
        }
    }

    @Test(arguments: ["2.20.0", "3.5.0"])
    func `A server that may list names of other series is asked for the series`(
        version: String
    ) async throws {
        let api = Self.member("a")
        let passesOver = version.hasPrefix("2")
        let old = Visits().responder { request in
            if request.path == "/api/v1/status/buildinfo" {
                let data = #"{"status":"success","data":{"version":"\#(version)"}}"#
                return .json(Array(data.utf8))
            }
            guard passesOver, request.path.hasPrefix("/api/v1/label"),
                let whole = PrometheusRequest(
                    method: "GET", target: request.path, headers: [:], body: [])
            else { return await api.respond(to: request) }
            return await api.respond(to: whole)
        }
        try await LoopbackServers.serve(["old": old]) { ports in
            let gateway = try await TestGateway(
                """
                auth:
                  tokens:
                    - {name: root, token: root-token, admin: true}
                    - {name: shop, token: shop-token, matchers: ['{namespace="shop"}']}
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["old"] ?? 0)"}}
                """)
            for (path, body) in [
                ("/label/namespace/values", #"["shop"]"#),
                ("/label/__name__/values?match[]=up", #"["up"]"#),
                ("/labels", #"["__name__","namespace","project","zone"]"#),
            ] {
                let answer = try await Self.ask(gateway, "/p/a/api/v1\(path)", as: "shop-token")
                #expect(answer.body == #"{"status":"success","data":\#(body)}"#)
            }
        }
    }

    @Test func `Tokens of different matchers never share an answer`() async throws {
        try await Self.withGateway { gateway, visits in
            // At times that the cache keeps.
            let path =
                "/p/all/api/v1/query_range?query=up"
                + "&start=1700000000&end=1700003600&step=60"
            for token in ["shop-token", "cart-token", "root-token", "shop-token"] {
                #expect(try await Self.ask(gateway, path, as: token).status == 200)
            }
            let texts = await visits.take().map(\.path).filter { $0.contains("query") }
            // The fourth is the first one's; no two others are one.
            #expect(texts.count == 3)
            // At the same time.
            let now = "/p/all/api/v1/query?query=count%20by(namespace)(up)"
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<40 {
                    let name = ["shop", "cart"][round % 2]
                    group.addTask {
                        let answer = try await Self.ask(gateway, now, as: "\(name)-token")
                        #expect(answer.body.contains(#""namespace":"\#(name)""#))
                        #expect(
                            !answer.body.contains(name == "shop" ? "cart" : "shop"),
                            "\(answer.body)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: [
        ("sum(up", "unclosed left parenthesis"), ("%7Bx=%22%22%7D", "must contain at least one"),
        ("up%20%2B%20on(x)%20up", "many-to-many matching not allowed"),
    ])
    func `Errors speak of what the user wrote`(query: String, text: String) async throws {
        try await Self.withGateway { gateway, _ in
            let path = "/p/all/api/v1/query?query=\(query)"
            let answer = try await Self.ask(gateway, path, as: "shop-token")
            #expect(answer.body.contains(text), "\(answer.body)")
            // As without matchers, but for the series that it names.
            let whole = try await gateway.get(path)
            #expect(answer.status == whole.status)
            if answer.status == 400 { #expect(answer.body == whole.body) }
        }
    }

    @Test func `A token that is made over HTTP sees what it is made for`() async throws {
        try await Self.withGateway { gateway, _ in
            let made = try await gateway.send(
                "POST", "/api/tokens",
                body: #"{"name":"made","matchers":["{namespace=\"cart\"}"]}"#)
            #expect(made.status == 201)
            #expect(made.body.contains(#""matchers":["{namespace=\"cart\"}"]"#))
            let token = try #require(
                made.body.split(separator: #""token":""#).last?.prefix { $0 != "\"" })
            // From the store.
            #expect(try await gateway.send("POST", "/-/reload").status == 200)
            let answer = try await Self.ask(
                gateway, "/p/all/api/v1/label/namespace/values", as: String(token))
            #expect(answer.body == #"{"status":"success","data":["cart"]}"#)
            #expect(
                try await gateway.get("/api/tokens").body.contains(
                    #""matchers":["{namespace=\"cart\"}"]"#))
            for (body, text) in [
                (#"{"name":"x","matchers":[]}"#, "there is no selector"),
                (#"{"name":"x","matchers":null}"#, "there is no selector"),
                (#"{"name":"x","matchers":["{"]}"#, "is not a selector"),
                (#"{"name":"x","admin":true,"matchers":["{a=\"b\"}"]}"#, "exclude each other"),
                (#"{"name":"x","matchers":"{a=\"b\"}"}"#, "must be a list"),
            ] {
                let refused = try await gateway.send("POST", "/api/tokens", body: body)
                #expect(refused.status == 400)
                #expect(refused.body.contains(text), "\(refused.body)")
            }
        }
    }
}
