import GoText
import HTTPTransport
import PrometheusWire
import ScriptedServers
import Synchronization
import Testing
import UpstreamSettings

@testable import Upstream

/// The places of a member: how many questions are put to it at once, and whose are next.
@Suite struct MemberPlacesTests {
    private static let far = ContinuousClock.now.advanced(by: .seconds(3600))

    private static func until(_ isSo: () -> Bool) async throws {
        while !isSo() { try await Task.sleep(for: .milliseconds(2)) }
    }

    private static func options(_ client: String) -> QueryOptions {
        var options = QueryOptions(deadline: far)
        options.work = work(client)
        return options
    }

    private static func work(_ client: String) -> QueryWork {
        QueryWork(for: .token(client), in: FairLine(places: 8), until: far)
    }

    /// Holds what it is asked until it is opened.
    private final class Barrier: Sendable {
        private let isOpen = Atomic(false)
        func open() { isOpen.store(true, ordering: .releasing) }
        /// False when the peer went first.
        func wait(_ connection: Connection) -> Bool {
            while !isOpen.load(ordering: .acquiring) {
                if connection.waitForEnd(milliseconds: 5) { return false }
            }
            return true
        }
    }

    private static func answer(_ request: ScriptedServer.Request, _ connection: Connection) -> Bool
    {
        connection.answer(
            request.path.hasSuffix("query_range")
                ? Answers.matrix("") : Answers.vector(Answers.one))
    }

