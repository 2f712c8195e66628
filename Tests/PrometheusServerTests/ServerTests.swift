import Logging
import NIOCore
import NIOPosix
import PrometheusServer
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@Suite("The server on a socket")
struct ServerTests {
    /// Runs a server on a free port for the time of the operation.
    func withServer(
        limits: ServerLimits = ServerLimits(),
        log: CompletionLog = CompletionLog(), _ register: (inout RouteTable) -> Void,
        client: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        var routes = RouteTable()
        register(&routes)
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = PrometheusServer(
            responder: PrometheusResponder(routes: routes), host: "127.0.0.1", port: 0,
            limits: limits, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onListening: { listening.yield($0) }, onCompleted: { log.append($0.isWhole) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            #expect(port > 0)
            try await client(port)
            group.cancelAll()
        }
    }

    /// Opens a plain connection, sends text, and reads until the condition holds or input ends.
    func exchange(
        _ port: Int, send text: String, until isEnough: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            var received = ""
            if isEnough(received) { return received }
            for try await piece in inbound {
                received += String(buffer: piece)
                if isEnough(received) { break }
            }
            return received
        }
    }

    @Test("Two requests share a connection, the POST's form included")
    func keepAlive() async throws {
        try await withServer { routes in
            routes.on("GET", "POST", path: "/api/v1/query") { request in
                .json(Array("<\(request.parameter("query"))>".utf8))
            }
        } client: { port in
            let both =
                "POST /api/v1/query?query=url HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\n\r\nquery=up"
                + "GET /api/v1/query?query=two HTTP/1.1\r\nHost: a\r\n\r\n"
            let text = try await exchange(port, send: both) { $0.contains("<two>") }
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(text.contains("<up>HTTP/1.1 200 OK\r\n"))
            #expect(text.contains("Content-Length: 4\r\n"))
            #expect(text.contains("\r\nDate: "))
            #expect(!text.contains("Transfer-Encoding"))
        }
    }

    @Test("HEAD, 204 and errors are framed so that the connection goes on")
    func framing() async throws {
        try await withServer { routes in
            routes.answerOptions(path: "/api/v1/*")
            routes.on("GET", "HEAD", path: "/-/healthy", traits: []) { _ in .text("fine") }
        } client: { port in
            let requests = ["HEAD /-/healthy", "OPTIONS /api/v1/x", "GET /none", "GET /-/healthy"]
            let text = requests.map { "\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
            let answer = try await exchange(port, send: text) { $0.hasSuffix("fine") }
            let statuses = answer.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
            #expect(statuses == ["200", "204", "404", "200"])
        }
    }

    @Test("A client that goes away cancels its handler soon")
    func disconnect() async throws {
        let (events, source) = AsyncStream<String>.makeStream()
        try await withServer { routes in
            routes.on("POST", path: "/api/v1/query") { _ in
                source.yield("began")
                do {
                    try await Task.sleep(for: .seconds(60))
                } catch {
                    source.yield("cancelled")
                    throw error
                }
                return .json([])
            }
        } client: { port in
            var iterator = events.makeAsyncIterator()
            let request =
                "POST /api/v1/query HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\n\r\nq"
            let client = Task { try await exchange(port, send: request) { _ in false } }
            #expect(await iterator.next() == "began")
            client.cancel()
            #expect(await iterator.next() == "cancelled")
            _ = try? await client.value
        }
    }

    @Test("A client that goes away in the middle of a stream cancels its producer")
    func disconnectWhileStreaming() async throws {
        let (events, source) = AsyncStream<String>.makeStream()
        try await withServer { routes in
            routes.on("GET", path: "/api/v1/query") { _ in
                PrometheusResponse(
                    body: .stream { writer in
                        try await writer.write(Array("first".utf8))
                        try await writer.flush()
                        do {
                            try await Task.sleep(for: .seconds(60))
                        } catch {
                            source.yield("cancelled")
                            throw error
                        }
                    })
            }
        } client: { port in
            var iterator = events.makeAsyncIterator()
            let request = "GET /api/v1/query HTTP/1.1\r\nHost: a\r\n\r\n"
            let text = try await exchange(port, send: request) { $0.contains("first") }
            #expect(text.contains("transfer-encoding: chunked\r\n"))
            #expect(await iterator.next() == "cancelled")
        }
    }

    @Test("A slow reader holds the producer back")
    func backPressure() async throws {
        let written = Mutex(0)
        try await withServer { routes in
            routes.on("GET", path: "/api/v1/query") { _ in
                PrometheusResponse(
                    body: .stream { writer in
                        let piece = [UInt8](repeating: 0x61, count: 100_000)
                        for _ in 0..<1000 {
                            try await writer.write(piece)
                            written.withLock { $0 += piece.count }
                        }
                    })
            }
        } client: { port in
            let connection = try await ClientBootstrap(
                group: MultiThreadedEventLoopGroup.singleton
            ).channelOption(.autoRead, value: false)
                .connect(host: "127.0.0.1", port: port).get()
            let request = ByteBuffer(string: "GET /api/v1/query HTTP/1.1\r\nHost: a\r\n\r\n")
            try await connection.writeAndFlush(request)
            var last = -1
            while last != written.withLock({ $0 }) || last == 0 {
                last = written.withLock { $0 }
                try await Task.sleep(for: .milliseconds(200))
            }
            // What the kernel's buffers take, and no more of the 100 MB.
            #expect(last < 30_000_000)
            try await connection.close()
        }
    }

    @Test("An error before the first byte is an error answer, one after it breaks off")
    func errors() async throws {
        struct Broken: Error {}
        let log = CompletionLog()
        try await withServer(log: log) { routes in
            routes.on("GET", path: "/early") { _ in
                PrometheusResponse(
                    body: .stream { writer in
                        try await writer.write(Array("never seen".utf8))
                        throw Broken()
                    })
            }
            routes.on("GET", path: "/late") { _ in
                PrometheusResponse(
                    body: .stream { writer in
                        try await writer.write(Array("seen".utf8))
                        try await writer.flush()
                        throw Broken()
                    })
            }
        } client: { port in
            let early = "GET /early HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
            let first = try await PlainHTTPClient().send(
                host: "127.0.0.1", port: port, target: "/early",
                headers: ["Accept-Encoding": "gzip"])
            #expect(first.status == 500)
            #expect(
                String(decoding: inflated(first.body) ?? [], as: UTF8.self)
                    .contains("\"errorType\":\"internal\""))
            _ = try await exchange(port, send: early) { $0.contains("500") }
            let late = "GET /late HTTP/1.1\r\nHost: a\r\n\r\n"
            // Reads to the end of input: the server closes, and without the last chunk.
            let text = try await exchange(port, send: late) { _ in false }
            #expect(text.contains("seen"))
            #expect(!text.hasSuffix("0\r\n\r\n"))
        }
        // An answer may be noted after its client has gone on.
        #expect(log.areWhole.filter { $0 }.count == 2 && log.areWhole.count == 3)
    }

