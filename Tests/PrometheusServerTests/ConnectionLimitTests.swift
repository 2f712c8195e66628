import Foundation
import NIOCore
import NIOPosix
import PrometheusServer
import RealServers
import Synchronization
import TestSupport
import Testing

@Suite("Connections that wait, that are slow, and that are too many")
struct ConnectionLimitTests {
    private static let healthy = "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Handlers that hold their requests until they are let go.
    private final class Held: Sendable {
        private let began = Mutex(0)
        private let isOver = Mutex(false)

        func hold() async throws -> PrometheusResponse {
            began.withLock { $0 += 1 }
            while !isOver.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
            return .text("held")
        }

        func waitUntilBegun(_ count: Int) { while began.withLock({ $0 }) < count { usleep(5000) } }

        func end() { isOver.withLock { $0 = true } }
    }

    private func withServer(
        _ change: (inout ServerLimits) -> Void,
        client: @escaping @Sendable (_ port: UInt16, Held) throws -> Void
    ) async throws {
        let held = Held()
        var limits = ServerLimits()
        change(&limits)
        try await ServerTests().withServer(limits: limits) { routes in
            routes.on("GET", path: "/-/healthy", traits: []) { _ in .text("fine") }
            routes.on("GET", path: "/hold", traits: []) { _ in try await held.hold() }
        } client: { port in
            try await offPool { try client(UInt16(port), held) }
        }
    }

    private static func connect(_ port: UInt16, send text: String = "") throws -> Socket {
        let socket = try Socket(connectingTo: port, timeout: 60)
        if !text.isEmpty { try socket.write(text) }
        return socket
    }

    /// What comes up to an end, or to the end of the connection.
    private static func text(from socket: Socket, upTo end: String) throws -> String {
        var text = ""
        while !text.hasSuffix(end) {
            let piece = try socket.read()
            if piece.isEmpty { break }
            text += String(decoding: piece, as: UTF8.self)
        }
        return text
    }

    private static func expectProbe(_ socket: Socket) throws {
        #expect(try text(from: socket, upTo: "fine").hasSuffix("fine"))
    }

    /// A reset ends a connection as well.
    private static func isEnded(_ socket: Socket) -> Bool { (try? socket.read())?.isEmpty ?? true }

