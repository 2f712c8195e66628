import GoText
import Testing

@testable import Upstream

/// Who has the next place, by a clock of the test's own.
@Suite struct FairOrderTests {
    /// A line of tasks whose length is known beforehand.
    private struct Simulation {
        struct Ended: Equatable {
            var client: ClientIdentity
            var name: Int
        }

        private struct Running {
            var client: ClientIdentity
            var end: Int
        }

        var order: FairOrder
        private(set) var now = 0
        private(set) var granted: [Ended] = []
        private var newest: UInt64 = 0
        private var tasks: [UInt64: (client: ClientIdentity, name: Int, length: Int)] = [:]
        private var running: [Running] = []

        init(places: Int) { order = FairOrder(places: places) }

        private var time: MonotonicInstant { MonotonicInstant(.milliseconds(now)) }

        /// Milliseconds in places that were given out, by client.
        private(set) var service: [ClientIdentity: Int] = [:]

        mutating func arrive(_ client: ClientIdentity, name: Int = 0, rank: Int = 0, length: Int) {
            newest += 1
            tasks[newest] = (client, name, length)
            if order.takeFree(client, at: time) {
                begin(newest)
            } else {
                order.wait(client, rank: rank, ticket: newest, at: time)
            }
        }

        mutating func leave(_ client: ClientIdentity, _ ticket: UInt64) {
            order.leave(client, ticket, at: time)
        }

        /// Lets the next task end; false when none has a place.
        mutating func step() -> Bool {
            let next = running.indices.min { running[$0].end < running[$1].end }
            guard let next else { return false }
            let ended = running.remove(at: next)
            now = ended.end
            if let ticket = order.give(ended.client, at: time) { begin(ticket) }
            return true
        }

        private mutating func begin(_ ticket: UInt64) {
            guard let task = tasks.removeValue(forKey: ticket) else { return }
            granted.append(Ended(client: task.client, name: task.name))
            service[task.client, default: 0] += task.length
            running.append(Running(client: task.client, end: now + task.length))
        }
    }

    private static let large = ClientIdentity.token("large")
    private static let small = ClientIdentity.token("small")

    @Test(arguments: [1, 2, 20], [(10, 10), (40, 10), (5, 70)])
    func `Two clients that always wait have the same time in places`(
        places: Int, lengths: (large: Int, small: Int)
    ) {
        var line = Simulation(places: places)
        for _ in 0..<4000 { line.arrive(Self.large, length: lengths.large) }
        for _ in 0..<4000 { line.arrive(Self.small, length: lengths.small) }
        for _ in 0..<500 { _ = line.step() }
        let shares = (line.service[Self.large] ?? 0, line.service[Self.small] ?? 0)
        // What had begun before the other came, and what is under way.
        let slack = 2 * places * max(lengths.large, lengths.small)
        #expect(abs(shares.0 - shares.1) <= slack, "\(shares)")
    }

    @Test func `A client that comes later begins at the present`() {
        var line = Simulation(places: 1)
        for _ in 0..<1000 { line.arrive(Self.large, length: 10) }
        for _ in 0..<500 { _ = line.step() }
        for _ in 0..<1000 { line.arrive(Self.small, length: 10) }
        let before = line.granted.count
        for _ in 0..<20 { _ = line.step() }
        let since = line.granted[before...]
        // At once, and then in turn: no credit for the time in which it asked for nothing.
        #expect(since.first?.client == Self.small)
        #expect((9...11).contains(since.count { $0.client == Self.small }))
    }

    @Test func `A client that asks now and then never waits for more than what has a place`() {
        var line = Simulation(places: 2)
        for _ in 0..<2000 { line.arrive(Self.large, length: 10) }
        for name in 1...100 {
            for _ in 0..<7 { _ = line.step() }
            line.arrive(Self.small, name: name, length: 1)
            let before = line.granted.count
            _ = line.step()
            #expect(line.granted[before...].first?.client == Self.small)
        }
    }

