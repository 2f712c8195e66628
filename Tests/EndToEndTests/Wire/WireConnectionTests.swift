import RealServers
import Testing

/// The bytes below a request: what a real Prometheus takes for one, the gateway does too, and what
/// both refuse ends the connection in the same place. Where data is asked for, the Host is one that
/// the gateway without `auth` answers to.
extension WireTests {
    /// The statuses of the answers to some bytes, with those to a request that comes after them.
    private static func statuses(_ server: HTTPAddress, _ bytes: [UInt8]) throws -> [String] {
        let last = "GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        let socket = try Socket(connectingTo: server.port, timeout: 20)
        try socket.write(bytes + Array(last.utf8))
        var received: [UInt8] = []
        while let piece = try? socket.read(), !piece.isEmpty { received += piece }
        let text = String(decoding: received, as: UTF8.self)
        return text.matches(of: /HTTP\/1\.[01] ([0-9]{3}) [^\r\n]*\r\n/).map {
            String($0.output.1)
        }
    }

    private func compare(_ sent: [(name: String, bytes: [UInt8])]) async throws {
        let scene = try WireScene.required()
        try await offPool {
            for (name, bytes) in sent {
                let theirs = try Self.statuses(scene.plain.address, bytes)
                let ours = try Self.statuses(HTTPAddress(port: scene.gateway.port), bytes)
                #expect(ours == theirs, "\(name)")
            }
        }
    }

    @Test("Every byte is read or refused in a query, a path, a method and a header as there")
    func everyByte() async throws {
        let places = [
            ("GET /api/v1/query?query=\"x", "y\"&time=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            ("GET /api/v1/label/x", "y/values HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            ("GET //x", "y HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("G", "T /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("GET /-/healthy HTTP/1.1\r\nHost: a\r\nf", "o: x\r\n\r\n"),
            ("GET /-/healthy HTTP/1.1\r\nHost: a\r\nfoo: x", "y\r\n\r\n"),
            ("GET /-/healthy HTTP/1.1\r\nHost: x", "y\r\n\r\n"),
        ]
        for (before, after) in places {
            // A single LF ends a line there, and never here.
            try await compare(
                (UInt8(1)...255).filter { $0 != 10 }.map { byte in
                    ("\(byte) in \(before)", Array(before.utf8) + [byte] + Array(after.utf8))
                })
        }
    }

    private static let post = "POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\n"
    private static let form = post + "Content-Type: application/x-www-form-urlencoded\r\n"

    @Test("Versions, targets, lengths and chunks are read or refused as there")
    func requests() async throws {
        let host = "\r\nHost: a\r\n\r\n"
        let sent: [String] = [
            "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "GET / HTTP/1.2" + host, "GET / HTTP/1.9" + host, "GET / HTTP/2.0" + host,
            "GET / HTTP/0.9" + host, "GET / http/1.1" + host, "GET / HTTP/1.10" + host,
            "GET / HTTP/1" + host, "GET / HTTP/1.x" + host, "GET /\r\n\r\n", "GET\r\n\r\n",
            "GET  / HTTP/1.1" + host, "GET /  HTTP/1.1" + host, "GET\t/\tHTTP/1.1" + host,
            " GET / HTTP/1.1" + host, "\r\nGET / HTTP/1.1" + host, "GET  HTTP/1.1" + host,
            "GET foo HTTP/1.1" + host, "GET http://x.y/-/healthy?q HTTP/1.1" + host,
            "GET ftp://x.y/-/healthy HTTP/1.1" + host, "GET http://x.y?q HTTP/1.1" + host,
            "OPTIONS * HTTP/1.1" + host, "GET * HTTP/1.1" + host, "CONNECT a:80 HTTP/1.1" + host,
            "GET /%zz HTTP/1.1" + host, "GET /-/healthy#x HTTP/1.1" + host,
            "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost:\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nfoo : x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
            "GET /-/healthy HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            Self.form + "Content-Length: 7\r\n\r\nquery=1", Self.form + "\r\n",
            Self.form + "Content-Length: 7\r\nContent-Length: 7\r\n\r\nquery=1",
            Self.form + "Content-Length: 7\r\nContent-Length: 8\r\n\r\nquery=1",
            Self.form + "Content-Length: 7, 7\r\n\r\nquery=1",
            Self.form + "Content-Length: +7\r\n\r\nquery=1",
            Self.form + "Content-Length: -7\r\n\r\nquery=1",
            Self.form + "Content-Length: 99999999999999999999\r\n\r\nquery=1",
            Self.form + "Content-Length: 7\r\nExpect: 100-continue\r\n\r\nquery=1",
            Self.form + "Content-Length: 7\r\nExpect: more\r\n\r\nquery=1",
            Self.form + "Transfer-Encoding: chunked\r\n\r\n7\r\nquery=1\r\n0\r\n\r\n",
            Self.form + "Transfer-Encoding: Chunked\r\n\r\n7;a=b\r\nquery=1\r\n0\r\nT: x\r\n\r\n",
            Self.form + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            Self.form + "Transfer-Encoding: identity\r\n\r\n",
            Self.form + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        ]
        try await compare(sent.map { ($0, Array($0.utf8)) })
    }

    @Test("What two readers could divide in two ways is refused, though Prometheus guesses")
    func guesses() async throws {
        let scene = try WireScene.required()
        let sent = [
            "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\r\nfoo: x\r\n y\r\n\r\n",
            Self.form + "Content-Length:\r\n\r\n",
            Self.form + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            Self.form + "Transfer-Encoding: chunked\r\n\r\n7 \r\nquery=1\r\n0\r\n\r\n",
            Self.form.replacing("HTTP/1.1", with: "HTTP/1.0")
                + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ]
        try await offPool {
            for text in sent {
                let ours = try Self.statuses(
                    HTTPAddress(port: scene.gateway.port), Array(text.utf8))
                #expect(ours == ["400"], "\(text)")
            }
        }
    }

    @Test("A URL of hundreds of kilobytes is read as there")
    func longTargets() async throws {
        try await compare(
            [88_000, 1_000_000, 1_100_000].map { count in
                let value = String(repeating: "a", count: count)
                let text =
                    "GET /api/v1/query?query=1&x=\(value) HTTP/1.1\r\nHost: localhost\r\n\r\n"
                return ("\(count)", Array(text.utf8))
            })
    }
}
