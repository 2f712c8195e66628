import PrometheusServer
import TestSupport
import Testing

@Suite("Routes, refusals, CORS and compression as Prometheus has them")
struct ResponderTests {
    static let routes: RouteTable = {
        var routes = RouteTable()
        let echo: RequestHandler = { request in
            .json(Array("[\"\(request.parameter("query"))\"]".utf8))
        }
        routes.answerOptions(path: "/api/v1/*")
        routes.on("GET", "POST", path: "/api/v1/query", handler: echo)
        routes.on("GET", path: "/api/v1/label/:name/values") { request in
            .json(Array("[\"\(request.pathParameters["name"] ?? "")\"]".utf8))
        }
        routes.on("GET", path: "/api/v1/label/fixed/values") { _ in .json(Array("[0]".utf8)) }
        routes.on("GET", "HEAD", path: "/-/healthy", traits: []) { _ in
            .text("Prometheus Server is Healthy.\n")
        }
        routes.on("GET", path: "/files/*", traits: []) { .text($0.path) }
        routes.on("GET", path: "/api/v1/large") { _ in
            PrometheusResponse(
                body: .stream { writer in
                    for _ in 0..<100 {
                        try await writer.write(Array(repeating: UInt8(ascii: "x"), count: 10_000))
                    }
                })
        }
        return routes
    }()

