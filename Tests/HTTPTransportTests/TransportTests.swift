import HTTPTransport
import ScriptedServers
import Testing

@Suite struct TransportTests {
    @Test("Status, repeated header fields, body and trailers arrive; interim answers do not")
    func wholeAnswer() async throws {
        try await withTransport { _, connection in
            connection.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            connection.write(
                "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:  2 \r\nTransfer-Encoding: chunked\r\n"
                    + "Trailer: X-Sum\r\n\r\n")
            _ = connection.chunk("hello ")
            _ = connection.chunk("world")
            connection.write("0\r\nX-Sum: 42\r\n\r\n")
            return true
        } _: { transport, server in
            let response = try await transport.execute(TransferRequest(url: server.url + "/x"))
            #expect(response.status == 200)
            #expect(response.headers.values(of: "X-a") == ["1", "2"])
            #expect(response.headers["link"] == nil)
            var iterator = response.body.makeAsyncIterator()
            var text: [UInt8] = []
            while let chunk = try await iterator.next() { text += chunk }
            #expect(String(decoding: text, as: UTF8.self) == "hello world")
            #expect(iterator.summary?.wireBytes == 11)
            #expect(iterator.summary?.trailers["x-sum"] == "42")
            let behind = try await iterator.next()
            #expect(behind == nil)
        }
    }

    @Test("Forms and header fields are sent as given, and redirects are not followed")
    func request() async throws {
        try await withTransport { _, connection in
            connection.answer("", status: "302 Found", extra: "Location: /elsewhere\r\n")
        } _: { transport, server in
            var headers = HeaderFields()
            headers.append(name: "X-API-Key", value: "k")
            headers.append(name: "X-Empty", value: "")
            let form = String(repeating: "a", count: 2_000_000)
            let response = try await transport.execute(
                TransferRequest(
                    url: server.url + "/p?x=1", method: .post(form: Array(form.utf8)),
                    headers: headers))
            #expect(response.status == 302)
            let body = try await response.body.collect()
            #expect(body.isEmpty)
            let request = try #require(server.requests.first)
            #expect(server.requests.count == 1)
            #expect(request.method == "POST")
            #expect(request.target == "/p?x=1")
            #expect(request.header("X-API-Key") == "k")
            #expect(request.header("X-Empty") == "")
            #expect(request.header("Expect") == nil)
            #expect(request.header("Content-Type") == "application/x-www-form-urlencoded")
            #expect(request.body == form)
        }
    }

    @Test("A header value with a line break is never sent")
    func injection() async throws {
        try await withTransport { _, connection in
            connection.answer("")
        } _: { transport, server in
            let headers = HeaderFields([.init(name: "A", value: "b\r\nC: d")])
            let error = await failure { () async throws(TransferError) in
                try await transport.execute(TransferRequest(url: server.url, headers: headers))
            }
            #expect(error?.kind == .invalidRequest)
            #expect(server.connections == 0)
        }
    }

    @Test("Requests in a row share a connection; a lane bounds how many are under way")
    func connections() async throws {
        try await withTransport { _, connection in
            connection.pause(milliseconds: 5)
            return connection.answer("ok")
        } _: { transport, server in
            for _ in 0..<5 {
                _ = try await transport.execute(TransferRequest(url: server.url)).body.collect()
            }
            #expect(server.connections == 1)
            let url = server.url
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await transport.execute(
                            TransferRequest(url: url, lane: "m", laneWidth: 3)
                        ).body.collect().count
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(answers == 40)
            #expect((2...3).contains(server.connections))
        }
    }

