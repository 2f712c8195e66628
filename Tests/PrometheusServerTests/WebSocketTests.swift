import NIOCore
import NIOPosix
import PrometheusServer
import Synchronization
import Testing

/// Connections that speak WebSocket from some request on, as a client without a library sees them.
@Suite struct WebSocketTests {
    private static func handshake(
        _ path: String, connection: String = "keep-alive, Upgrade", version: String = "13",
        key: String = "dGhlIHNhbXBsZSBub25jZQ==", origin: String? = nil
    ) -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: \(connection)\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: \(version)\r\nSec-WebSocket-Key: \(key)\r\n"
            + (origin.map { "Origin: \($0)\r\n" } ?? "") + "\r\n"
    }

    /// What a handler notes of its end.
    private final class Log: Sendable {
        let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private static func routes(_ log: Log) -> (inout RouteTable) -> Void {
        { routes in
            routes.on("GET", path: "/count", traits: []) { request in
                .webSocket(for: request) { socket in
                    for number in 1...3 { try await socket.send(Array("number \(number)".utf8)) }
                    try await socket.ping()
                }
            }
            routes.on("GET", path: "/last", traits: []) { request in
                .webSocket(for: request) { socket in
                    try await socket.send(Array("hello".utf8))
                    defer { log.add("ended") }
                    try await Task.sleep(for: .seconds(60))
                }
            }
            routes.on("GET", path: "/fail", traits: []) { request in
                .webSocket(for: request) { _ in throw Failure() }
            }
            routes.on("GET", path: "/long", traits: []) { request in
                .webSocket(for: request) { socket in
                    try await socket.send([UInt8](repeating: 0x61, count: 70_000))
                }
            }
        }
    }

    private struct Failure: Error, CustomStringConvertible {
        var description: String { "it failed" }
    }

    /// Sends texts one after the other, each after something came, and gives all that came.
    private static func talk(
        _ port: Int, _ first: String, _ then: [(after: String, send: [UInt8])] = []
    ) async throws -> [UInt8] {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: first))
            var received: [UInt8] = []
            var rest = then[...]
            for try await piece in inbound {
                received += Array(buffer: piece)
                if let next = rest.first, received.contains(Array(next.after.utf8)) {
                    try await outbound.write(ByteBuffer(bytes: next.send))
                    rest = rest.dropFirst()
                }
            }
            return received
        }
    }

    private static func answer(
        _ first: String, _ then: [(after: String, send: [UInt8])] = [], _ log: Log = Log()
    ) async throws -> [UInt8] {
        let (results, result) = AsyncStream<[UInt8]>.makeStream()
        let sent = then
        try await ServerTests().withServer(routes(log)) { port in
            result.yield(try await talk(port, first, sent))
        }
        var iterator = results.makeAsyncIterator()
        return try #require(await iterator.next())
    }

    /// A frame of a client, which is masked.
    private static func frame(_ opcode: UInt8, _ data: [UInt8]) -> [UInt8] {
        let mask: [UInt8] = [1, 2, 3, 4]
        return [0x80 | opcode, 0x80 | UInt8(data.count)] + mask
            + data.enumerated().map { $0.element ^ mask[$0.offset % 4] }
    }

    @Test func `The upgrade is proven as the standard has it, and frames follow`() async throws {
        let bytes = try await Self.answer(Self.handshake("/count"))
        let head = "HTTP/1.1 101 Switching Protocols\r\n"
        #expect(bytes.starts(with: head.utf8))
        #expect(
            bytes.contains(Array("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n".utf8)))
        let body = bytes.split(separator: Array("\r\n\r\n".utf8), maxSplits: 1).last.map(Array.init)
        var expected: [UInt8] = []
        for number in 1...3 { expected += [0x81, 8] + Array("number \(number)".utf8) }
        // A ping, and 1000: normal.
        expected += [0x89, 0, 0x88, 2, 0x03, 0xE8]
        #expect(body == expected)
    }

    @Test func `A client that takes its leave ends the handler, and is answered`() async throws {
        let log = Log()
        let bytes = try await Self.answer(
            Self.handshake("/last"), [("hello", Self.frame(8, [0x03, 0xE8]))], log)
        #expect(bytes.suffix(4) == [0x88, 2, 0x03, 0xE8])
        #expect(log.all == ["ended"])
    }

    @Test func `A client's ping is answered with the same data`() async throws {
        let bytes = try await Self.answer(
            Self.handshake("/last"),
            [
                ("hello", Self.frame(9, Array("sign".utf8))),
                ("sign", Self.frame(8, [0x03, 0xE8])),
            ])
        #expect(bytes.contains([0x8A, 4] + Array("sign".utf8)))
    }

    @Test func `A handler that fails says so in its farewell`() async throws {
        let bytes = try await Self.answer(Self.handshake("/fail"))
        // 1011: an error of the server.
        #expect(bytes.contains([0x03, 0xF3] + Array("it failed".utf8)))
    }

    @Test func `A long text is one frame`() async throws {
        let bytes = try await Self.answer(Self.handshake("/long"))
        #expect(bytes.contains([0x81, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70, 0x61]))
    }

    @Test func `A frame that is too long, or not masked, ends the connection`() async throws {
        for frame in [
            [0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4], [0x81, 1, 0x61],
        ] as [[UInt8]] {
            let log = Log()
            let bytes = try await Self.answer(Self.handshake("/last"), [("hello", frame)], log)
            #expect(bytes.contains(Array("hello".utf8)))
            #expect(log.all == ["ended"])
        }
    }

    @Test(arguments: [
        handshake("/last", connection: "keep-alive"), handshake("/last", version: "8"),
        handshake("/last", key: "short"),
        "GET /last HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func `Another request is refused, and the connection goes on`(request: String) async throws {
        let bytes = try await Self.answer(
            request, [("Bad Request", Array("GET /no HTTP/1.0\r\n\r\n".utf8))])
        #expect(bytes.starts(with: "HTTP/1.1 400 Bad Request\r\n".utf8))
        #expect(bytes.contains(Array("404 page not found".utf8)))
    }

    @Test(arguments: [
        ("http://a", true), ("https://A", true), ("http://b", false), ("null", false),
        ("http://a.example", false),
    ])
    func `A page opens one where its own address is`(origin: String, isOpened: Bool) async throws {
        let bytes = try await Self.answer(
            Self.handshake("/count", origin: origin),
            [("Forbidden", Array("GET /no HTTP/1.0\r\n\r\n".utf8))])
        let line = isOpened ? "HTTP/1.1 101 Switching Protocols" : "HTTP/1.1 403 Forbidden"
        #expect(bytes.starts(with: line.utf8))
    }
}
