import GoText
import PrometheusWire
import TestSupport
import Testing
import TimeSeries
import Upstream

@testable import Federation

/// Long ranges, which members are asked for in parts.
@Suite struct SplittingTests {
    private static let hour: Int64 = 3_600_000
    private static let day: Int64 = 24 * hour
    /// A midnight of UTC.
    private static let midnight: Int64 = 1_700_006_400_000

    private static func question(
        from start: Int64, through end: Int64, step: Int64, text: String = "up",
        lookback: Milliseconds? = nil
    ) -> FragmentQuestion {
        FragmentQuestion(
            text: text,
            grid: StepGrid(
                start: Timestamp(milliseconds: start), end: Timestamp(milliseconds: end),
                step: Milliseconds(step)), lookback: lookback, deadline: .now + .seconds(60))
    }

    private static func grids(_ question: FragmentQuestion, parts: Int = 4) -> [StepGrid]? {
        SplittingSource(Clockwork()) { parts }.grids(of: question)
    }

    @Test func partsMeetAtMidnightAndHaveEachStepOnce() throws {
        var random = SeededRandom(seed: 1)
        var count = 0
        for _ in 0..<2000 {
            let start = Self.midnight + Int64(random.below(Int(3 * Self.day)))
            let step = random.pick([60_000, 77_000, 300_000, 3_600_000, 7_000])
            let end = start + Int64(random.below(Int(40 * Self.day)))
            let question = Self.question(from: start, through: end, step: Int64(step))
            let most = 1 + random.below(8)
            guard let grids = Self.grids(question, parts: most) else { continue }
            count += 1
            #expect(grids.count > 1 && grids.count <= most)
            var steps = 0
            for (part, grid) in grids.enumerated() {
                #expect(grid.start == question.grid.time(at: steps))
                #expect(grid.count > 0)
                steps += grid.count
                if part > 0 {
                    let last = grids[part - 1].end.milliseconds / Self.day
                    #expect(grid.start.milliseconds / Self.day > last)
                    #expect(grid.start.milliseconds % Self.day < Int64(step))
                }
            }
            #expect(steps == question.grid.count)
            #expect(grids.last?.end == question.grid.end)
        }
        #expect(count > 1000)
    }

