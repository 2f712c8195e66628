import GatewayConfiguration
import TestSupport
import Testing

@testable import Discovery

/// Servers of pools by names of DNS.
@Suite struct NameDiscoveryTests {
    private func discovery(
        _ server: NameServer, _ names: String = "[servers.example]", type: String
    ) throws -> NameDiscovery {
        let port = type == "SRV" ? "" : ", port: 9090"
        let configuration = try Configuration.parse(
            "projects: [{name: a, clusterPool: p}]\nclusterPools: {p: {discovery: {dns: "
                + "{names: \(names), type: \(type)\(port), server: \"127.0.0.1:\(server.port)\"}}}}",
            path: "c.yaml")
        return try #require(configuration.clusterPools.first?.discovery)
    }

    private func answer(_ discovery: NameDiscovery) async -> (names: [String], problem: String?) {
        switch await NameQuery(discovery).answer() {
        case .success(let found): (found.names, nil)
        case .failure(let refused): ([], refused.reason)
        }
    }

    @Test func `Addresses are servers on the port that is given`() async throws {
        let server = try NameServer()
        server.set(
            "servers.example",
            [
                .address([10, 0, 0, 2]), .address([10, 0, 0, 1]), .address([10, 0, 0, 2]),
                .address([UInt8](repeating: 0, count: 15) + [1]),
            ])
        let four = await answer(try discovery(server, type: "A"))
        #expect(four.names == ["10.0.0.1:9090", "10.0.0.2:9090"])
        let six = await answer(try discovery(server, type: "AAAA"))
        #expect(six.names == ["[0:0:0:0:0:0:0:1]:9090"])
    }

    @Test func `Services are servers on their own ports`() async throws {
        let server = try NameServer()
        server.set(
            "servers.example",
            [
                .service(port: 9090, target: "two.example"),
                .service(port: 9091, target: "one.example"),
            ])
        server.set("more.example", [.service(port: 1, target: "three.example")])
        let found = await answer(
            try discovery(server, "[servers.example, more.example]", type: "SRV"))
        #expect(found.names == ["one.example:9091", "three.example:1", "two.example:9090"])
    }

    @Test func `A name that tells no server is a failure, in words`() async throws {
        let server = try NameServer()
        server.set("servers.example", [.address([10, 0, 0, 1])])
        server.set("nowhere.example", [.service(port: 1, target: "")])
        #expect(
            await answer(try discovery(server, "[gone.example.]", type: "A")).problem
                == "gone.example.: there is no such name")
        #expect(
            await answer(try discovery(server, "[servers.example.]", type: "AAAA")).problem
                == "servers.example.: it has no AAAA records")
        #expect(
            await answer(try discovery(server, "[nowhere.example.]", type: "SRV")).problem
                == "nowhere.example.: it has no SRV records")
        // One of several names is enough to fail.
        #expect(
            await answer(try discovery(server, "[servers.example., gone.example.]", type: "A"))
                .problem == "gone.example.: there is no such name")
    }

    // MARK: Messages

    private static let head: [UInt8] = [0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]
    private static let question: [UInt8] = [1, 0x61, 0, 0, 33, 0, 1]

    @Test func `A name in a record may lead back to another one`() throws {
        let record: [UInt8] =
            [0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 10, 0, 0, 0, 0, 0x23, 0x82, 1, 0x62, 0xC0, 12]
        let answer = try NameAnswer(Self.head + Self.question + record, type: .srv)
        #expect(answer.records == [.init(host: "b.a", port: 9090)])
        #expect(try NameAnswer(Self.head + Self.question + record, type: .a).records.isEmpty)
    }

    @Test func `A message that ends early, or whose names lead in a circle, is none`() {
        let record: [UInt8] =
            [0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 8, 0, 0, 0, 0, 0x23, 0x82, 0xC0, 12]
        let whole = Self.head + Self.question + record
        for count in 0..<whole.count {
            #expect(throws: NameAnswer.Malformed.self) {
                try NameAnswer(Array(whole[..<count]), type: .srv)
            }
        }
        var circle = whole
        // The target's name is itself.
        circle[circle.count - 1] = UInt8(circle.count - 2)
        #expect(throws: NameAnswer.Malformed.self) { try NameAnswer(circle, type: .srv) }
        var random = SeededRandom(seed: 7)
        for _ in 0..<5_000 {
            var damaged = whole
            for _ in 0..<3 {
                damaged[Int.random(in: 0..<whole.count, using: &random)] =
                    UInt8.random(in: 0...255, using: &random)
            }
            // It is read or refused, and ends.
            _ = try? NameAnswer(damaged, type: .srv)
        }
    }
}
