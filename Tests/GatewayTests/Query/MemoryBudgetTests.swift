import GoText
import PromQLEngine
import PrometheusServer
import PrometheusWire
import Synchronization
import Testing
import Upstream

@testable import Federation

@Suite struct MemoryBudgetTests {
    private static let large = 4 * MemoryBudget.allowance
    private static var far: ContinuousClock.Instant { .now + .seconds(60) }

    private func until(_ condition: () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while !condition() {
            try #require(ContinuousClock.now < end, "the condition did not come true")
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    // MARK: Who is lent what

    @Test func queriesWaitWhileOthersHoldThreeQuarters() async throws {
        let budget = MemoryBudget(limit: 4 * Self.large)
        let (first, second, third) = (budget.holder(), budget.holder(), budget.holder())
        try await first.add(3 * Self.large, until: Self.far)
        // The quarter that is kept goes to the one that waits longest, so that something ends.
        try await second.add(Self.large, until: Self.far)
        await #expect(throws: NoLoan.timedOut) {
            try await third.add(1 + MemoryBudget.allowance, until: .now)
        }
        let waiter = Task { try await third.add(Self.large, until: Self.far) }
        second.release()
        try await waiter.value
        #expect(budget.load.used == 4 * Self.large)
        for holder in [first, third] { holder.release() }
        #expect(budget.load.used == 0)
        #expect(budget.load.peak == 4 * Self.large)
    }

    @Test func nothingIsLentBeyondTheLimit() async throws {
        let budget = MemoryBudget(limit: 2 * Self.large)
        let (first, second) = (budget.holder(), budget.holder())
        try await first.add(2 * Self.large, until: Self.far)
        #expect(!second.lend(1))
        #expect(!second.lendIfPlenty(1))
        let loan = budget.loan()
        #expect(!loan.lend(1))
        await #expect(throws: NoLoan.timedOut) { try await second.add(1, until: .now) }
        first.release()
        #expect(loan.lend(1))
        #expect(second.lendIfPlenty(Self.large - 1))
        #expect(!second.lendIfPlenty(1))
        #expect(second.lend(Self.large))
    }

    @Test func whatIsSentWhileItIsMadeHasNoShareInTheQuarter() async throws {
        let budget = MemoryBudget(limit: 4 * Self.large)
        let (first, second) = (budget.holder(), budget.holder())
        try await first.add(3 * Self.large, isWhole: true, until: Self.far)
        await #expect(throws: NoLoan.timedOut) {
            try await second.add(Self.large, isWhole: true, until: .now)
        }
        await #expect(throws: NoLoan.refused) {
            try await second.add(3 * Self.large + 1, isWhole: true, until: Self.far)
        }
        // Another kind of query gets it, though one that may not waits longer.
        let waiter = Task { try await second.add(Self.large, isWhole: true, until: Self.far) }
        let third = budget.holder()
        try await third.add(Self.large, until: Self.far)
        first.release()
        try await waiter.value
        withExtendedLifetime((second, third)) {}
    }

    @Test func streamsOfOneAnswerAskOnceForAll() async throws {
        let budget = MemoryBudget(limit: 64 << 20)
        let turn = turn(budget)
        let merged = MergedAnswer(turn, streams: 4, heldBytes: 100, writtenBytes: 1000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await merged.begin() } }
            try await group.waitForAll()
        }
        #expect(budget.load.used == 4 * LongAnswer.perStream + 1100)
    }

    @Test func whatNeverFitsIsRefusedAtOnce() async throws {
        let budget = MemoryBudget(limit: Self.large)
        let holder = budget.holder()
        try await holder.add(10, until: Self.far)
        await #expect(throws: NoLoan.refused) {
            try await holder.add(Self.large, until: Self.far)
        }
    }

    @Test func smallAnswersWaitForNoPlaceInTheLine() async throws {
        let budget = MemoryBudget(limit: 4 * Self.large)
        let (first, second) = (budget.holder(), budget.holder())
        try await first.add(3 * Self.large, until: Self.far)
        let waiter = Task { try await second.add(2 * Self.large, until: Self.far) }
        defer { waiter.cancel() }
        let small = budget.holder()
        try await small.add(MemoryBudget.allowance, until: .now)
        #expect(budget.load.used == 3 * Self.large + MemoryBudget.allowance)
        withExtendedLifetime((first, second)) {}
    }

    @Test func whereAllThatHoldSomethingWaitTheLastIsRefused() async throws {
        let budget = MemoryBudget(limit: 4 * Self.large)
        let first = budget.holder()
        try await first.add(2 * Self.large, until: Self.far)
        let second = budget.holder()
        try await second.add(Self.large, until: Self.far)
        let idle = budget.holder()
        let early = Task { try await first.add(2 * Self.large, until: Self.far) }
        let bystander = Task { try await idle.add(2 * Self.large, until: Self.far) }
        let late = Task {
            do { try await second.add(2 * Self.large, until: Self.far) } catch {
                second.release()
                throw error
            }
        }
        await #expect(throws: NoLoan.refused) { try await late.value }
        try await early.value
        first.release()
        // One that holds nothing stands in nobody's way, whenever it came.
        try await bystander.value
        idle.release()
        #expect(budget.load.used == 0)
    }

    @Test func whatIsDroppedGivesEverythingBack() async throws {
        let budget = MemoryBudget(limit: Self.large)
        do {
            let holder = budget.holder()
            let loan = budget.loan()
            try await holder.add(Self.large / 2, until: Self.far)
            #expect(loan.lend(100))
        }
        #expect(budget.load.used == 0)
    }

    @Test func thousandsOfWaitersAllGetTheirTurn() async throws {
        let budget = MemoryBudget(limit: 8 * Self.large)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    let holder = budget.holder()
                    try await holder.add(Self.large * (1 + number % 4), until: Self.far)
                    await Task.yield()
                    holder.release()
                }
            }
            try await group.waitForAll()
        }
        #expect(budget.load.used == 0)
        #expect(budget.load.peak <= 8 * Self.large)
    }

    // MARK: Evaluations

    private func turn(
        _ budget: MemoryBudget, _ deadline: ContinuousClock.Instant? = nil
    )
        -> QueryTurn
    {
        let end = deadline ?? Self.far
        return QueryTurn(
            work: QuerySlots(places: 2).work(for: .project("p"), until: end),
            held: budget.holder(), deadline: end)
    }

    @Test func anEvaluationWithoutMemoryWaitsAndBeginsAgain() async throws {
        let budget = MemoryBudget(limit: 4 * Self.large)
        let other = budget.holder()
        try await other.add(3 * Self.large, until: Self.far)
        let turn = turn(budget)
        let runs = Mutex(0)
        let task = Task {
            try await turn.evaluate { memory throws(EvaluationError) in
                runs.withLock { $0 += 1 }
                for _ in 0..<3 {
                    guard memory.lend(Self.large) else { throw .noMemory(Self.large) }
                }
                return "done"
            }
        }
        try await until { runs.withLock { $0 } >= 1 }
        other.release()
        #expect(try await task.value == "done")
        #expect(budget.load.used >= 3 * Self.large)
        #expect(budget.load.peak <= 4 * Self.large)
        turn.release()
        #expect(budget.load.used == 0)
    }

    @Test func anEvaluationThatNeverFitsIsRefusedByName() async throws {
        let turn = turn(MemoryBudget(limit: Self.large))
        let refusal = APIError(
            .unavailable, "not enough memory for the query (limits.maxMemory)")
        await #expect(throws: refusal) {
            try await turn.evaluate { memory throws(EvaluationError) in
                for _ in 0..<1000 {
                    guard memory.lend(Self.large / 2) else { throw .noMemory(Self.large / 2) }
                }
            }
        }
    }

    @Test func anEvaluationThatIsNotGivenMemoryInTimeIsRefusedByName() async throws {
        let budget = MemoryBudget(limit: 2 * Self.large)
        let other = budget.holder()
        try await other.add(2 * Self.large, until: Self.far)
        let turn = turn(budget, .now + .milliseconds(20))
        let refusal = APIError(
            .unavailable, "not enough memory for the query (limits.maxMemory)")
        await #expect(throws: refusal) {
            try await turn.evaluate { memory throws(EvaluationError) in
                guard memory.lend(Self.large) else { throw .noMemory(Self.large) }
            }
        }
        withExtendedLifetime(other) {}
    }

    @Test func otherFailuresOfAnEvaluationStayWhatTheyAre() async throws {
        let turn = turn(MemoryBudget(limit: Self.large))
        await #expect(throws: APIError(.execution, "no")) {
            try await turn.evaluate { _ throws(EvaluationError) in throw .execution("no") }
        }
    }

    // MARK: Answers

    @Test func anAnswerHoldsItsBytesUntilItIsDropped() async throws {
        let budget = MemoryBudget(limit: Self.large)
        do {
            let turn = turn(budget)
            try await turn.hold(Self.large / 2)
            var response: PrometheusResponse? = turn.lending(
                to: .json([UInt8](repeating: 0x20, count: 1000)))
            #expect(budget.load.used == 1000)
            #expect(response?.status == 200)
            response = nil
        }
        #expect(budget.load.used == 0)
    }

    @Test func listsAreLentWhatTheirBytesTake() async throws {
        let budget = MemoryBudget(limit: 1 << 20)
        let turn = turn(budget)
        let response = try await turn.lending {
            let lender = try #require(Lending.lender)
            try await lender.hold(1 << 19)
            #expect(budget.load.used == 1 << 19)
            return .json(Array("{}".utf8))
        }
        #expect(budget.load.used == 2)
        withExtendedLifetime(response) {}
    }
}
