import PromQLEngine
import Testing
import TimeSeries

/// Wrong answers that other federations published: ours is the union's, over data where the wrong
/// one would show.
@Suite struct PublishedWrongAnswersTests {
    @Test(
        arguments: PublishedCase.promqlEngine + PublishedCase.thanos + PublishedCase.cortex
            + PublishedCase.promxy + PublishedCase.trickster)
    func federationAnswersAsTheUnion(published: PublishedCase) async throws {
        let answers = try await PublishedAnswers(to: published)
        #expect(answers.difference == nil)
        let value = try answers.federation.get().value
        switch value {
        case .scalar(let values):
            if let wanted = published.value { #expect(values.last == wanted) }
        case .vector(let series):
            let present = series.filter { !$0.isEmpty }
            if let count = published.count { #expect(present.count == count) }
            if let wanted = published.value {
                try #require(present.count == 1)
                let given = try #require(present[0].values.last)
                #expect(given == wanted || abs(given - wanted) < 1e-9)
                #expect(given.sign == wanted.sign)
            }
            // What proves nothing would be an empty answer that nobody expected.
            if published.count != 0 { #expect(!present.isEmpty) }
        case .rangeVector(let series): #expect(!series.isEmpty)
        case .string: break
        }
    }

    @Test(arguments: PublishedCase.refused)
    func federationRefusesWhatTheUnionRefuses(published: PublishedCase) async throws {
        let answers = try await PublishedAnswers(to: published)
        #expect(throws: (any Error).self) { try answers.union.get() }
        #expect(throws: (any Error).self) { try answers.federation.get() }
    }

    /// mimir 3027: the plan of a long chain of operators grows with its length, not faster.
    @Test func longChainsArePlannedInTimeThatGrowsWithThem() async throws {
        let chain = Array(repeating: "sum(m)", count: 500).joined(separator: " + ")
        let answers = try await PublishedAnswers(to: PublishedCase("mimir 3027", chain))
        #expect(answers.difference == nil)
        let clock = ContinuousClock()
        let duration = try await clock.measure {
            _ = try await PublishedAnswers(to: PublishedCase("mimir 3027", chain))
        }
        #expect(duration < .seconds(20))
    }
}