    @Test("Waiting for a place in the lane is part of a transfer's time, and the server is told")
    func waitingInLane() async throws {
        let mayAnswer = LockedValue(false)
        try await withTransport { request, connection in
            while request.path == "/first", !mayAnswer.withLock({ $0 }) {
                connection.pause(milliseconds: 5)
            }
            return connection.answer("ok")
        } _: { transport, server in
            func ask(_ path: String, timeout: Duration) async throws(TransferError) -> [UInt8] {
                try await transport.execute(
                    TransferRequest(
                        url: server.url + path, method: .post(form: Array("a=1".utf8)),
                        timeout: timeout, lane: "m", laneWidth: 1,
                        timeoutParameter: { Array("timeout=\($0 / .seconds(1))".utf8) })
                ).body.collect()
            }
            async let first = ask("/first", timeout: .milliseconds(600_000))
            #expect(await server.received(1))
            let late = await failure { () async throws(TransferError) in
                try await ask("/late", timeout: .milliseconds(30))
            }
            #expect(late?.kind == .laneTimeout)
            async let second = ask("/second", timeout: .milliseconds(600_000))
            try await Task.sleep(for: .milliseconds(200))
            mayAnswer.withLock { $0 = true }
            #expect(try await first.count == 2)
            #expect(try await second.count == 2)
            #expect(server.requests.map(\.path) == ["/first", "/second"])
            let told = server.requests.map {
                $0.body.split(separator: "=").last.flatMap { Double($0) }
            }
            #expect(told[0].map { $0 > 599 } == true)
            #expect(told[1].map { $0 < 599.999 } == true, "\(server.requests[1].body)")
        }
    }