    func send(
        _ method: String, _ target: String, _ headers: HTTPHeaders = HTTPHeaders(),
        readiness: Readiness = Readiness(.ready), cors: CORSPolicy = .anyOrigin
    ) async throws -> (status: Int, headers: HTTPHeaders, body: [UInt8]) {
        let responder = PrometheusResponder(
            routes: Self.routes, readiness: readiness, cors: cors)
        let request = try #require(
            PrometheusRequest(method: method, target: target, headers: headers))
        return try await responder.respond(to: request).collected()
    }

    @Test(
        "Method and path decide status, body and Allow",
        arguments: [
            ("GET", "/api/v1/query?query=up", 200, "[\"up\"]", nil),
            ("POST", "/api/v1/query?query=up", 200, "[\"up\"]", nil),
            ("HEAD", "/api/v1/query", 405, "", "GET, OPTIONS, POST"),
            ("DELETE", "/api/v1/query", 405, "Method Not Allowed\n", "GET, OPTIONS, POST"),
            ("POST", "/api/v1/label/a/values", 405, "Method Not Allowed\n", "GET, OPTIONS"),
            ("GET", "/api/v1/label/a/values", 200, "[\"a\"]", nil),
            ("GET", "/api/v1/label/%C3%A9/values", 200, "[\"é\"]", nil),
            ("GET", "/api/v1/label/fixed/values", 200, "[0]", nil),
            ("GET", "/api/v1/label/a/b/values", 404, "404 page not found\n", nil),
            ("GET", "/api/v1/nope", 404, "404 page not found\n", nil),
            ("GET", "/nope", 404, "404 page not found\n", nil),
            ("OPTIONS", "/api/v1/query", 204, "", nil),
            ("OPTIONS", "/api/v1/nope", 204, "", nil),
            ("OPTIONS", "/-/healthy", 200, "", "GET, HEAD, OPTIONS"),
            ("OPTIONS", "/nope", 404, "404 page not found\n", nil),
            ("GET", "/-/healthy", 200, "Prometheus Server is Healthy.\n", nil),
            ("HEAD", "/-/healthy", 200, "", nil),
            ("GET", "/files/", 200, "/files/", nil),
            ("GET", "/files/a/b", 200, "/files/a/b", nil),
            ("POST", "/api/v1/query/", 307, "", nil),
            ("PUT", "/api/v1/query/", 404, "404 page not found\n", nil),
            ("OPTIONS", "*", 200, "", nil),
            ("CONNECT", "a:80", 404, "404 page not found\n", nil),
            ("CONNECT", "//api/v1/query", 404, "404 page not found\n", nil),
        ] as [(String, String, Int, String, String?)])
    func routing(
        _ method: String, _ target: String, _ status: Int, _ body: String, _ allow: String?
    ) async throws {
        let answer = try await send(method, target)
        #expect(answer.status == status)
        #expect(String(decoding: answer.body, as: UTF8.self) == body)
        #expect(answer.headers["Allow"] == allow)
        if status == 404 || status == 405 {
            #expect(answer.headers["Content-Type"] == "text/plain; charset=utf-8")
            #expect(answer.headers["X-Content-Type-Options"] == "nosniff")
            #expect(answer.headers["Vary"] == nil)
        }
    }

    @Test("A redirect keeps the query")
    func redirect() async throws {
        let answer = try await send("GET", "/api/v1/query/?query=1&time=%2B1")
        #expect(answer.headers["Location"] == "/api/v1/query?query=1&time=%2B1")
    }

    @Test(
        "The first exact token of Accept-Encoding chooses",
        arguments: [
            (nil, nil), ("", nil), ("gzip", "gzip"), ("deflate", "deflate"),
            ("gzip, deflate", "gzip"), ("deflate, gzip", "deflate"), ("br , gzip", "gzip"),
            ("gzip;q=0.5", nil), ("gzip;q=1.0, deflate", "deflate"), ("*", nil), ("GZIP", nil),
            ("identity", nil), ("x gzip", nil), ("zstd", "zstd"), ("gzip, zstd", "gzip"),
            ("zstd, gzip", "zstd"), ("br, zstd;q=0.9", nil),
        ] as [(String?, String?)])
    func compression(_ accept: String?, _ coding: String?) async throws {
        var headers = HTTPHeaders()
        if let accept { headers["Accept-Encoding"] = accept }
        let answer = try await send("GET", "/api/v1/query?query=up", headers)
        #expect(answer.headers["Content-Encoding"] == coding)
        #expect(answer.headers.values(of: "Vary") == ["Accept-Encoding", "Origin"])
        let body = coding == nil ? answer.body : try #require(decoded(answer.body, coding))
        #expect(String(decoding: body, as: UTF8.self) == "[\"up\"]")
        if coding == "gzip" { #expect(answer.body.starts(with: [0x1f, 0x8b])) }
        if coding == "deflate" { #expect(answer.body.first == 0x78) }
    }

    private func decoded(_ body: [UInt8], _ coding: String?) -> [UInt8]? {
        coding == "zstd" ? unzstd(body) : inflated(body)
    }

    @Test("Streams are compressed piece by piece", arguments: ["gzip", "deflate", "zstd"])
    func streams(_ coding: String) async throws {
        let answer = try await send("GET", "/api/v1/large", ["Accept-Encoding": coding])
        #expect(answer.body.count < 50_000)
        #expect(decoded(answer.body, coding)?.count == 1_000_000)
    }

    @Test("Routes without the trait are never compressed nor marked")
    func plain() async throws {
        let answer = try await send(
            "GET", "/-/healthy", ["Accept-Encoding": "gzip", "Origin": "http://a"])
        #expect(answer.headers["Content-Encoding"] == nil)
        #expect(answer.headers["Vary"] == nil)
        #expect(answer.headers["Access-Control-Allow-Origin"] == nil)
    }

    @Test("CORS headers answer an Origin")
    func crossOrigin() async throws {
        let silent = try await send("GET", "/api/v1/query")
        #expect(silent.headers["Access-Control-Allow-Origin"] == nil)
        #expect(silent.headers.values(of: "Vary").contains("Origin"))

        let any = try await send("OPTIONS", "/api/v1/query", ["origin": "http://a"])
        #expect(any.headers["Access-Control-Allow-Origin"] == "http://a")
        #expect(any.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS")
        #expect(any.headers["Access-Control-Expose-Headers"] == "Date")
        #expect(
            any.headers["Access-Control-Allow-Headers"]
                == "Accept, Authorization, Content-Type, Origin")

        let picky = CORSPolicy.origins { $0 == "http://a" }
        let good = try await send("GET", "/api/v1/query", ["Origin": "http://a"], cors: picky)
        #expect(good.headers["Access-Control-Allow-Origin"] == "http://a")
        let bad = try await send("GET", "/api/v1/query", ["Origin": "http://b"], cors: picky)
        #expect(bad.headers["Access-Control-Allow-Origin"] == nil)
        #expect(bad.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS")
    }

    @Test(
        "Gated routes refuse until ready and while stopping",
        arguments: [(Readiness.State.starting, "false"), (.stopping, "true")])
    func readiness(_ state: Readiness.State, _ stopping: String) async throws {
        let readiness = Readiness(state)
        let refused = try await send(
            "GET", "/api/v1/query", ["Origin": "http://a"], readiness: readiness)
        #expect(refused.status == 503)
        #expect(String(decoding: refused.body, as: UTF8.self) == "Service Unavailable")
        #expect(refused.headers["X-Prometheus-Stopping"] == stopping)
        #expect(refused.headers["Access-Control-Allow-Origin"] == nil)
        #expect(refused.headers["Vary"] == nil)
        #expect(try await send("GET", "/-/healthy", readiness: readiness).status == 200)
        readiness.state = .ready
        #expect(try await send("GET", "/api/v1/query", readiness: readiness).status == 200)
    }
}
