import Glibc
import GoText
import RealServers
import Redis
import Synchronization
import TestSupport
import Testing
import UpstreamSettings

/// What a server that speaks Redis's protocol badly does to those who ask it.
@Suite(.timeLimit(.minutes(2))) struct RedisClientTests {
    /// Answers a first `PING`, then whatever a script says to what was sent.
    private final class RudeServer: Sendable {
        let port: UInt16
        let connections = Mutex(0)

        init(_ script: @escaping @Sendable (Socket) throws -> Void) throws {
            port = try LoopbackPort.free()
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = Socket.loopback(port)
            let isBound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            guard isBound, listen(listener, 16) == 0 else { throw TestFailure("cannot listen") }
            Detached.run { [self] in
                while true {
                    let descriptor = accept(listener, nil, nil)
                    if descriptor < 0 { return }
                    connections.withLock { $0 += 1 }
                    Detached.run {
                        let socket = Socket(descriptor: descriptor)
                        socket.limitSilence(to: 30)
                        _ = try? socket.read()
                        try? socket.write("+PONG\r\n")
                        try? script(socket)
                    }
                }
            }
        }

        var client: RedisClient {
            get throws {
                RedisClient(
                    .init(
                        address: try RedisAddress("redis://127.0.0.1:\(port)"), password: nil,
                        queueBytes: 1000))
            }
        }
    }

    private static func isUp(_ client: RedisClient) async throws {
        for _ in 0..<600 where !client.isUp { try await Task.sleep(for: .milliseconds(50)) }
        try #require(client.isUp)
    }

    private static func ask(_ client: RedisClient, count: Int = 100) async -> [RedisClient.Answer] {
        await client.first(
            count, of: [Array("a".utf8), Array("b".utf8)], until: .now.advanced(by: .seconds(20)))
    }

    @Test(arguments: [
        "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*1000000000\r\n", "hello\r\n", "$x\r\n", "\u{1}\u{1}\r\n",
        "$-7\r\n", "",
    ])
    func whatIsNoAnswerMakesTheServerOneThatIsAway(answer: String) async throws {
        let server = try RudeServer { socket in
            _ = try socket.read()
            try socket.write(answer)
        }
        let client = try server.client
        try await Self.isUp(client)
        #expect(await Self.ask(client) == [.failed, .failed])
    }

    /// Nothing is held beyond what was asked for.
    @Test func anAnswerThatDoesNotEndIsCutOff() async throws {
        let sent = Mutex(0)
        let server = try RudeServer { socket in
            _ = try socket.read()
            try socket.write("$400000000\r\n")
            let piece = [UInt8](repeating: 65, count: 64 << 10)
            for _ in 0..<4000 {
                try socket.write(piece)
                sent.withLock { $0 += piece.count }
            }
        }
        let client = try server.client
        try await Self.isUp(client)
        #expect(await Self.ask(client) == [.failed, .failed])
        // What the system's own buffers took is with it.
        #expect(sent.withLock { $0 } < 64 << 20)
    }

    @Test func aRefusalOfOneQuestionIsNoFailureOfTheServer() async throws {
        let server = try RudeServer { socket in
            while !(try socket.read().isEmpty) {
                try socket.write("-NOPERM no\r\n$1\r\nx\r\n")
            }
        }
        let client = try server.client
        try await Self.isUp(client)
        for _ in 0..<3 { #expect(await Self.ask(client) == [.failed, .found([120])]) }
        #expect(client.isUp)
    }

    @Test func whatWaitsToBeWrittenIsBounded() async throws {
        // It answers nothing, so that nothing leaves the queue.
        let client = RedisClient(
            .init(
                address: try RedisAddress("redis://127.0.0.1:1"), password: nil, queueBytes: 1000))
        let given = Mutex(0)
        for index in 0..<50 {
            client.put([UInt8(index % 25)], bytes: 100) {
                given.withLock { $0 += 1 }
                return nil
            }
        }
        // Ten of the last 25 are left; one at the same key takes the place of the other.
        #expect(client.counts.dropped == 40)
        client.put([0], bytes: 1001) { nil }
        #expect(client.counts.dropped == 41)
        #expect(given.withLock { $0 } == 0)
        #expect(await Self.ask(client) == [.away, .away])
    }

    /// Those that ask while it hangs do not wait, and it is not asked in vain without a pause.
    @Test func aServerThatIsBackIsFoundInTheBackground() async throws {
        let server = try await offPool { try RedisServer() }
        let changes = Mutex<[RedisClient.Change]>([])
        let client = RedisClient(
            .init(
                address: try RedisAddress("redis://127.0.0.1:\(server.port)"), password: nil,
                queueBytes: 1000)
        ) { change in changes.withLock { $0.append(change) } }
        try await Self.isUp(client)
        client.put(Array("a".utf8), bytes: 10) {
            RedisClient.Value(bytes: [1, 2, 3], lifetime: 1_000_000)
        }
        for _ in 0..<600 where client.counts.written == 0 {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(await Self.ask(client, count: 2) == [.found([1, 2]), .found([])])
        client.remove(Array("a".utf8))
        for _ in 0..<600 where client.counts.written == 1 {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(await Self.ask(client) == [.found([]), .found([])])
        try await offPool { server.stop() }
        #expect(await Self.ask(client) == [.failed, .failed])
        #expect(await Self.ask(client) == [.away, .away])
        try await offPool { try server.start() }
        try await Self.isUp(client)
        #expect(await Self.ask(client) == [.found([]), .found([])])
        let told = changes.withLock { $0 }
        #expect(told.count == 2 && told.last == .back, "\(told)")
    }

    /// As those of a server with `timeout`: an idle connection that it closed is made anew.
    @Test func aConnectionThatTheServerClosedIsMadeAnew() async throws {
        let server = try await offPool { try RedisServer() }
        let client = RedisClient(
            .init(
                address: try RedisAddress("redis://127.0.0.1:\(server.port)"), password: nil,
                queueBytes: 1000))
        try await Self.isUp(client)
        for _ in 0..<4 {
            #expect(await Self.ask(client) == [.found([]), .found([])])
            _ = try await offPool { try server.call("CLIENT", "KILL", "TYPE", "normal") }
        }
        #expect(await Self.ask(client) == [.found([]), .found([])])
    }
}

/// A thread for something that blocks.
private enum Detached {
    static func run(_ work: @escaping @Sendable () -> Void) {
        Task.detached { await offPoolDetached(work) }
    }

    private static func offPoolDetached(_ work: @escaping @Sendable () -> Void) async {
        _ = try? await offPool { work() }
    }
}
