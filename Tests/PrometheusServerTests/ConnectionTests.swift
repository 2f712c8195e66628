import Foundation
import PrometheusServer
import Testing

@Suite("Versions of HTTP, and what is no request")
struct ConnectionTests {
    private static func routes(_ routes: inout RouteTable) {
        routes.answerOptions(path: "/api/v1/*")
        routes.on("GET", "HEAD", path: "/-/healthy", traits: []) { _ in .text("fine") }
        routes.on("GET", "POST", path: "/api/v1/query") { request in
            .json(Array("<\(request.parameter("query"))>".utf8))
        }
        routes.on("GET", path: "/host", traits: []) { .text($0.headers["Host"] ?? "none") }
        routes.on("GET", path: "/api/v1/short") { _ in
            PrometheusResponse(body: .stream { try await $0.write("short".utf8) })
        }
        routes.on("GET", path: "/api/v1/long") { _ in
            PrometheusResponse(
                body: .stream { writer in
                    for _ in 0..<3 {
                        try await writer.write([UInt8](repeating: 0x61, count: 100_000))
                    }
                })
        }
        routes.on("GET", path: "/broken") { _ in
            PrometheusResponse(
                body: .stream { writer in
                    try await writer.write([UInt8](repeating: 0x61, count: 100_000))
                    throw CancellationError()
                })
        }
    }

    /// What comes until the server closes, or until it is enough.
    private func answers(
        to text: String, limits: ServerLimits = ServerLimits(),
        until isEnough: @escaping @Sendable (String) -> Bool = { _ in false }
    ) async throws -> String {
        let (results, result) = AsyncStream<String>.makeStream()
        try await ServerTests().withServer(limits: limits, Self.routes) { port in
            result.yield(
                try await ServerTests().exchange(port, send: text, until: isEnough))
        }
        var iterator = results.makeAsyncIterator()
        return try #require(await iterator.next())
    }

    // MARK: HTTP/1.0

    @Test(
        "HTTP/1.0 gets a body of a known length, and then the end of the connection",
        arguments: [
            ("GET /-/healthy", "200 OK", "4", "fine"),
            ("HEAD /-/healthy", "200 OK", "4", ""),
            ("GET /api/v1/query?query=up", "200 OK", "4", "<up>"),
            ("GET /api/v1/short", "200 OK", "5", "short"),
            ("GET /none", "404 Not Found", "19", "404 page not found\n"),
            ("GET //x", "301 Moved Permanently", "37", "<a href=\"/x\">Moved Permanently</a>.\n\n"),
            ("OPTIONS /api/v1/query", "204 No Content", nil, ""),
        ] as [(String, String, String?, String)])
    func oldVersion(
        _ request: String, _ status: String, _ length: String?, _ body: String
    ) async throws {
        let text = try await answers(to: "\(request) HTTP/1.0\r\n\r\n")
        #expect(text.hasPrefix("HTTP/1.0 \(status)\r\n"))
        #expect(text.hasSuffix("\r\n\r\n\(body)"))
        #expect(text.contains("\r\nConnection: close\r\n"))
        #expect(!text.lowercased().contains("transfer-encoding"))
        #expect(text.contains("Content-Length: \(length ?? "")") == (length != nil))
    }

    @Test("HTTP/1.0 asks more on a connection that it wants kept, pipelined and compressed too")
    func oldVersionKept() async throws {
        let requests = ["/api/v1/query?query=a", "/none", "/api/v1/short", "/-/healthy"]
        let kept = requests.map { "GET \($0) HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n" }
        let last = "GET /api/v1/query?query=b HTTP/1.0\r\n\r\n"
        let text = try await answers(to: kept.joined() + last)
        let each = text.components(separatedBy: "HTTP/1.0 ").dropFirst()
        #expect(each.map { String($0.prefix(3)) } == ["200", "404", "200", "200", "200"])
        #expect(each.dropLast().allSatisfy { $0.contains("\r\nConnection: keep-alive\r\n") })
        #expect(each.allSatisfy { $0.contains("\r\nContent-Length: ") })
        #expect(text.hasSuffix("<b>"))

        let packed =
            "GET /api/v1/query HTTP/1.0\r\nConnection: keep-alive\r\nAccept-Encoding: gzip\r\n\r\n"
        let twice = try await answers(to: packed + last)
        #expect(twice.contains("\r\nContent-Encoding: gzip\r\n"))
        #expect(twice.hasSuffix("<b>"))
    }