    // A machine under load is slow: the bounds on time are far from what is usual, and yet far from
    // what a failure would take.
    @Test("A hundred transfers wait at once")
    func concurrency() async throws {
        try await withTransport { _, connection in
            connection.pause(milliseconds: 200)
            return connection.answer("ok")
        } _: { transport, server in
            let url = server.url
            let count = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        try await transport.execute(TransferRequest(url: url)).status
                    }
                }
                return try await group.reduce(0) { $0 + ($1 == 200 ? 1 : 0) }
            }
            #expect(count == 100)
        }
    }

    struct Broken: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: String
        var kind: TransferError.Kind
        var testDescription: String { name }
    }

    @Test(
        "What is no whole answer is an error with a name",
        arguments: [
            Broken(name: "nothing", bytes: "", kind: .broken),
            Broken(name: "half a head", bytes: "HTTP/1.1 200 OK\r\nA:", kind: .broken),
            Broken(
                name: "short of its length",
                bytes: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", kind: .broken),
            Broken(
                name: "half a chunk",
                bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                kind: .broken),
            Broken(
                name: "no end of chunks",
                bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
                kind: .broken),
            Broken(name: "another protocol", bytes: "SSH-2.0-x\r\n\r\n", kind: .notHTTP),
            Broken(
                name: "too much",
                bytes: "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", kind: .tooLarge),
            Broken(
                name: "too much without saying so",
                bytes: "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 5000),
                kind: .tooLarge),
            Broken(
                name: "endless header fields",
                bytes: "HTTP/1.1 200 OK\r\n"
                    + String(repeating: "A: \(String(repeating: "b", count: 1000))\r\n", count: 200),
                kind: .tooLarge),
        ])
    func broken(_ broken: Broken) async throws {
        try await withTransport { _, connection in
            connection.write(broken.bytes)
            return false
        } _: { transport, server in
            let error = await failure { () async throws(TransferError) in
                try await transport.execute(
                    TransferRequest(
                        url: server.url, timeout: .milliseconds(60_000), maximumBytes: 1000)
                ).body.collect()
            }
            #expect(error?.kind == broken.kind, "\(error?.text ?? "no error")")
        }
    }

    @Test("No connection, no name, no TLS: each says so")
    func unreachable() async throws {
        try await withTransport { _, connection in
            connection.answer("plain")
        } _: { transport, server in
            let dead = try ScriptedServer.deadPort()
            for (url, kind, text) in [
                ("http://127.0.0.1:\(dead)", TransferError.Kind.connect, "connection refused"),
                ("http://nowhere.invalid", .resolve, "cannot resolve the host name"),
                ("https://127.0.0.1:\(server.port)", .tls, "TLS: "),
                ("ftp://127.0.0.1", .invalidRequest, "the URL"),
            ] {
                let error = await failure { () async throws(TransferError) in
                    try await transport.execute(
                        TransferRequest(url: url, timeout: .milliseconds(5000)))
                }
                #expect(error?.kind == kind, "\(url): \(error?.text ?? "no error")")
                #expect(error?.text.hasPrefix(text) == true, "\(error?.text ?? "")")
            }
        }
    }

    @Test("The deadline ends a silent transfer on time, and only that one")
    func deadline() async throws {
        try await withTransport { request, connection in
            if request.path == "/fast" {
                connection.pause(milliseconds: 250)
                return connection.answer("ok")
            }
            _ = connection.waitForEnd(milliseconds: 30_000)
            return false
        } _: { transport, server in
            let url = server.url
            async let fast = transport.execute(TransferRequest(url: url + "/fast")).status
            let (error, milliseconds) = await elapsed {
                await failure { () async throws(TransferError) in
                    try await transport.execute(
                        TransferRequest(url: url + "/slow", timeout: .milliseconds(100)))
                }
            }
            #expect(error?.kind == .timeout)
            #expect(milliseconds >= 95)
            let status = try await fast
            #expect(status == 200)
        }
    }

    @Test("A pause is part of the deadline or not, as asked", arguments: [true, false])
    func pauses(count: Bool) async throws {
        let size = 4 << 20
        try await withTransport { _, connection in
            connection.answer([UInt8](repeating: 7, count: size))
        } _: { transport, server in
            let response = try await transport.execute(
                TransferRequest(
                    url: server.url, timeout: .milliseconds(4000), timeoutCountsPauses: count,
                    window: 64 << 10))
            try await Task.sleep(for: .milliseconds(4500))
            var received = 0
            let error = await failure { () async throws(TransferError) in
                received = try await response.body.collect().count
            }
            #expect(error?.kind == (count ? .timeout : nil))
            #expect(received == (count ? 0 : size))
        }
    }

    @Test("A body that is not read makes the sender wait, in bounded memory")
    func backPressure() async throws {
        let sent = Counter()
        try await withTransport { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(64 << 20)\r\n\r\n")
            let block = [UInt8](repeating: 1, count: 1 << 20)
            for _ in 0..<64 {
                if !connection.write(block) { return false }
                sent.add(block.count)
            }
            return true
        } _: { transport, server in
            let response = try await transport.execute(
                TransferRequest(url: server.url, window: 256 << 10))
            var iterator = response.body.makeAsyncIterator()
            let first = try await iterator.next()?.count ?? 0
            #expect(first > 0 && first <= 256 << 10)
            // What the sockets of both sides hold, and our window.
            var before = -1
            while sent.value != before {
                before = sent.value
                try await Task.sleep(for: .milliseconds(500))
            }
            #expect(before < 32 << 20)
            var total = first
            var largest = 0
            while let chunk = try await iterator.next() {
                total += chunk.count
                largest = max(largest, chunk.count)
            }
            #expect(total == 64 << 20)
            #expect(largest <= 256 << 10)
        }
    }

    @Test("An answer nobody reads keeps no other request waiting")
    func pausedPlaces() async throws {
        try await withTransport { _, connection in
            connection.answer([UInt8](repeating: 1, count: 16 << 20))
        } _: { transport, server in
            let request = TransferRequest(
                url: server.url, timeout: .milliseconds(200_000), window: 64 << 10, lane: "m",
                laneWidth: 1)
            var responses: [TransferResponse] = []
            for _ in 0..<4 { responses.append(try await transport.execute(request)) }
            for response in responses {
                let count = try await response.body.collect().count
                #expect(count == 16 << 20)
            }
        }
    }

    @Test("Connections that die between requests are not noticed")
    func dyingConnections() async throws {
        try await withTransport { request, connection in
            _ = connection.answer("ok")
            return request.connection % 2 == 0
        } _: { transport, server in
            for _ in 0..<30 {
                let response = try await transport.execute(
                    TransferRequest(url: server.url, method: .post(form: Array("a=b".utf8))))
                let count = try await response.body.collect().count
                #expect(count == 2)
            }
        }
    }

    @Test("Cancelling the task ends the transfer at once, before and within the body")
    func cancellation() async throws {
        let ended = Counter()
        try await withTransport { request, connection in
            if request.path == "/body" {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            }
            if connection.waitForEnd(milliseconds: 30_000) { ended.add(1) }
            return false
        } _: { transport, server in
            for (index, path) in ["/head", "/body"].enumerated() {
                let url = server.url + path
                let task = Task {
                    await failure { () async throws(TransferError) in
                        try await transport.execute(TransferRequest(url: url)).body.collect()
                    }
                }
                #expect(await server.received(index + 1))
                task.cancel()
                // The server would keep it waiting for half a minute, and end it in another way.
                #expect(await task.value?.kind == .cancelled)
            }
            #expect(await ended.reaches(2))
        }
    }

    @Test("Dropping a response ends its transfer")
    func dropping() async throws {
        let ended = Counter()
        try await withTransport { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            if connection.waitForEnd(milliseconds: 30_000) { ended.add(1) }
            return false
        } _: { transport, server in
            for _ in 0..<3 {
                let response = try await transport.execute(TransferRequest(url: server.url))
                var iterator = response.body.makeAsyncIterator()
                let first = try await iterator.next()
                #expect(first?.count == 3)
            }
            #expect(await ended.reaches(3))
        }
    }

    @Test("A cancelled task sends nothing")
    func cancelledBefore() async throws {
        try await withTransport { _, connection in
            connection.answer("")
        } _: { transport, server in
            let url = server.url
            let task = Task {
                try? await Task.sleep(for: .seconds(5))
                return await failure { () async throws(TransferError) in
                    try await transport.execute(TransferRequest(url: url))
                }
            }
            task.cancel()
            #expect(await task.value?.kind == .cancelled)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("Shutting down ends what is under way, and later requests are refused")
    func shutdown() async throws {
        let server = try ScriptedServer { _, connection in
            _ = connection.waitForEnd(milliseconds: 30_000)
            return false
        }
        defer { server.stop() }
        let transport = try CurlMulti()
        let url = server.url
        let tasks = (0..<5).map { _ in
            Task {
                await failure { () async throws(TransferError) in
                    try await transport.execute(TransferRequest(url: url, lane: "x", laneWidth: 2))
                }
            }
        }
        #expect(await server.received(2))
        await transport.shutdown()
        for task in tasks { #expect(await task.value?.kind == .shutDown) }
        let error = await failure { () async throws(TransferError) in
            try await transport.execute(TransferRequest(url: url))
        }
        #expect(error?.kind == .shutDown)
        await transport.shutdown()
    }

    @Test("A transport goes with its last user, even where that asks after the end")
    func lastUser() async throws {
        let url = "http://127.0.0.1:\(try ScriptedServer.deadPort())"
        for round in 0..<300 {
            let transport = try CurlMulti()
            if round % 2 == 0 { await transport.shutdown() }
            // Each task lets go of the transport as it is answered.
            let tasks = (0..<8).map { _ in
                Task { [transport] in
                    await failure { () async throws(TransferError) in
                        try await transport.execute(TransferRequest(url: url))
                    }
                }
            }
            await transport.shutdown()
            for task in tasks {
                let kind = await task.value?.kind
                #expect(kind == .shutDown || kind == .connect)
            }
        }
    }

    @Test("Many transfers, many of them cancelled at any moment")
    func storm() async throws {
        try await withTransport { request, connection in
            let size = Int(request.target.dropFirst()) ?? 0
            return connection.answer([UInt8](repeating: 1, count: size))
        } _: { transport, server in
            let url = server.url
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<300 {
                    group.addTask {
                        let size = (index * 7919) % 300_000
                        let task = Task {
                            try await transport.execute(
                                TransferRequest(
                                    url: "\(url)/\(size)", window: 16 << 10, lane: "s",
                                    laneWidth: 16)
                            ).body.collect().count
                        }
                        if index % 3 == 0 {
                            try await Task.sleep(for: .microseconds(index * 37 % 5000))
                            task.cancel()
                            _ = await task.result
                        } else {
                            let count = try await task.value
                            #expect(count == size)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