    @Test("Bodies over the limit are refused, announced or not")
    func bodyLimit() async throws {
        var limits = ServerLimits()
        limits.formBytes = 10
        try await withServer(limits: limits) { routes in
            routes.on("POST", path: "/api/v1/query") { request in
                .json(Array("<\(request.parameter("q"))>".utf8))
            }
        } client: { port in
            let head =
                "POST /api/v1/query HTTP/1.1\r\nHost: a\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\n"
            let announced = head + "Content-Length: 11\r\n\r\nq=345678901"
            let chunked = head + "Transfer-Encoding: chunked\r\n\r\nb\r\nq=345678901\r\n0\r\n\r\n"
            for tooLarge in [announced, chunked] {
                let answer = try await exchange(port, send: tooLarge) { _ in false }
                #expect(answer.hasPrefix("HTTP/1.1 413 Request Entity Too Large\r\n"))
                #expect(answer.contains("\r\nConnection: close\r\n"))
                #expect(
                    answer.hasSuffix(
                        #"{"status":"error","errorType":"bad_data","error":"the body of the "#
                            + #"request exceeds 10 bytes"}"#))
            }
            let fitting = head + "Content-Length: 10\r\n\r\nq=34567890"
            let answer = try await exchange(port, send: fitting) { $0.contains(">") }
            #expect(answer.contains("<34567890>"))
        }
    }

    @Test("A body is not read for a client that is refused, and a long one ends the connection")
    func refusedBody() async throws {
        try await withServer { routes in
            routes.takesBody = { headers, _ in headers["X-API-Key"] == "right" }
            routes.on("POST", path: "/api/v1/query") { request in
                guard request.headers["X-API-Key"] == "right" else {
                    return .text(status: 401, "refused \(request.body.count)")
                }
                return .text("read \(request.body.count)")
            }
        } client: { port in
            let head = "POST /api/v1/query HTTP/1.1\r\nHost: a\r\n"
            // The body never comes; the answer does not wait for it.
            for framing in [
                "Content-Length: 30000000\r\n", "Transfer-Encoding: chunked\r\n",
                "Content-Length: 5\r\nExpect: 100-continue\r\n",
            ] {
                let answer = try await exchange(port, send: head + framing + "\r\n") { _ in false }
                #expect(answer.hasPrefix("HTTP/1.1 401 "))
                #expect(answer.contains("\r\nConnection: close\r\n"))
                #expect(answer.hasSuffix("refused 0"))
            }
            // What is short is passed over, and the connection goes on.
            let short = head + "Content-Length: 5\r\n\r\nabcde"
            let right = head + "X-API-Key: right\r\nContent-Length: 5\r\n\r\nabcde"
            let both = try await exchange(port, send: short + right) { $0.hasSuffix("read 5") }
            #expect(both.contains("refused 0HTTP/1.1 200 OK"))
        }
    }

    @Test("The bodies of all requests under way have one budget, which is given back")
    func requestMemory() async throws {
        var limits = ServerLimits()
        limits.requestBytes = 1000
        let (began, beginning) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        try await withServer(limits: limits) { routes in
            routes.on("POST", path: "/hold") { request in
                beginning.yield()
                var iterator = released.makeAsyncIterator()
                await iterator.next()
                return .text("held \(request.body.count)")
            }
            routes.on("POST", path: "/api/v1/query") { .text("read \($0.body.count)") }
        } client: { port in
            let text = { @Sendable (path: String, count: Int) in
                "POST \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                    + "Content-Length: \(count)\r\n\r\n" + String(repeating: "a", count: count)
            }
            let alone = try await exchange(port, send: text("/api/v1/query", 1001)) { _ in false }
            #expect(alone.hasPrefix("HTTP/1.1 413 "))
            let holding = Task {
                try await exchange(port, send: text("/hold", 800)) { _ in false }
            }
            var iterator = began.makeAsyncIterator()
            await iterator.next()
            let refused = try await exchange(port, send: text("/api/v1/query", 300)) { _ in false }
            #expect(refused.hasPrefix("HTTP/1.1 503 "))
            #expect(refused.contains(#""errorType":"unavailable""#))
            #expect(refused.contains("limits.maxRequestMemory"))
            let fitting = try await exchange(port, send: text("/api/v1/query", 200)) { _ in false }
            #expect(fitting.hasSuffix("read 200"))
            release.yield()
            #expect(try await holding.value.hasSuffix("held 800"))
            let after = try await exchange(port, send: text("/api/v1/query", 1000)) { _ in false }
            #expect(after.hasSuffix("read 1000"))
        }
    }

    @Test("A graceful shutdown lets the request under way end and refuses what comes after")
    func shutdown() async throws {
        let (events, source) = AsyncStream<String>.makeStream()
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let (permits, permit) = AsyncStream<Void>.makeStream()
        var routes = RouteTable()
        routes.on("GET", path: "/slow") { _ in
            source.yield("began")
            for await _ in permits { break }
            return .text("whole")
        }
        let server = PrometheusServer(
            responder: PrometheusResponder(routes: routes), host: "127.0.0.1", port: 0,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onListening: { listening.yield($0) })
        let group = ServiceGroup(services: [server], logger: server.logger)
        let running = Task { try await group.run() }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let request = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
        let client = Task { try await exchange(port, send: request) { _ in false } }
        var begun = events.makeAsyncIterator()
        #expect(await begun.next() == "began")
        await group.triggerGracefulShutdown()
        while server.responder.readiness.state != .stopping { await Task.yield() }
        permit.yield()
        #expect(try await client.value.hasSuffix("whole"))
        try await running.value
        await #expect(throws: (any Error).self) {
            try await exchange(port, send: request) { _ in false }
        }
    }