    @Test("A long answer in HTTP/1.0 ends with the connection, though it was to be kept")
    func oldVersionStreamed() async throws {
        for coding in ["identity", "gzip"] {
            let text = try await answers(
                to: "GET /api/v1/long HTTP/1.0\r\nConnection: keep-alive\r\n"
                    + "Accept-Encoding: \(coding)\r\n\r\nGET /-/healthy HTTP/1.0\r\n\r\n")
            let isLong = coding == "identity"
            #expect(text.hasPrefix("HTTP/1.0 200 OK\r\n"))
            #expect(!text.lowercased().contains("transfer-encoding"))
            #expect(text.contains("\r\nConnection: close\r\n"))
            #expect(text.contains("Content-Length") != isLong)
            if isLong { #expect(text.hasSuffix(String(repeating: "a", count: 300_000))) }
        }
    }

    @Test("An answer in HTTP/1.0 that breaks off resets the connection, so that it seems not whole")
    func oldVersionBrokenOff() async throws {
        await #expect(throws: (any Error).self) {
            try await answers(to: "GET /broken HTTP/1.0\r\n\r\n")
        }
    }

    @Test("HTTP/1.1 is told when its connection ends, and 1.2 is answered like it")
    func newVersions() async throws {
        let text = try await answers(
            to: "GET /-/healthy HTTP/1.2\r\nHost: a\r\n\r\n"
                + "GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n")
        let each = text.components(separatedBy: "HTTP/1.1 200 OK\r\n").dropFirst()
        #expect(each.map { $0.contains("\r\nConnection: close\r\n") } == [false, true])
    }

    @Test("A handler sees the host that was asked for")
    func host() async throws {
        let text = try await answers(
            to: "GET /host HTTP/1.1\r\nHost: evil.example:9\r\nConnection: close\r\n\r\n")
        #expect(text.hasSuffix("evil.example:9"))
    }

    // MARK: What is no request

    private static let post = "POST /api/v1/query HTTP/1.1\r\nHost: a\r\n"
    private static let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

