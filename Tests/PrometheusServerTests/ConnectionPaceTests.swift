import NIOCore
import Testing

@testable import PrometheusServer

@Suite("How long a connection may go on with what it does")
struct ConnectionPaceTests {
    private static func time(_ seconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(0) + .seconds(seconds)
    }

    private static func pace(_ phase: ConnectionPace.Phase = .idle) -> ConnectionPace {
        ConnectionPace(phase, limits: ServerLimits(), at: time(100))
    }

    @Test("Waiting and TLS have a time each, and a head one from its beginning on")
    func phases() {
        #expect(Self.pace().deadline == Self.time(400))
        #expect(Self.pace(.handshake).deadline == Self.time(110))
        var pace = Self.pace()
        pace.enter(.head, at: Self.time(200))
        // More of it gives no more time.
        pace.enter(.head, at: Self.time(209))
        pace.took(bodyBytes: 1 << 20, at: Self.time(209))
        #expect(pace.deadline == Self.time(210))
        pace.enter(.answering, at: Self.time(209))
        #expect(pace.deadline == nil)
        pace.enter(.idle, at: Self.time(900))
        #expect(pace.deadline == Self.time(1200))
    }

    @Test("A body goes on for as long as 16 KiB of it come in each time")
    func body() {
        var pace = Self.pace()
        pace.enter(.body, at: Self.time(200))
        for second in 201..<209 { pace.took(bodyBytes: 2000, at: Self.time(Int64(second))) }
        #expect(pace.deadline == Self.time(210))
        pace.took(bodyBytes: 1000, at: Self.time(209))
        #expect(pace.deadline == Self.time(219))
        pace.took(bodyBytes: 16_000, at: Self.time(210))
        #expect(pace.deadline == Self.time(219))
        pace.goOn(at: Self.time(215))
        pace.took(bodyBytes: 16_000, at: Self.time(216))
        #expect(pace.deadline == Self.time(225))
    }

    @Test("An answer goes on for as long as its client takes something of it")
    func answer() {
        var pace = Self.pace(.answering)
        pace.isWaiting(with: 1000, at: Self.time(100))
        #expect(pace.deadline == Self.time(400))
        pace.isWaiting(with: 1000, at: Self.time(399))
        #expect(pace.deadline == Self.time(400))
        pace.isWaiting(with: 999, at: Self.time(399))
        #expect(pace.deadline == Self.time(699))
        pace.isWaiting(with: nil, at: Self.time(400))
        #expect(pace.deadline == nil)
    }
}

@Suite("What tells clients apart")
struct ClientAddressTests {
    private static func address(_ text: String) throws -> ClientAddress? {
        ClientAddress(try SocketAddress(ipAddress: text, port: 1))
    }

    @Test("IPv4 addresses are themselves, mapped or not; of IPv6 the first 64 bits count")
    func addresses() throws {
        #expect(try Self.address("10.1.2.3") == Self.address("::ffff:10.1.2.3"))
        #expect(try Self.address("10.1.2.3") != Self.address("10.1.2.4"))
        #expect(try Self.address("2001:db8:0:1::1") == Self.address("2001:db8:0:1:ffff::2"))
        #expect(try Self.address("2001:db8:0:1::1") != Self.address("2001:db8:0:2::1"))
        #expect(try Self.address("::1") != Self.address("0.0.0.0"))
        #expect(ClientAddress(nil) == nil)
    }
}
