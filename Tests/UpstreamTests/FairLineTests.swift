import Glibc
import HTTPTransport
import Testing

@testable import Upstream

/// Tasks that wait for places.
@Suite struct FairLineTests {
    private static let client = ClientIdentity.token("a")
    private static let far = ContinuousClock.now.advanced(by: .seconds(3600))

    private static func until(_ isSo: () -> Bool) async throws {
        while !isSo() { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// Runs `work` while the only place is taken.
    private func whileTaken(_ work: (FairLine) async throws -> Void) async throws {
        let line = FairLine(places: 1)
        try await line.take(Self.client, rank: 0, until: nil)
        defer { line.give(Self.client) }
        try await work(line)
        #expect(line.load == (1, 0))
    }

    @Test func `The deadline ends the waiting`() async throws {
        try await whileTaken { line in
            for wait in [Duration.seconds(-1), .zero, .milliseconds(5)] {
                await #expect(throws: NoTurn.timedOut) {
                    try await line.take(Self.client, rank: 0, until: .now + wait)
                }
            }
        }
    }

    @Test func `A free place is had after the deadline too`() async throws {
        let line = FairLine(places: 1)
        try await line.take(Self.client, rank: 0, until: .now - .seconds(1))
        line.give(Self.client)
    }

    @Test func `A task that is cancelled leaves the line`() async throws {
        try await whileTaken { line in
            let waiter = Task { try await line.take(Self.client, rank: 0, until: Self.far) }
            try await Self.until { line.load.waiting == 1 }
            waiter.cancel()
            await #expect(throws: NoTurn.cancelled) { try await waiter.value }
            #expect(line.load == (1, 0))
            let late = Task {
                while !Task.isCancelled { await Task.yield() }
                try await line.take(Self.client, rank: 0, until: nil)
            }
            late.cancel()
            await #expect(throws: NoTurn.cancelled) { try await late.value }
        }
    }

    @Test func `Tasks of one rank have places in the order of arrival`() async throws {
        let line = FairLine(places: 1)
        let order = LockedValue<[Int]>([])
        try await line.take(Self.client, rank: 0, until: nil)
        let waiters = try await (0..<5).asyncMap { number in
            let waiter = Task {
                try await line.take(Self.client, rank: 0, until: Self.far)
                order.withLock { $0.append(number) }
                line.give(Self.client)
            }
            try await Self.until { line.load.waiting == number + 1 }
            return waiter
        }
        line.give(Self.client)
        for waiter in waiters { try await waiter.value }
        #expect(order.withLock { $0 } == [0, 1, 2, 3, 4])
        #expect(line.load == (0, 0))
    }

    @Test func `Of 10,000 tasks, some of them cancelled or late, none is forgotten`() async throws {
        struct Tally {
            var running = 0
            var most = 0
            var served = 0
        }
        let line = FairLine(places: 3)
        let tally = LockedValue(Tally())
        let ended = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<10_000 {
                group.addTask {
                    let client = ClientIdentity.project("p\(number % 7)")
                    let deadline: ContinuousClock.Instant? =
                        number % 11 == 0 ? .now + .milliseconds(number % 5) : nil
                    let task = Task {
                        try await line.take(client, rank: number % 13, until: deadline)
                        tally.withLock { tally in
                            tally.running += 1
                            tally.most = max(tally.most, tally.running)
                            tally.served += 1
                        }
                        if number % 3 == 0 { await Task.yield() }
                        tally.withLock { $0.running -= 1 }
                        line.give(client)
                    }
                    if number % 17 == 0 { task.cancel() }
                    do {
                        try await task.value
                        return true
                    } catch {
                        // Nothing else ends the waiting.
                        return number % 11 == 0 || number % 17 == 0
                    }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(ended == 10_000)
        let (most, served) = tally.withLock { ($0.most, $0.served) }
        #expect(most <= 3)
        #expect(served >= 10_000 - 10_000 / 11 - 10_000 / 17 - 2)
        #expect(line.load == (0, 0))
    }

    // MARK: The work of a query

    @Test func `Of two queries of one client the one that computed less is first`() async throws {
        let line = FairLine(places: 1)
        let old = QueryWork(for: Self.client, in: line, until: Self.far)
        let new = QueryWork(for: Self.client, in: line, until: Self.far)
        try await old.compute {}
        let order = LockedValue<[String]>([])
        try await line.take(Self.client, rank: 0, until: nil)
        let first = Task { try await old.compute { order.withLock { $0.append("old") } } }
        try await Self.until { line.load.waiting == 1 }
        let second = Task { try await new.compute { order.withLock { $0.append("new") } } }
        try await Self.until { line.load.waiting == 2 }
        line.give(Self.client)
        try await first.value
        try await second.value
        #expect(order.withLock { $0 } == ["new", "old"])
    }

    @Test func `An answer that is being sent waits for places beyond the deadline`() async throws {
        try await whileTaken { line in
            let work = QueryWork(for: Self.client, in: line, until: .now)
            await #expect(throws: NoTurn.timedOut) { try await work.compute {} }
            work.answerBegins()
            let page = Task { try await work.compute { 7 } }
            try await Self.until { line.load.waiting == 1 }
            page.cancel()
            await #expect(throws: NoTurn.cancelled) { try await page.value }
        }
    }

    /// As many places as the pool has threads: a line that is asked only once a thread is free would
    /// be the order of arrival.
    @Test func `What arrives while all threads compute is in line, not behind it`() async throws {
        let line = FairLine(places: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let order = LockedValue<[ClientIdentity]>([])
        let before = try await withThrowingTaskGroup(of: Void.self) { group in
            func add(_ client: ClientIdentity) {
                group.addTask {
                    let work = QueryWork(for: client, in: line, until: Self.far)
                    try await work.compute {
                        usleep(5000)
                        order.withLock { $0.append(client) }
                    }
                }
            }
            for _ in 0..<400 { add(.token("large")) }
            let before = order.withLock { $0.count }
            add(.token("small"))
            try await group.waitForAll()
            return before
        }
        let place = try #require(order.withLock { $0.firstIndex(of: .token("small")) })
        // In the order of arrival all of the others would be before it.
        #expect(place - before < (400 - before) / 2, "\(before) were done, it was at \(place)")
    }

    @Test func `Work that fails gives its place back`() async throws {
        struct Broken: Error {}
        let line = FairLine(places: 1)
        let work = QueryWork(for: Self.client, in: line, until: .now)
        await #expect(throws: Broken.self) { try await work.compute { throw Broken() } }
        #expect(line.load == (0, 0))
    }
}

extension Sequence {
    fileprivate func asyncMap<Value>(
        _ transform: (Element) async throws -> Value
    ) async rethrows -> [Value] {
        var all: [Value] = []
        for element in self { all.append(try await transform(element)) }
        return all
    }
}
