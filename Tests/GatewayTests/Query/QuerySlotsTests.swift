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
        let turn = QueryTurn(work: work, held: MemoryBudget(limit: 1024).holder(), deadline: .now)
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
}