    @Test func fourDaysAreFourParts() throws {
        let question = Self.question(
            from: Self.midnight, through: Self.midnight + 4 * Self.day - 1, step: 300_000)
        let grids = try #require(Self.grids(question))
        #expect(grids.map(\.count) == [288, 288, 288, 288])
        #expect(
            grids.map(\.start.milliseconds)
                == (0..<4).map { Self.midnight + Int64($0) * Self.day })
    }

    private static let week = question(
        from: midnight, through: midnight + 7 * day, step: 300_000)

    @Test func whatIsShortOrReadsFarBackIsAskedWholly() {
        #expect(Self.grids(Self.week) != nil)
        #expect(Self.grids(Self.week, parts: 1) == nil)
        let end = Self.midnight + 7 * Self.day
        func isSplit(
            _ text: String = "up", from start: Int64 = Self.midnight, step: Int64 = 300_000,
            lookback: Milliseconds? = nil
        ) -> Bool {
            Self.grids(
                Self.question(
                    from: start, through: end, step: step, text: text, lookback: lookback)) != nil
        }
        // A day, and 199 steps.
        #expect(!isSplit(from: end - Self.day + 1))
        #expect(!isSplit(step: 7 * Self.day / 198))
        #expect(isSplit(step: 7 * Self.day / 199))
        #expect(isSplit("sum by (job) (rate(x[5m]))"))
        #expect(isSplit("rate(x[10h])"))
        #expect(!isSplit("rate(x[1d])"))
        #expect(!isSplit("up offset 6d"))
        #expect(!isSplit(lookback: Milliseconds(Self.day)))
        // Those of which each step is not for itself.
        #expect(!isSplit("up @ start()"))
        #expect(!isSplit("limitk(1, up)"))
        var counted = Self.week
        counted.statistics = .all
        #expect(Self.grids(counted) == nil)
        #expect(
            Self.grids(
                FragmentQuestion(text: "up", grid: .instant(0), deadline: .now + .seconds(60)))
                == nil)
    }

    private static func text(_ source: any FragmentSource) async throws -> (String, [String]) {
        let stream = try await source.open(week)
        var bytes: [UInt8] = []
        while let page = try await stream.next() { bytes += page.bytes }
        return (String(decoding: bytes, as: UTF8.self), await stream.trailer().warnings)
    }

    @Test func thePartsAreJoined() async throws {
        let member = Clockwork(series: 3)
        let split = try await Self.text(SplittingSource(member) { 4 })
        #expect(member.grids.count == 4)
        let whole = try await Self.text(member)
        #expect(split.0 == whole.0)
    }

    @Test func aPartThatSaysMoreThanItsSeriesIsAskedForWithTheWhole() async throws {
        let member = Clockwork(tail: #","warnings":["w"]"#)
        let answer = try await Self.text(SplittingSource(member) { 4 })
        #expect(answer.1 == ["w"])
        #expect(member.grids.last?.count == Self.week.grid.count)
    }

    @Test func longAnswersAreAskedForWholly() async throws {
        let member = Clockwork(series: 120)
        var rule = SplittingSource.Rule()
        rule.longest = 1 << 20
        let long = LongFragments()
        let source = SplittingSource(member, member: "m", rule: rule, long: long) { 4 }
        let answer = try await Self.text(source)
        #expect(answer.0.utf8.count > 4 << 20)
        #expect(member.grids.last?.count == Self.week.grid.count)
        // The next time that is known. Other members and other texts are not taken for it.
        let asked = member.grids.count
        #expect(try await Self.text(source) == answer)
        #expect(member.grids.count == asked + 1)
        _ = try await Self.text(SplittingSource(member, member: "n", rule: rule, long: long) { 4 })
        #expect(member.grids.count > asked + 2)
    }

    @Test func whatWasTooLongIsKnownForSomeMinutesAndForRangesAsLong() {
        let long = LongFragments()
        let now = MonotonicInstant.now
        long.add("up", of: "m", bytes: 5_000, steps: 100, at: now)
        #expect(long.isLonger(than: 4_000, "up", of: "m", steps: 100, at: now))
        #expect(!long.isLonger(than: 4_000, "up", of: "m", steps: 80, at: now))
        // As long as the part that was too long, by a byte.
        long.add("x", of: "m", bytes: 4_001, steps: 577, at: now)
        #expect(long.isLonger(than: 4_000, "x", of: "m", steps: 577, at: now))
        #expect(!long.isLonger(than: 4_000, "down", of: "m", steps: 100, at: now))
        let later = now.advanced(by: LongFragments.freshFor)
        #expect(!long.isLonger(than: 4_000, "up", of: "m", steps: 100, at: later))
    }

    /// Fails where it is asked for a part.
    private struct Refusing: FragmentSource {
        let kind: UpstreamError.Kind

        func open(_ question: FragmentQuestion) async throws(UpstreamError) -> any FragmentStream {
            if question.grid.count < SplittingTests.week.grid.count {
                throw UpstreamError(kind: kind)
            }
            return try await Clockwork().open(question)
        }

        func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool { true }
    }

    @Test func aRefusalIsTheOneOfTheWholeAndAFailureIsThatOfThePart() async throws {
        let refused = Refusing(
            kind: .rejectedQuery(status: 422, errorType: "execution", text: "too many samples"))
        let expected = try await Self.text(Clockwork())
        #expect(try await Self.text(SplittingSource(refused) { 4 }).0 == expected.0)
        await #expect(throws: UpstreamError.self) {
            try await Self.text(SplittingSource(Refusing(kind: .timeout)) { 4 })
        }
    }
}
