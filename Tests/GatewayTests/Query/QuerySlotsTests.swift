import PrometheusWire
import Synchronization
import Testing

@testable import Federation
@testable import Gateway

/// Places for computing, and memory for answers.
@Suite struct QuerySlotsTests {
    private static let far = ContinuousClock.now.advanced(by: .seconds(3600))

    /// Waits until something is so.
    private static func until(_ isSo: () -> Bool) async throws {
        while !isSo() { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// Runs `work` while the only place is taken.
    private func whileTaken(_ work: (QuerySlots) async throws -> Void) async throws {
        let slots = QuerySlots(limit: 1)
        try await slots.take(until: Self.far)
        do {
            try await work(slots)
        } catch {
            slots.give()
            throw error
        }
        slots.give()
    }

    @Test func theDeadlineEndsTheWaiting() async throws {
        try await whileTaken { slots in
            await #expect(throws: NoTurn.timedOut) {
                try await slots.compute(until: .now) {}
            }
            await #expect(throws: NoTurn.timedOut) {
                try await slots.compute(until: .now + .milliseconds(5)) {}
            }
            #expect(slots.load == (1, 0))
        }
    }

    @Test func aQueryWithoutAPlaceInTimeFailsInTheReferencesWords() async throws {
        try await whileTaken { slots in
            let turn = QueryTurn(
                slots: slots, held: AnswerMemory(limit: 0).holder(), deadline: .now)
            await #expect(throws: APIError(.timeout, "query timed out in query queue")) {
                try await turn.compute {}
            }
        }
    }

    @Test func aTaskThatIsCancelledWaitsNoLonger() async throws {
        try await whileTaken { slots in
            let waiter = Task { try await slots.compute(until: Self.far) {} }
            try await Self.until { slots.load.waiting == 1 }
            waiter.cancel()
            await #expect(throws: NoTurn.cancelled) { try await waiter.value }
            #expect(slots.load == (1, 0))
            let late = Task {
                while !Task.isCancelled { await Task.yield() }
                try await slots.compute(until: Self.far) {}
            }
            late.cancel()
            await #expect(throws: NoTurn.cancelled) { try await late.value }
        }
    }

    @Test func placesAreGivenInTheOrderOfArrival() async throws {
        let order = Order()
        var waiters: [Task<Void, any Error>] = []
        var last: QuerySlots?
        try await whileTaken { slots in
            last = slots
            for number in 0..<5 {
                let waiter = Task {
                    try await slots.compute(until: Self.far) {
                        order.add(number)
                    }
                }
                waiters.append(waiter)
                try await Self.until { slots.load.waiting == number + 1 }
            }
        }
        for waiter in waiters { try await waiter.value }
        #expect(order.all == [0, 1, 2, 3, 4])
        #expect(last?.load ?? (1, 1) == (0, 0))
    }

    private final class Order: Sendable {
        private let numbers = Mutex<[Int]>([])
        var all: [Int] { numbers.withLock { $0 } }
        func add(_ number: Int) { numbers.withLock { $0.append(number) } }
    }

    // MARK: Memory

    private static let large = 4 * AnswerMemory.allowance

    @Test func answersWaitWhileOthersFillTheMemory() async throws {
        let memory = AnswerMemory(limit: 2 * Self.large)
        let (first, second, third) = (memory.holder(), memory.holder(), memory.holder())
        try await first.add(2 * Self.large, until: Self.far)
        // One may go beyond the bound, so that something ends.
        try await second.add(Self.large, until: Self.far)
        try await second.add(Self.large, until: Self.far)
        await #expect(throws: NoTurn.timedOut) {
            try await third.add(Self.large, until: .now)
        }
        #expect(memory.used == 4 * Self.large)
        let waiter = Task { try await third.add(Self.large, until: Self.far) }
        first.release()
        second.release()
        try await waiter.value
        #expect(memory.used == Self.large)
        third.release()
        #expect(memory.used == 0)
    }

    @Test func smallAnswersNeverWait() async throws {
        let memory = AnswerMemory(limit: Self.large)
        let holders = [memory.holder(), memory.holder()]
        for holder in holders { try await holder.add(Self.large, until: Self.far) }
        let small = memory.holder()
        try await small.add(AnswerMemory.allowance, until: .now)
        await #expect(throws: NoTurn.timedOut) { try await small.add(1, until: .now) }
        withExtendedLifetime(holders) {}
    }

    @Test func aHolderThatIsDroppedGivesEverythingBack() async throws {
        let memory = AnswerMemory(limit: Self.large)
        do {
            let holder = memory.holder()
            try await holder.add(Self.large, until: Self.far)
        }
        #expect(memory.used == 0)
    }
}
