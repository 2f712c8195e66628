import PrometheusAPI
import Testing

@testable import Gateway

@Suite struct QuerySlotsTests {
    private static let far = ContinuousClock.now.advanced(by: .seconds(600))

    /// Runs `work` while the only slot is taken.
    private func whileTaken(
        _ work: @Sendable (QuerySlots) async throws -> Void
    ) async throws {
        let slots = QuerySlots(limit: 1)
        try await slots.withSlot(until: Self.far, maxWaiting: 0) { try await work(slots) }
        #expect(await slots.load == (0, 0))
    }

    /// Waits until so many queries wait.
    private static func until(_ slots: QuerySlots, waiting: Int) async throws {
        while await slots.load.waiting != waiting {
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test func theDeadlineEndsTheWaitingInTheReferencesWords() async throws {
        try await whileTaken { slots in
            await #expect(throws: APIError(.timeout, "query timed out in query queue")) {
                try await slots.withSlot(until: .now, maxWaiting: 1) {}
            }
            #expect(await slots.load == (1, 0))
        }
    }

    @Test func whoeverGoesAwayWaitsNoLonger() async throws {
        try await whileTaken { slots in
            let waiter = Task { try await slots.withSlot(until: Self.far, maxWaiting: 1) {} }
            try await Self.until(slots, waiting: 1)
            waiter.cancel()
            await #expect(throws: CancellationError.self) { try await waiter.value }
            #expect(await slots.load == (1, 0))
        }
    }

    @Test func onlySoManyMayWait() async throws {
        try await whileTaken { slots in
            await #expect(
                throws: APIError(.unavailable, "too many queries wait for their turn")
            ) {
                try await slots.withSlot(until: Self.far, maxWaiting: 0) {}
            }
        }
    }

    @Test func slotsGoToWhoeverWaitsLongest() async throws {
        let slots = QuerySlots(limit: 1)
        let order = Order()
        try await slots.withSlot(until: Self.far, maxWaiting: 0) {
            for number in 0..<5 {
                Task {
                    try await slots.withSlot(until: Self.far, maxWaiting: 5) {
                        await order.add(number)
                    }
                }
                try await Self.until(slots, waiting: number + 1)
            }
        }
        // Whoever comes last runs last.
        try await slots.withSlot(until: Self.far, maxWaiting: 5) {}
        #expect(await order.all == [0, 1, 2, 3, 4])
        #expect(await slots.load == (0, 0))
    }

    private actor Order {
        private(set) var all: [Int] = []
        func add(_ number: Int) { all.append(number) }
    }
}
