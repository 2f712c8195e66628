import GatewayConfiguration
import Glibc
import PrometheusWire
import Testing
import UpstreamSettings

@testable import Federation
@testable import Gateway
@testable import Upstream

/// Places for computing, and memory for answers.
@Suite struct QuerySlotsTests {
    private static let far = ContinuousClock.now.advanced(by: .seconds(3600))

    @Test func aQueryWithoutAPlaceInTimeFailsInTheReferencesWords() async throws {
        let line = FairLine(places: 1)
        try await line.take(.project("other"), rank: 0, until: nil)
        let work = QueryWork(for: .project("p"), in: line, until: .now)
        let turn = QueryTurn(work: work, held: AnswerMemory(limit: 0).holder(), deadline: .now)
        await #expect(throws: APIError(.timeout, "query timed out in query queue")) {
            try await turn.compute {}
        }
    }

    @Test func thereAreNoMorePlacesThanProcessors() async throws {
        let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        for (limit, places) in [(1, 1), (10_000, processors)] {
            let slots = QuerySlots(limit: limit)
            let work = slots.work(for: .project("p"), until: .now)
            var taken = 0
            while (try? await work.enter(isolation: nil)) != nil { taken += 1 }
            #expect(taken == places)
            #expect(slots.load == (places, 0))
        }
    }

    // MARK: Who asks

    @Test func aClientIsItsTokenOrKeyAndElseTheProject() {
        let token = AccessToken(
            name: "grafana", digest: SecretDigest(ofText: "secret"), projects: nil,
            isAdministrator: false)
        #expect(Grant.token(token).client(of: "a") == .token("grafana"))
        #expect(Grant.token(token).client(of: "b") == .token("grafana"))
        #expect(Grant.project("a").client(of: "all") == .key(project: "a"))
        #expect(Grant.everything.client(of: "a") == .project("a"))
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