    @Test("The plain client gives up in time and on bodies that are too large")
    func plainClient() async throws {
        try await withServer { routes in
            routes.on("GET", path: "/slow") { _ in
                try await Task.sleep(for: .seconds(60))
                return .json([])
            }
            routes.on("GET", "POST", path: "/echo") { request in
                .json([UInt8](repeating: 0x20, count: Int(request.parameter("n")) ?? 0))
            }
        } client: { port in
            let client = PlainHTTPClient(timeout: .seconds(1), maximumBodyBytes: 1000)
            await #expect(throws: PlainHTTPClient.Failure.timedOut) {
                try await client.send(host: "127.0.0.1", port: port, target: "/slow")
            }
            let patient = PlainHTTPClient(maximumBodyBytes: 1000)
            await #expect(throws: PlainHTTPClient.Failure.bodyTooLarge(limit: 1000)) {
                try await patient.send(host: "127.0.0.1", port: port, target: "/echo?n=1001")
            }
            let answer = try await patient.send(
                "POST", host: "127.0.0.1", port: port, target: "/echo",
                headers: ["Content-Type": "application/x-www-form-urlencoded"],
                body: Array("n=1000".utf8))
            #expect(answer.status == 200)
            #expect(answer.body.count == 1000)
            #expect(answer.headers["content-type"] == "application/json")
        }
    }
}

/// Remembers which answers reached their client wholly.
final class CompletionLog: Sendable {
    private let entries = Mutex<[Bool]>([])

    var areWhole: [Bool] { entries.withLock { $0 } }

    func append(_ isWhole: Bool) { entries.withLock { $0.append(isWhole) } }
}