    @Test(arguments: [1, 3, 20])
    func `A member is never asked more at once than is set`(places: Int) async throws {
        let (inFlight, most) = (Counter(), LockedValue(0))
        try await withClient { request, connection in
            inFlight.add(1)
            most.withLock { $0 = max($0, inFlight.value) }
            connection.pause(milliseconds: 3)
            inFlight.add(-1)
            return Self.answer(request, connection)
        } source: {
            $0.maxConcurrency = places
        } _: { client, server in
            let answered = await withTaskGroup(of: Int.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let options = Self.options("\(number % 3)")
                        let text =
                            number % 2 == 0
                            ? try? await client.query("up", at: 1500, options: options).text()
                            : try? await client.queryRange(
                                "up", start: 0, end: 1000, step: 1000, options: options
                            ).text()
                        return text == nil ? 0 : 1
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(answered == 100)
            #expect(server.requests.count == 100)
            #expect(most.withLock { $0 } <= places)
            #expect(client.health.questionsRunning == 0 && client.health.questionsWaiting == 0)
        }
    }

    @Test func `Another client's question is next, and of one client the cheapest`() async throws {
        let barrier = Barrier()
        try await withClient { request, connection in
            if request.parameters.contains("first"), !barrier.wait(connection) { return false }
            return Self.answer(request, connection)
        } source: {
            $0.maxConcurrency = 1
        } _: { client, server in
            var asked: [Task<Void, any Error>] = []
            func ask(
                _ token: String, _ text: String, steps: Int
            ) async throws {
                let waiting = client.health.questionsWaiting
                let isFirst = asked.isEmpty
                asked.append(
                    Task {
                        let options = Self.options(token)
                        let stream =
                            steps == 1
                            ? try await client.query(text, at: 1500, options: options)
                            : try await client.queryRange(
                                text, start: 0, end: Timestamp(milliseconds: 1000 * Int64(steps)),
                                step: 1000, options: options)
                        _ = try await stream.text()
                    })
                if isFirst {
                    #expect(await server.received(1))
                } else {
                    try await Self.until { client.health.questionsWaiting == waiting + 1 }
                }
            }
            try await ask("large", "first", steps: 1)
            try await ask("large", "long", steps: 500)
            try await ask("large", "short", steps: 5)
            try await ask("large", "instant", steps: 1)
            try await ask("small", "other", steps: 500)
            barrier.open()
            for one in asked { try await one.value }
            let order = server.requests.map { request in
                ["first", "long", "short", "instant", "other"].first {
                    request.parameters.contains("query=\($0)")
                }
            }
            #expect(order == ["first", "other", "instant", "short", "long"])
        }
    }

    @Test func `An answer that is not read holds no place`() async throws {
        let large = Answers.large(series: 20_000)
        try await withClient { request, connection in
            request.parameters.contains("large")
                ? connection.answer(large) : connection.answer(Answers.vector(Answers.one))
        } source: {
            $0.maxConcurrency = 1
        } _: { client, _ in
            var streams: [SeriesStream] = []
            for _ in 0..<5 {
                streams.append(
                    try await client.queryRange(
                        "large", start: 1_000_000, end: 1_099_000, step: 1000,
                        options: Self.options("slow")))
            }
            let small = try await client.query("up", at: 1500, options: Self.options("quick"))
            #expect(try await small.text().trailer?.seriesCount == 1)
            #expect(client.health.questionsRunning == 0)
            withExtendedLifetime(streams) {}
        }
    }

    @Test func `Lists, documents and versions need no place`() async throws {
        let barrier = Barrier()
        try await withClient { request, connection in
            if request.path.hasSuffix("/query") { return barrier.wait(connection) }
            return connection.answer(#"{"status":"success","data":[]}"#)
        } source: {
            $0.maxConcurrency = 1
        } _: { client, server in
            let hung = Task { try await client.query("up", at: 0, options: Self.options("a")) }
            #expect(await server.received(1))
            _ = try await client.labels()
            _ = try await client.series(SeriesSelection())
            _ = try await client.getJSON("/api/v1/rules")
            #expect(client.health.questionsRunning == 1)
            hung.cancel()
            _ = try? await hung.value
        }
    }

    @Test func `Remote read takes a place`() async throws {
        let barrier = Barrier()
        try await withClient { _, connection in
            barrier.wait(connection)
        } source: {
            $0.maxConcurrency = 1
            $0.externalLabels = [:]
        } _: { client, server in
            let read = Task {
                try await client.read(
                    RemoteReadRequest(queries: [], accepted: [.samples]), numbers: [],
                    injecting: nil, deadline: Self.far, work: Self.work("a"))
            }
            #expect(await server.received(1))
            let waits = Task { try await client.query("up", at: 0, options: Self.options("b")) }
            try await Self.until { client.health.questionsWaiting == 1 }
            waits.cancel()
            let found = await failure { () async throws in _ = try await waits.value }
            #expect((found as? UpstreamError)?.kind == .cancelled)
            #expect(client.health.questionsWaiting == 0)
            read.cancel()
            _ = try? await read.value
            #expect(client.health.questionsRunning == 0)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `What is asked again gives its place back first`() async throws {
        // Every question fails once; the places would not do for all that wait to ask again.
        let seen = LockedValue<Set<String>>([])
        try await withClient { request, connection in
            let text = String(request.parameters.prefix { $0 != "&" })
            let isFirst = seen.withLock { $0.insert(text).inserted }
            return isFirst ? false : Self.answer(request, connection)
        } source: {
            $0.maxConcurrency = 2
        } _: { client, _ in
            let answered = await withTaskGroup(of: Int.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        let stream = try? await client.query(
                            "up\(number)", at: 1500, options: Self.options("a"))
                        return (try? await stream?.text()) == nil ? 0 : 1
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(answered == 40)
            #expect(client.health.questionsRunning == 0)
        }
    }

    @Test func `A pool asks its second cluster where the first has no place`() async throws {
        let barrier = Barrier()
        try await withClient { request, connection in
            barrier.wait(connection) ? Self.answer(request, connection) : false
        } source: {
            $0.maxConcurrency = 1
        } _: { full, server in
            try await withClient(Self.answer) { idle, _ in
                let hung = Task { try await full.query("up", at: 0, options: Self.options("a")) }
                #expect(await server.received(1))
                let pool = PoolClient(
                    project: "p", pool: "pool", level: "project",
                    alternatives: [
                        .init(cluster: "full", client: full), .init(cluster: "idle", client: idle),
                    ], hedgeAfter: .milliseconds(10))
                let options = Self.options("b")
                let stream = try await pool.ask(by: Self.far) { client throws(UpstreamError) in
                    try await client.query("up", at: 1500, options: options)
                }
                #expect(try await stream.text().trailer?.seriesCount == 1)
                #expect(await pool.answered == ["idle"])
                // The question that lost has left the line.
                #expect(full.health.questionsWaiting == 0)
                hung.cancel()
                _ = try? await hung.value
            }
        }
    }

    @Test func `Waiting for a place says nothing of the member, silence does`() async throws {
        try await withClient(Self.answer, source: { $0.timeout = .milliseconds(1) }) { client, _ in
            for (waited, failures) in [(Duration.seconds(3600), 0), (.zero, 1)] {
                let call = UpstreamCall(
                    client: client, isProbe: false, UpstreamRequest(path: "/api/v1/query"))
                call.countWaiting(waited)
                try await Task.sleep(for: .milliseconds(5))
                _ = call.failed(.timeout)
                #expect(client.health.failures == failures)
            }
        }
    }

    @Test func `Those that wait for a member that turns out to be away are not sent`() async throws
    {
        let barrier = Barrier()
        try await withClient { _, connection in
            if barrier.wait(connection) { connection.write("nonsense\r\n\r\n") }
            return false
        } source: {
            $0.maxConcurrency = 5
        } _: { client, server in
            let asked = (0..<30).map { _ in
                Task { try await client.query("up", at: 0, options: Self.options("a")) }
            }
            try await Self.until { client.health.questionsWaiting == 25 }
            barrier.open()
            for one in asked { _ = try? await one.value }
            #expect(client.health.circuit == .open)
            // All were asked once; most of them would have been asked again.
            #expect(server.requests.count < 60)
            #expect(client.health.questionsRunning == 0)
        }
    }
}