    @Test(
        "What is no request is refused in Prometheus's shape, and the connection ends",
        arguments: [
            ("nonsense\r\n\r\n", 400, "malformed request line"),
            ("GET /\r\n\r\n", 400, "malformed request line"),
            ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed request line"),
            ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed request line"),
            ("\u{16}\u{3}\u{1}\r\n\r\n", 400, "malformed request line"),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed HTTP version"),
            ("GET /?a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed HTTP version"),
            ("GET / http/1.1\r\nHost: a\r\n\r\n", 400, "malformed HTTP version"),
            ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, "malformed HTTP version"),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "unsupported protocol version"),
            ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505, "unsupported protocol version"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "unsupported protocol version"),
            ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid request target"),
            ("GET foo HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid request target"),
            ("GET /?a\u{1}b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid request target"),
            ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid escape in the path"),
            ("GET / HTTP/1.1\nHost: a\n\n", 400, "a line of the request does not end with CRLF"),
            ("GET / HTTP/1.1\r\n\r\n", 400, "missing required Host header"),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "too many Host headers"),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "malformed Host header"),
            ("GET / HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n", 400, "invalid header name"),
            ("GET / HTTP/1.1\r\nHost: a\r\nfoo : x\r\n\r\n", 400, "invalid header name"),
            ("GET / HTTP/1.1\r\nHost: a\r\nfoo: x\r\n y\r\n\r\n", 400, "invalid header name"),
            ("GET / HTTP/1.1\r\nHost: a\r\nfoo: x\ry\r\n\r\n", 400, "invalid header value"),
            (post + "Content-Length: x\r\n\r\n", 400, "bad Content-Length"),
            (post + "Content-Length: -1\r\n\r\n", 400, "bad Content-Length"),
            (post + "Content-Length: +1\r\n\r\n", 400, "bad Content-Length"),
            (post + "Content-Length:\r\n\r\n", 400, "bad Content-Length"),
            (post + "Content-Length: 1, 1\r\n\r\n", 400, "bad Content-Length"),
            (post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "bad Content-Length"),
            (post + "Content-Length: 99999999999999999999\r\n\r\n", 400, "bad Content-Length"),
            (
                post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                "both Transfer-Encoding and Content-Length"
            ),
            (
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                "Transfer-Encoding in HTTP/1.0"
            ),
            (
                post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501,
                "unsupported transfer encoding"
            ),
            (post + "Transfer-Encoding: identity\r\n\r\n", 501, "unsupported transfer encoding"),
            (
                post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501,
                "unsupported transfer encoding"
            ),
            (post + "Expect: a miracle\r\n\r\n", 417, "unknown expectation"),
            (chunked + "zz\r\n", 400, "malformed chunked encoding"),
            (chunked + "0x1\r\n", 400, "malformed chunked encoding"),
            (chunked + "1 \r\n", 400, "malformed chunked encoding"),
            (chunked + "\r\n", 400, "malformed chunked encoding"),
            (chunked + "1\r\nabc", 400, "malformed chunked encoding"),
            (chunked + "1000000000000000\r\n", 400, "malformed chunked encoding"),
            (chunked + "1\na\n0\n\n", 400, "a line of the request does not end with CRLF"),
            (chunked + "0\r\nfoo\r\n\r\n", 400, "invalid header name"),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 2000)
                    + "\r\n\r\n",
                431, "the head of the request exceeds 1000 bytes"
            ),
            (
                "GET /" + String(repeating: "a", count: 200_000), 431,
                "the head of the request exceeds 1000 bytes"
            ),
        ] as [(String, Int, String)])
    func refused(_ sent: String, _ status: Int, _ message: String) async throws {
        var limits = ServerLimits()
        limits.headerBytes = 1000
        // The request before is answered, and what comes after is no request any more.
        let before = "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"
        let text = try await answers(to: before + sent + before, limits: limits)
        let parts = text.components(separatedBy: "HTTP/1.1 ").dropFirst()
        #expect(parts.count == 2)
        let answer = try #require(parts.last)
        #expect(answer.hasPrefix("\(status) "))
        #expect(!answer.hasPrefix("\(status) status"))
        #expect(answer.contains("\r\nContent-Type: application/json\r\n"))
        #expect(answer.contains("\r\nConnection: close\r\n"))
        let json = #"{"status":"error","errorType":"bad_data","error":"\#(message)"}"#
        #expect(answer.hasSuffix("\r\n\r\n" + json))
        #expect(answer.contains("\r\nContent-Length: \(json.utf8.count)\r\n"))
    }

    @Test("A request that does not come is not waited for, and one that began is told so")
    func silence() async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(300)
        let late =
            #"{"status":"error","errorType":"bad_data","error":"the request did not come in time"}"#
        for begun in [
            "G", "GET / HTTP/1.1\r\nHost: a\r\n", Self.post + "Content-Length: 9\r\n\r\nq",
        ] {
            let text = try await answers(to: begun, limits: limits)
            #expect(text.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
            #expect(text.hasSuffix(late))
        }
        limits.headTimeout = .seconds(10)
        limits.idleTimeout = .seconds(2)
        let healthy = "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(try await answers(to: healthy, limits: limits).hasSuffix("fine"))
    }

    @Test("A body is asked for with 100 when it is wanted, and not otherwise")
    func expectation() async throws {
        let expecting = Self.post + "Expect: 100-continue\r\nConnection: close\r\n"
        let wanted = try await answers(to: expecting + "Content-Length: 1\r\n\r\na")
        #expect(wanted.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
        let tooLarge = try await answers(to: expecting + "Content-Length: 99999999\r\n\r\n")
        #expect(tooLarge.hasPrefix("HTTP/1.1 413 "))
        let nothing = try await answers(to: expecting + "\r\n")
        #expect(nothing.hasPrefix("HTTP/1.1 200 "))
    }

    @Test("Bytes outside of ASCII and quotes reach a handler as if they were escaped")
    func rawTarget() async throws {
        let query = #"x{u="é",v=~"a|b\\^`<>"}"#
        let text = try await answers(
            to: "GET /api/v1/query?query=\(query) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(text.hasSuffix("\r\n\r\n<\(query)>"))
        let long = String(repeating: "é", count: 44_000)
        let whole = try await answers(
            to: "GET /api/v1/query?query=\(long) HTTP/1.0\r\n\r\n")
        #expect(whole.hasSuffix("\r\n\r\n<\(long)>"))
    }
}
