import Foundation
import GatewayConfiguration
import GoText
import Logging
import NIOCore
import NIOPosix
import PrometheusServer
import PrometheusWire
import TelemetryDoubles
import Testing

@testable import Gateway

/// Lines of two members as they come, over a WebSocket.
@Suite(.closesGateways) struct LogTailTests {
    private static func store(_ lines: [(time: Int64, line: String)]) -> LogStore {
        var store = LogStore()
        store.push(
            labels: ["app": "x"], entries: lines.map { LogEntry(time: $0.time, line: $0.line) })
        return store
    }

    /// Serves a gateway over two members, and gives what its tail sends until it is enough.
    ///
    /// - Parameter afterwards: Runs once the client has left, while the gateway still serves.
    private static func tail(
        _ a: TelemetryServer, _ b: TelemetryServer, query: String = "", settings: String = "",
        until isEnough: @escaping @Sendable (String) -> Bool,
        afterwards: @Sendable () async throws -> Void = {}
    ) async throws -> String {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = try GatewayApplication(
            configuration: Configuration.parse(
                """
                listen_address: 127.0.0.1:0
                projects:
                  - {name: a, loki: {url: "\(a.url)"}}
                  - {name: b, loki: {url: "\(b.url)"}}
                  - {name: all, memberProjects: [a, b]\(settings)}
                """, path: "c.yaml"), logger: logger
        ).closedAtTheEnd()
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = application.server { listening.yield($0) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let received = try await talk(port, query, until: isEnough)
            try await afterwards()
            group.cancelAll()
            return received
        }
    }

    private static func talk(
        _ port: Int, _ query: String, until isEnough: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(
                ByteBuffer(
                    string: "GET /p/all/loki/api/v1/tail?\(query) HTTP/1.1\r\nHost: localhost\r\n"
                        + "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                        + "Sec-WebSocket-Version: 13\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
            var received: [UInt8] = []
            for try await piece in inbound {
                received += Array(buffer: piece)
                if isEnough(String(decoding: received, as: UTF8.self)) { break }
            }
            return String(decoding: received, as: UTF8.self)
        }
    }

    private static let selector = "query=%7Bapp%3D%22x%22%7D"

    @Test func `12: lines of the past and of now come in order, of both members`() async throws {
        let now = WallClock.now().milliseconds * 1_000_000
        let second: Int64 = 1_000_000_000
        let a = try TelemetryServer(
            LokiDouble(Self.store([(now - 10 * second, "past-1"), (now + second, "live-1")])))
        let b = try TelemetryServer(
            LokiDouble(Self.store([(now - 9 * second, "past-2"), (now + second + 1, "live-2")])))
        let text = try await Self.tail(a, b, query: Self.selector) {
            $0.contains("live-2")
        } afterwards: {
            // The client has left: nobody is asked any more.
            try await Task.sleep(for: .milliseconds(500))
            let asked = a.requests.count
            try await Task.sleep(for: .seconds(3))
            #expect(a.requests.count <= asked + 1)
        }
        #expect(text.hasPrefix("HTTP/1.1 101 "))
        let places = ["past-1", "past-2", "live-1", "live-2"].map { line in
            text.range(of: line)?.lowerBound
        }
        #expect(places.allSatisfy { $0 != nil })
        #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
        #expect(text.contains(#""project":"a""#) && text.contains(#""project":"b""#))
    }

    @Test func `A member that fails holds up no other`() async throws {
        let now = WallClock.now().milliseconds * 1_000_000
        let a = try TelemetryServer(LokiDouble(Self.store([(now + 1_000_000_000, "live")])))
        let b = try TelemetryServer(LokiDouble(Self.store([])))
        b.fail(.status(500, "oops"))
        let text = try await Self.tail(a, b, query: Self.selector) { $0.contains("live") }
        #expect(text.contains("live"))
    }

    @Test func `Under abort a member that fails ends the tail, with its name`() async throws {
        let a = try TelemetryServer(LokiDouble(Self.store([])))
        let b = try TelemetryServer(LokiDouble(Self.store([])))
        b.fail(.status(500, "oops"))
        let text = try await Self.tail(
            a, b, query: Self.selector, settings: ", partialResponse: abort"
        ) { $0.contains("oops") }
        #expect(text.contains(#"project "b": HTTP status 500"#), "\(text)")
    }

    @Test(arguments: [
        ("query=%7B", "HTTP/1.1 400 ", "parse error"),
        ("\(selector)&delay_for=6", "HTTP/1.1 400 ", "delay_for can't be greater than 5"),
        ("\(selector)&limit=0", "HTTP/1.1 400 ", "limit must be a positive value"),
        (
            "query=rate(%7Bapp%3D%22x%22%7D%5B1m%5D)", "HTTP/1.1 101 ",
            "only log selector is supported"
        ),
    ])
    func `What is wrong with a request is said in Loki's words`(
        query: String, start: String, words: String
    ) async throws {
        let a = try TelemetryServer(LokiDouble(Self.store([])))
        let text = try await Self.tail(a, a, query: query) { $0.contains(words) }
        #expect(text.hasPrefix(start) && text.contains(words), "\(text)")
        #expect(a.requests.isEmpty)
    }
}
