import GoText
import Testing
import TimeSeries

@testable import Upstream

/// What replicas tell of the targets that they reached.
@Suite struct ReplicaCoverageTests {
    private static let grid = StepGrid(start: 0, end: 600_000, step: 30_000)

    /// One value a step; nil for none.
    private func targets(_ jobs: [String: (Int) -> Double?]) -> FreshTargets {
        FreshTargets(
            jobs: jobs.mapValues { value in
                (0..<Self.grid.count).map { value($0) ?? SampleValue.absent }
            })
    }

    private func lack(
        _ one: FreshTargets, beside other: FreshTargets, isCoarse: Bool = false
    ) -> ReplicaCoverage.Lack {
        one.lack(beside: other, on: Self.grid, 60_000, isCoarse: isCoarse)
    }

    @Test func replicasThatReachTheSameTargetsLackNothing() {
        let one = targets(["api": { _ in 3 }, "db": { _ in 1 }])
        #expect(lack(one, beside: one) == ReplicaCoverage.Lack())
        #expect(lack(one, beside: targets([:])) == ReplicaCoverage.Lack())
    }

    @Test func oneThatWasDownLacksWhatTheOtherScraped() {
        let down = targets(["api": { (5...8).contains($0) ? nil : 3 }])
        let up = targets(["api": { _ in 3 }])
        let lack = lack(down, beside: up)
        // Fresh is what is at most a minute old.
        #expect(lack.outages == [90_001...240_000])
        #expect(lack.parts == [60_000...270_000])
        #expect(self.lack(up, beside: down) == ReplicaCoverage.Lack())
    }

    @Test func whatNeitherScrapedIsNoLack() {
        let down = targets(["api": { (5...8).contains($0) ? nil : 3 }])
        #expect(lack(down, beside: down) == ReplicaCoverage.Lack())
    }

    @Test func aJobThatWasNotReachedIsALackAndNoOutage() {
        let one = targets(["api": { _ in 3 }, "db": { $0 > 10 ? 0 : 2 }])
        let other = targets(["api": { _ in 3 }, "db": { _ in 2 }])
        let lack = lack(one, beside: other)
        #expect(lack.outages.isEmpty)
        #expect(lack.parts == [240_000...630_000])
    }

    @Test func oneScrapeThatFailedIsNoHole() {
        let one = targets(["api": { $0 == 7 ? 2 : 3 }])
        let other = targets(["api": { _ in 3 }])
        #expect(lack(one, beside: other) == ReplicaCoverage.Lack())
        #expect(lack(one, beside: other, isCoarse: true).parts == [120_000...240_000])
    }

    @Test func jobsAreAskedAboutByHowOftenTheyAreScraped() {
        #expect(ScrapeClass.classes([]) == [.fast])
        #expect(ScrapeClass.classes([["api": 240], ["api": 239]]) == [.fast])
        // A replica that was down for most of the hour tells a longer interval.
        #expect(ScrapeClass.classes([["api": 20], ["api": 240]]) == [.fast])
        let mixed = ScrapeClass.classes([["a.b": 60, "api": 240, "slow": 12]])
        #expect(
            mixed.map(\.question) == [
                "sum by (job) (last_over_time(up{job!~\"a\\\\.b|slow\"}[1m]))",
                "sum by (job) (last_over_time(up{job=~\"a\\\\.b\"}[3m]))",
                "sum by (job) (last_over_time(up{job=~\"slow\"}[15m]))",
            ])
        #expect(mixed.map(\.window) == [60_000, 180_000, 900_000])
        #expect(
            ScrapeClass.classes([["api": 60]]).map(\.question)
                == ["sum by (job) (last_over_time(up[3m]))"])
    }

    @Test func replicasThatDidNotTellAreTheLast() {
        var knowledge = ReplicaCoverage.Knowledge()
        #expect(knowledge.order([2, 0, 1]) == [2, 0, 1])
        knowledge.silent = [2]
        #expect(knowledge.order([2, 0, 1]) == [0, 1, 2])
        var all = ReplicaCoverage.Knowledge()
        all.add(knowledge)
        #expect(all.order([0, 1, 2]) == [0, 1, 2] && all.silent == [2])
    }
}
