import GoText
import PromQLTest
import PrometheusWire
import Synchronization
import TestSupport
import Testing
import TimeSeries
import Upstream
import UpstreamSettings

@testable import Federation

/// Members that have samples of some time only, as their `timeRange` says.
@Suite struct TimeRangeTests {
    private static func range(_ set: (inout TimeRange) -> Void) -> TimeRange {
        var range = TimeRange()
        set(&range)
        return range
    }

    /// Seconds from 1,000,000; steps of ten seconds, and a lookback of a minute.
    private static func part(
        _ text: String, _ range: TimeRange, from: Int64 = 0, through: Int64 = 600,
        now: Int64 = 10_000
    ) -> (steps: Int, first: Int64)? {
        let zero: Timestamp = 1_000_000_000
        let grid = StepGrid(
            start: zero + Milliseconds(from * 1000), end: zero + Milliseconds(through * 1000),
            step: 10_000)
        switch TimeBoundSource.part(
            of: text, on: grid, lookback: 60_000, range, zero + Milliseconds(now * 1000))
        {
        case .all: return nil
        case .none: return (0, 0)
        case .some(let grid): return (grid.count, (grid.start - zero).count / 1000)
        }
    }

    @Test func `Only steps that its samples can have a part in are asked of a member`() throws {
        // Its newest sample is 9,700 s old at second 10,000: of second 300.
        let old = Self.range { $0.olderThan = .seconds(9_700) }
        #expect(try #require(Self.part("up", old)) == (37, 0))
        #expect(try #require(Self.part("up offset 1m", old)) == (43, 0))
        #expect(try #require(Self.part("sum(rate(x[2m]))", old)) == (49, 0))
        #expect(try #require(Self.part("up", old, from: 370)) == (0, 0))
        #expect(Self.part("up", old, through: 360) == nil)
        #expect(Self.part("rate(x[1h])", old) == nil)
        // Its oldest one is of second 300.
        let new = Self.range { $0.newerThan = .seconds(9_700) }
        #expect(try #require(Self.part("up", new)) == (31, 300))
        #expect(try #require(Self.part("up offset -100s", new)) == (41, 200))
        #expect(try #require(Self.part("up offset 100s", new)) == (31, 300))
        #expect(try #require(Self.part("up", new, through: 290)) == (0, 0))
        // As time passes they are others.
        #expect(try #require(Self.part("up", old, now: 9_900)) == (27, 0))
        let fixed = Self.range {
            $0.from = 1_000_100_000
            $0.to = 1_000_200_000
        }
        #expect(try #require(Self.part("up", fixed, now: 0)) == (17, 100))
    }

    @Test func `A time that the text names counts, and what is not understood is asked wholly`() {
        let old = Self.range { $0.to = 1_000_300_000 }
        #expect(Self.part("up @ 1000200", old, from: 500) == nil)
        #expect(Self.part("up @ 1000900", old, from: 500)?.steps == 0)
        #expect(Self.part("up @ start()", old, from: 500) == nil)
        #expect(Self.part("limitk(1, up)", old, from: 500) == nil)
    }

    /// Keeps what a member has between two times.
    private static func cut(
        _ series: SampleSeries, _ range: TimeRange, _ now: Timestamp
    ) -> SampleSeries {
        let (from, through) = range.bounds(at: now)
        var kept = SampleSeries(labels: series.labels)
        for (index, time) in series.times.enumerated() where time >= from && time <= through {
            if let histogram = series.histograms[index] {
                kept.histograms[kept.times.count] = histogram
            }
            kept.times.append(time)
            kept.values.append(series.values[index])
        }
        return kept
    }

    /// Whatever is asked of members whose ranges end and begin within the data: the answer is the one
    /// that they give when each is asked for everything, to the byte.
    @Test(arguments: UInt64(0)..<8)
    func `The answer of bounded members is that of members asked for everything`(
        seed: UInt64
    )
        async throws
    {
        var random = SeededRandom(seed: seed)
        var data = GeneratedData(seed: seed, partitions: 2 + random.below(2))
        let now = data.end + 10_000
        let length = (data.end - data.start).count
        var ranges: [String: TimeRange] = [:]
        for (member, name) in data.members.enumerated() {
            let border =
                data.start + Milliseconds(length / 4 + Int64(random.below(Int(length / 2))))
            let range = Self.range { range in
                switch random.below(5) {
                case 0: break
                case 1: range.olderThan = (now - border).duration
                case 2: range.newerThan = (now - border).duration
                case 3: range.from = border
                default: range.to = border
                }
            }
            ranges[name] = range
            data.series[member] = data.series[member].map { Self.cut($0, range, now) }
                .filter { !$0.times.isEmpty }
        }
        let members = LateMembers(data, latest: 0, &random)
        members.move(to: now)
        let execution = CachedAnswersTests.execution(members) { members.source($0.name) }
        let everything = CachedAnswersTests.union(of: members)
        var bounded = everything
        for index in bounded.members.indices {
            bounded.members[index].timeRange = ranges[bounded.members[index].name] ?? TimeRange()
        }
        var (steps, asked) = (0, 0)
        func answer(
            _ project: ResolvedProject, _ pairs: [(String, String)]
        ) async throws -> (text: String, steps: Int) {
            members.asked.withLock { $0 = 0 }
            let text = try await CachedAnswersTests.answer(execution, project, pairs)
            return (text, members.asked.withLock { $0 })
        }
        for panel in (0..<5).flatMap({ _ in CachedAnswersTests.panels(members.names, &random) }) {
            let end = data.end.milliseconds - Int64(random.below(Int(length)))
            var pairs = [("query", panel.text)]
            if random.oneIn(5) {
                pairs.append(("time", "\(Double(end) / 1000)"))
            } else {
                pairs += [
                    ("start", "\(Double(end - panel.length / 2) / 1000)"),
                    ("end", "\(Double(end) / 1000)"), ("step", "\(Double(panel.step) / 1000)"),
                ]
            }
            if let lookback = panel.lookback { pairs.append(("lookback_delta", lookback)) }
            let expected = try await answer(everything, pairs)
            let given = try await answer(bounded, pairs)
            #expect(given.text == expected.text, "seed \(seed): \(pairs), \(ranges)")
            (steps, asked) = (steps + expected.steps, asked + given.steps)
        }
        // Else nothing is proved.
        if ranges.values.contains(where: { !$0.isEverything }) { #expect(asked < steps) }
    }
}