    @Test("Connections that ask nothing leave for new ones, those that waited longest first")
    func idle() async throws {
        try await withServer {
            $0.connections = 8
        } client: { port, _ in
            var kept: [Socket] = []
            for _ in 0..<40 {
                kept.append(try Self.connect(port, send: Self.healthy))
                try Self.expectProbe(kept[kept.count - 1])
            }
            for socket in kept[..<32] { #expect(Self.isEnded(socket)) }
            try kept[39].write(Self.healthy)
            try Self.expectProbe(kept[39])
        }
    }

    @Test("A probe is answered while others only connect, or begin a request and never end it")
    func silent() async throws {
        for begun in ["", "GET /"] {
            try await withServer {
                $0.connections = 8
            } client: { port, _ in
                let others = try (0..<16).map { _ in try Self.connect(port, send: begun) }
                let probe = try Self.connect(port, send: Self.healthy)
                try Self.expectProbe(probe)
                #expect(others.count == 16)
            }
        }
    }

    @Test("A connection with a request never leaves for another, and a place is left for probes")
    func busy() async throws {
        try await withServer {
            $0.connections = 4
        } client: { port, held in
            let busy = try (0..<3).map { _ in
                try Self.connect(port, send: "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
            }
            held.waitUntilBegun(3)
            var probes: [Socket] = []
            for _ in 0..<12 {
                probes.append(try Self.connect(port, send: Self.healthy))
                try Self.expectProbe(probes[probes.count - 1])
            }
            held.end()
            for socket in busy {
                #expect(try Self.text(from: socket, upTo: "held").hasSuffix("held"))
            }
        }
    }

    @Test("A client address has its own bound, and loses its own connections beyond it")
    func ofOneClient() async throws {
        try await withServer {
            $0.connectionsPerClient = 2
        } client: { port, held in
            let busy = try (0..<2).map { _ in
                try Self.connect(port, send: "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
            }
            held.waitUntilBegun(2)
            #expect(Self.isEnded(try Self.connect(port)))
            held.end()
            for socket in busy {
                #expect(try Self.text(from: socket, upTo: "held").hasSuffix("held"))
            }
            var kept: [Socket] = []
            for _ in 0..<6 {
                // The answer is out before its connection counts as waiting.
                var isServed = false
                while !isServed {
                    let socket = try Self.connect(port, send: Self.healthy)
                    isServed =
                        (try? Self.text(from: socket, upTo: "fine"))?.hasSuffix("fine") == true
                    kept.append(socket)
                }
            }
            #expect(Self.isEnded(kept[0]))
        }
    }

    // MARK: Slow clients

    /// What the server says while a client sends one piece after the other.
    private func answer(
        toDripping pieces: String, after start: String, _ limits: ServerLimits
    ) async throws -> String {
        let (results, result) = AsyncStream<String>.makeStream()
        try await ServerTests().withServer(limits: limits) { routes in
            routes.on("GET", path: "/-/healthy", traits: []) { _ in .text("fine") }
            routes.on("POST", path: "/read") { .text("read \($0.body.count)") }
        } client: { port in
            let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                            wrappingChannelSynchronously: channel)
                    }
                }
            try await connection.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: start))
                let dripping = Task {
                    while !Task.isCancelled {
                        try await outbound.write(ByteBuffer(string: pieces))
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                var text = ""
                for try await piece in inbound { text += String(buffer: piece) }
                dripping.cancel()
                _ = await dripping.result
                result.yield(text)
            }
        }
        var iterator = results.makeAsyncIterator()
        return try #require(await iterator.next())
    }

    @Test(
        "A head or a body that drips ends with 408, however its bytes are divided",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\nX: ", "a"), ("G", "E"),
            ("GET / HTTP/1.1\r\nHost: a\r\n", "X: y\r\n"),
            (healthy + "GET / HTTP/1.1\r\nHost: a\r\nX: ", "a"),
            ("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", "a"),
            (
                "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                "1\r\na\r\n"
            ),
            (
                healthy + "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                "1;x\r\na\r\n"
            ),
        ])
    func dripping(start: String, pieces: String) async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(500)
        let text = try await answer(toDripping: pieces, after: start, limits)
        #expect(text.hasPrefix("HTTP/1.1 \(start.hasPrefix(Self.healthy) ? "200" : "408") "))
        #expect(text.contains("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(text.hasSuffix(#""error":"the request did not come in time"}"#))
    }

    @Test("A client that takes nothing of its answer is given up")
    func untaken() async throws {
        let (events, source) = AsyncStream<String>.makeStream()
        var limits = ServerLimits()
        limits.idleTimeout = .seconds(1)
        try await ServerTests().withServer(limits: limits) { routes in
            routes.on("GET", path: "/api/v1/query") { _ in
                PrometheusResponse(
                    body: .stream { writer in
                        defer { source.yield("ended") }
                        let piece = [UInt8](repeating: 0x61, count: 1_000_000)
                        for _ in 0..<1000 { try await writer.write(piece) }
                        source.yield("whole")
                    })
            }
        } client: { port in
            let connection = try await ClientBootstrap(
                group: MultiThreadedEventLoopGroup.singleton
            ).channelOption(.autoRead, value: false)
                .connect(host: "127.0.0.1", port: port).get()
            try await connection.writeAndFlush(
                ByteBuffer(string: "GET /api/v1/query HTTP/1.1\r\nHost: a\r\n\r\n"))
            var iterator = events.makeAsyncIterator()
            #expect(await iterator.next() == "ended")
            try? await connection.close()
        }
    }

    // MARK: Half-closed clients

    @Test("A client that only ended its own direction gets its answers")
    func halfClosed() async throws {
        try await ServerTests().withServer { routes in
            routes.on("GET", path: "/late", traits: []) { _ in
                try await Task.sleep(for: .milliseconds(200))
                return .text("late")
            }
            routes.on("POST", path: "/read") { .text("read \($0.body.count)") }
            routes.on("GET", path: "/stream", traits: []) { _ in
                PrometheusResponse(
                    body: .stream { writer in
                        try await Task.sleep(for: .milliseconds(300))
                        try await writer.write(Array("first ".utf8))
                        try await writer.flush()
                        // Longer than a client is waited for that takes nothing.
                        try await Task.sleep(for: .seconds(4))
                        try await writer.write(Array("second".utf8))
                    })
            }
        } client: { port in
            try await offPool {
                let post = "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                let late = "GET /late HTTP/1.1\r\nHost: a\r\n\r\n"
                for (sent, last) in [
                    (late, "late"), (post, "read 3"), (late + post, "read 3"),
                    (late.replacing("1.1", with: "1.0"), "late"),
                    ("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", "second\r\n0\r\n\r\n"),
                    ("GET /late HTTP/1.1\r\nHost", "the request ended before it was whole\"}"),
                ] {
                    let socket = try Self.connect(UInt16(port), send: sent)
                    socket.endWriting()
                    let text = try Self.text(from: socket, upTo: "nothing")
                    #expect(text.hasSuffix(last), "\(text)")
                }
            }
        }
    }
}
