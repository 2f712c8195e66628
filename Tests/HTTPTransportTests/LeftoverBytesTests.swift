import HTTPTransport
import ScriptedServers
import Testing

/// A server that sends more than its answer.
@Suite struct LeftoverBytesTests {
    /// What comes behind an answer, and when.
    enum Surplus: CaseIterable {
        case answerAtOnce, answerLater, bytesLater, halfNowHalfLater, behindChunks

        func send(_ body: String, over connection: Connection, then told: Counter) {
            let answer = { (body: String) in
                "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            }
            let foreign = answer("not what was asked for")
            switch self {
            case .answerAtOnce: connection.write(answer(body) + foreign)
            case .answerLater:
                connection.write(answer(body))
                connection.pause(milliseconds: 1)
                connection.write(foreign)
            case .bytesLater:
                connection.write(answer(body))
                connection.pause(milliseconds: 1)
                connection.write("x")
            case .halfNowHalfLater:
                connection.write(answer(body) + foreign.prefix(9))
                connection.pause(milliseconds: 1)
                connection.write(String(foreign.dropFirst(9)) + foreign)
            case .behindChunks:
                connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                _ = connection.chunk(body)
                connection.write("0\r\n\r\n" + foreign)
                connection.pause(milliseconds: 1)
                connection.write(foreign)
            }
            told.add(1)
        }
    }

    @Test(arguments: Surplus.allCases)
    func `What comes while a connection rests is never an answer`(surplus: Surplus) async throws {
        let sent = Counter()
        try await withTransport { request, connection in
            surplus.send(request.path, over: connection, then: sent)
            return true
        } _: { transport, server in
            for number in 0..<60 {
                let body = try await transport.execute(
                    TransferRequest(url: server.url + "/\(number)")
                ).body.collect()
                #expect(String(decoding: body, as: UTF8.self) == "/\(number)")
                while sent.value <= number { await Task.yield() }
            }
            // What comes together with the end of chunks is discarded, and harms nothing later.
            if surplus != .behindChunks { #expect(server.connections == 60) }
        }
    }

    @Test func `What one owner's server leaves behind reaches no other owner`() async throws {
        let sent = Counter()
        try await withTransport { request, connection in
            let surplus = Surplus.allCases[sent.value % Surplus.allCases.count]
            if request.path == "/bad" {
                surplus.send("bad", over: connection, then: sent)
                return true
            }
            return connection.answer("good")
        } _: { transport, server in
            let bad = ConnectionOwner()
            let good = ConnectionOwner()
            let url = server.url
            for _ in 0..<150 {
                async let first = try? transport.execute(
                    TransferRequest(url: url + "/bad", owner: bad)
                ).body.collect()
                let second = try await transport.execute(
                    TransferRequest(url: url + "/good", owner: good)
                ).body.collect()
                #expect(second == Array("good".utf8))
                _ = await first
            }
            let paths = Dictionary(grouping: server.requests, by: \.connection)
            #expect(paths.values.allSatisfy { Set($0.map(\.path)).count == 1 })
            // The well-behaved answers leave theirs as good as it was.
            #expect(Set(server.requests.filter { $0.path == "/good" }.map(\.connection)).count == 1)
        }
    }

    @Test func `No more connections rest than are to be kept, whoever they belong to`() async throws
    {
        let server = try ScriptedServer { _, connection in connection.answer("ok") }
        defer { server.stop() }
        let transport = try CurlMulti(keptConnections: 8)
        let owners = (0..<40).map { _ in ConnectionOwner() }
        for owner in owners + owners.suffix(8) {
            let body = try await transport.execute(
                TransferRequest(url: server.url, owner: owner)
            ).body.collect()
            #expect(body.count == 2)
        }
        // Those of the last eight were kept, those of the others made room.
        #expect(server.connections == 40)
        let again = try await transport.execute(
            TransferRequest(url: server.url, owner: owners[0])
        ).body.collect()
        #expect(again.count == 2)
        #expect(server.connections == 41)
        await transport.shutdown()
    }
}