    @Test func `A client with many tasks at work is behind one with none`() {
        var line = Simulation(places: 4)
        // All places, for long, before any of them has ended.
        for _ in 0..<8 { line.arrive(Self.large, length: 1000) }
        for _ in 0..<3 { line.arrive(Self.small, length: 1000) }
        for _ in 0..<3 { _ = line.step() }
        #expect(line.granted[4...].map(\.client) == [Self.small, Self.small, Self.small])
    }

    @Test func `Of one client the cheapest is first and the oldest every fourth time`() {
        var line = Simulation(places: 1)
        line.arrive(Self.large, length: 1)
        line.arrive(Self.large, name: 100, rank: 100, length: 1)
        line.arrive(Self.large, name: 101, rank: 101, length: 1)
        for name in [5, 3, 1, 4, 2, 6] {
            line.arrive(Self.large, name: name, rank: name, length: 1)
        }
        while line.step() {}
        #expect(line.granted.map(\.name) == [0, 1, 2, 3, 100, 4, 5, 6, 101])
    }

    @Test func `Of equal ranks the oldest is first`() {
        var line = Simulation(places: 1)
        for name in 0..<10 { line.arrive(Self.large, name: name, length: 1) }
        while line.step() {}
        #expect(line.granted.map(\.name) == Array(0..<10))
    }

    @Test func `A dear task has a place however many cheap ones keep coming`() {
        var line = Simulation(places: 1)
        line.arrive(Self.large, length: 1)
        line.arrive(Self.large, name: 7, rank: 1000, length: 1)
        for _ in 0..<10 {
            for _ in 0..<3 { line.arrive(Self.large, length: 1) }
            _ = line.step()
        }
        #expect(line.granted.contains { $0.name == 7 })
    }

    @Test func `Tasks that leave are passed over, and nothing is kept of who is gone`() {
        var line = Simulation(places: 1)
        line.arrive(Self.large, length: 1)
        for name in 2...1000 { line.arrive(Self.large, name: name, rank: name, length: 1) }
        for ticket in UInt64(2)...1000 where ticket % 10 != 0 { line.leave(Self.large, ticket) }
        // It leaves once.
        line.leave(Self.large, 2)
        line.leave(Self.small, 10)
        #expect(line.order.waiting == 100)
        for number in 0..<50 { line.arrive(.project("p\(number)"), length: 1) }
        while line.step() {}
        #expect(line.granted.count { $0.client == Self.large } == 101)
        #expect(line.order.waiting == 0 && line.order.running == 0)
        #expect(line.order.clientsKnown == 0)
    }

    @Test func `What a client had beyond its share is not forgotten in a short pause`() {
        var line = Simulation(places: 1)
        for _ in 0..<3 { line.arrive(Self.small, length: 10) }
        // One long task, and for a moment nothing more of this client.
        line.arrive(Self.large, length: 200)
        while line.granted.last?.client != Self.large { _ = line.step() }
        for _ in 0..<30 { line.arrive(Self.small, length: 10) }
        _ = line.step()
        line.arrive(Self.large, length: 10)
        for _ in 0..<15 { _ = line.step() }
        #expect(line.granted.count { $0.client == Self.large } == 1)
    }

    @Test func `There is one place at least, and none is given twice`() {
        var order = FairOrder(places: 0)
        let now = MonotonicInstant(.zero)
        let first = order.takeFree(Self.small, at: now)
        let second = order.takeFree(Self.large, at: now)
        let next = order.give(Self.small, at: now)
        let third = order.takeFree(Self.large, at: now)
        #expect(first && !second && next == nil && third)
    }

    @Test func `A key, a token and a project of one name are three clients`() {
        let all: Set<ClientIdentity> = [.token("a"), .key(project: "a"), .project("a")]
        #expect(all.count == 3)
    }
}
