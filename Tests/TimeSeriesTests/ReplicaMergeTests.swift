import GoText
import TestSupport
import Testing
import TimeSeries

/// What replicas of one series are together.
@Suite struct ReplicaMergeTests {
    private static let interval: Int64 = 15_000

    private func series(_ samples: [(Int64, Double)], name: String = "x_total") -> SampleSeries {
        SampleSeries(
            labels: LabelSet(["__name__": name]),
            times: samples.map { Timestamp(milliseconds: $0.0 * 1000) }, values: samples.map(\.1))
    }

    private func merge(
        _ parts: [[(Int64, Double)]], from: Int64 = 0, through: Int64 = 10_000,
        name: String = "x_total", outages: [[ClosedRange<Int64>]] = []
    ) -> [String] {
        let merge = ReplicaMerge(
            parts.enumerated().map { index, samples in
                let known = outages.indices.contains(index) ? outages[index] : []
                return ReplicaMerge.Part(
                    series(samples, name: name), from: Timestamp(milliseconds: from * 1000),
                    through: Timestamp(milliseconds: through * 1000),
                    outages: known.map {
                        Timestamp(
                            milliseconds: $0.lowerBound * 1000)...Timestamp(
                                milliseconds: $0.upperBound * 1000)
                    })
            })
        let merged = merge.series
        return zip(merged.times, merged.values).map {
            SampleValue.isStale($1)
                ? "\($0.milliseconds / 1000) stale" : "\($0.milliseconds / 1000) \(Int($1))"
        }
    }

    @Test func samplesOfTwoReplicasNeverMixWhereThePreferredOneHasThem() {
        let a = (0...10).map { (Int64($0 * 15), Double($0)) }
        let b = (0...10).map { (Int64($0 * 15 + 7), Double($0)) }
        #expect(merge([a, b], through: 157) == a.map { "\($0.0) \(Int($0.1))" })
        #expect(merge([b, a], through: 157) == b.map { "\($0.0) \(Int($0.1))" })
    }

    @Test func aHoleIsFilledFromTheNextReplicaThatHasSamplesThere() {
        let a = [(0, 0), (15, 1), (30, 2), (300, 20), (315, 21)].map { (Int64($0.0), Double($0.1)) }
        let b = (0...21).map { (Int64($0 * 15 + 7), Double($0)) }
        let merged = merge([a, b], through: 322)
        #expect(merged.prefix(3) == ["0 0", "15 1", "30 2"])
        #expect(merged[3] == "37 2" && merged.contains("292 19"))
        #expect(merged.suffix(2) == ["300 20", "315 21"])
        #expect(merged.count == 5 + 18)
    }

    @Test func aThirdReplicaFillsWhatTheFirstTwoLack() {
        func some(_ from: Int, _ through: Int) -> [(Int64, Double)] {
            stride(from: from, through: through, by: 15).map { (Int64($0), Double($0)) }
        }
        let merged = merge(
            [some(0, 150) + some(600, 750), some(300, 450), some(0, 750)], through: 750)
        #expect(merged == some(0, 750).map { "\($0.0) \(Int($0.1))" })
    }

    @Test func aPauseOfThreeIntervalsIsNoHole() {
        let a = [(0, 0), (60, 1), (120, 2), (300, 5), (360, 6)].map { (Int64($0.0), Double($0.1)) }
        let b = (0...6).map { (Int64($0 * 60 + 30), Double($0)) }
        #expect(merge([a, b], through: 360).count == 5)
    }

    @Test func aPauseWithinAMinuteIsNoHoleHoweverShortTheInterval() {
        let a = (0...10).map { (Int64($0), Double($0)) } + [(70, 70), (71, 71)]
        let b = (0...71).map { (Int64($0), Double($0)) }
        #expect(merge([a, b], through: 71).count == 13)
    }

    @Test func aKnownOutageIsAHoleHoweverShort() {
        let a = [(0, 0), (300, 1), (600, 2), (1200, 4), (1500, 5)].map {
            (Int64($0.0), Double($0.1))
        }
        let b = (0...5).map { (Int64($0 * 300 + 10), Double($0)) }
        #expect(merge([a, b], through: 1510).count == 5)
        #expect(
            merge([a, b], through: 1510, outages: [[700...1000]]).contains("910 3"))
    }

    @Test func aSeriesThatOneReplicaHasAloneIsThatOnes() {
        let a = (0...10).map { (Int64($0 * 15), Double($0)) }
        #expect(merge([[], a], through: 150) == merge([a], through: 150))
    }

    @Test func samplesOutsideOfAReplicasTimesAreNotTaken() {
        let long = (0...40).map { (Int64($0 * 15), Double($0)) }
        let parts = [
            ReplicaMerge.Part(series(long), from: 300_000, through: 600_000),
            ReplicaMerge.Part(series(long), from: 0, through: 450_000),
        ]
        let merged = ReplicaMerge(parts)
        #expect(merged.series.times == series(long).times)
        #expect(merged.slices.map(\.part) == [1, 0])
    }

    // MARK: - Counters

    @Test("A replica that read the counter a moment before is not taken for a reset")
    func lateReplica() {
        let a: [(Int64, Double)] = [(0, 100), (15, 200), (30, 300)]
        // Read later by its clock, and before by the target's.
        let b: [(Int64, Double)] = [
            (1, 95), (16, 195), (31, 295), (46, 395), (61, 495), (76, 595), (91, 695), (106, 795),
        ]
        #expect(
            merge([a, b], through: 110) == [
                "0 100", "15 200", "30 300", "46 395", "61 495", "76 595", "91 695", "106 795",
            ])
    }

    @Test("A reset that both replicas show is kept once, on the way there and back")
    func resetInAHole() {
        func sample(_ scrape: Int, after offset: Int) -> (Int64, Double) {
            let value = scrape < 20 ? 1000 + scrape : scrape - 20
            return (Int64(scrape * 15 + offset), Double(value))
        }
        let b = (0...40).map { sample($0, after: 7) }
        let a = (0...40).filter { $0 < 10 || $0 > 30 }.map { sample($0, after: 0) }
        let values = merge([a, b], through: 610).compactMap { Int($0.split(separator: " ")[1]) }
        #expect(zip(values, values.dropFirst()).filter { $0 > $1 }.count == 1)
    }

    @Test("A gauge that differs between replicas fills the hole as it is")
    func gauge() {
        let a = (0...40).filter { $0 < 10 || $0 > 30 }.map { (Int64($0 * 15), 5.0) }
        let b = (0...40).map { (Int64($0 * 15 + 7), 3.0) }
        let merged = merge([a, b], through: 610, name: "temperature")
        #expect(merged.filter { $0.hasSuffix(" 3") }.count == 22)
    }

    @Test(
        "What a counter rose by is never more than the target's, whatever the holes",
        arguments: 1...40)
    func property(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<50 {
            let target = CountingTarget(&random)
            let replicas = (0..<(2 + random.below(2))).map { _ in target.scraped(&random) }
            let merged = ReplicaMerge(
                replicas.map {
                    ReplicaMerge.Part($0, from: 0, through: CountingTarget.end)
                }
            ).series
            #expect(zip(merged.times, merged.times.dropFirst()).allSatisfy { $0 < $1 })
            let indices = Array(merged.times.indices)
            guard indices.count > 1 else { continue }
            for _ in 0..<20 {
                let first = random.below(indices.count)
                let last = first + random.below(indices.count - first)
                let rise = Self.rise(Array(merged.values[first...last]))
                let whole = target.rise(
                    from: merged.times[first] - CountingTarget.latest, through: merged.times[last])
                #expect(rise <= whole + 1e-9, "seed \(seed)")
            }
            // No hole is left where a replica has samples.
            let all = replicas.flatMap(\.times).sorted()
            if let first = all.first, let last = all.last {
                #expect(merged.times[0] <= first + 60_000)
                #expect(merged.times[merged.times.count - 1] >= last - 60_000)
            }
        }
    }

    /// As `increase` counts it, without looking beyond the samples.
    private static func rise(_ values: [Double]) -> Double {
        zip(values, values.dropFirst()).reduce(0) { $0 + ($1.1 < $1.0 ? $1.1 : $1.1 - $1.0) }
    }

    // MARK: - Staleness and histograms

    @Test func aMarkerIsNotKeptWhereAnotherReplicaGoesOn() {
        let stale = SampleValue.stale
        let a: [(Int64, Double)] = [(0, 0), (15, 1), (30, stale)]
        let b = (0...20).map { (Int64($0 * 15 + 7), Double($0)) }
        #expect(!merge([a, b], through: 310).contains { $0.hasSuffix("stale") })
        #expect(merge([a, []], through: 310).last == "30 stale")
    }

    @Test func aMarkerBetweenScrapesStays() {
        let a: [(Int64, Double)] = [
            (0, 0), (15, 1), (30, SampleValue.stale), (45, 3), (60, 4),
        ]
        let b = (0...4).map { (Int64($0 * 15 + 7), Double($0)) }
        #expect(merge([a, b], through: 67) == ["0 0", "15 1", "30 stale", "45 3", "60 4"])
    }

    @Test func histogramsAreTakenWholeAndSpeakOfNoOtherReplica() {
        func histogram(_ count: Double) -> FloatHistogram {
            FloatHistogram(
                counterResetHint: .notReset, schema: 0, zeroThreshold: 0.001, zeroCount: 0,
                count: count, sum: count, positiveSpans: [.init(offset: 0, length: 1)],
                negativeSpans: [], positiveBuckets: [count], negativeBuckets: [],
                customValues: [])
        }
        func series(_ samples: [(Int64, Double)]) -> SampleSeries {
            SampleSeries(
                labels: LabelSet(["__name__": "h"]),
                times: samples.map { Timestamp(milliseconds: $0.0 * 1000) },
                values: samples.map { _ in 0 },
                histograms: Dictionary(
                    uniqueKeysWithValues: samples.enumerated().map {
                        ($0.offset, histogram($0.element.1))
                    }))
        }
        let merged = ReplicaMerge([
            .init(series([(0, 10), (15, 20), (30, 30)]), from: 0, through: 120_000),
            .init(
                series([(1, 9), (16, 19), (31, 29), (46, 39), (61, 49), (76, 59), (120, 69)]),
                from: 0, through: 120_000),
        ]).series
        #expect(
            merged.times.map(\.milliseconds) == [
                0, 15_000, 30_000, 46_000, 61_000, 76_000, 120_000,
            ])
        #expect(merged.histograms[3]?.count == 39)
        #expect(merged.histograms[3]?.counterResetHint == .unknown)
        #expect(merged.histograms[4]?.counterResetHint == .notReset)
    }
}

/// A counter that rises and is reset, and what replicas read of it.
private struct CountingTarget {
    static let end: Timestamp = 3_600_000
    /// How long before the time of a sample its value was read, at most.
    static let latest: Milliseconds = 400

    /// Of the value from each time on.
    private var steps: [(time: Int64, value: Double)] = []

    init(_ random: inout SeededRandom) {
        var (time, value): (Int64, Double) = (-10_000, Double(random.below(1000)))
        while time < Self.end.milliseconds {
            steps.append((time, value))
            time += 50 + Int64(random.below(2000))
            value = random.below(400) == 0 ? 0 : value + Double(random.below(20))
        }
    }

    private func value(at time: Int64) -> Double {
        var (low, high) = (0, steps.count)
        while low < high {
            let middle = (low + high) / 2
            if steps[middle].time > time { high = middle } else { low = middle + 1 }
        }
        return steps[max(0, low - 1)].value
    }

    func rise(from: Timestamp, through: Timestamp) -> Double {
        var last = value(at: from.milliseconds)
        var rise = 0.0
        for step in steps where step.time > from.milliseconds && step.time <= through.milliseconds {
            rise += step.value < last ? step.value : step.value - last
            last = step.value
        }
        return rise
    }

    func scraped(_ random: inout SeededRandom) -> SampleSeries {
        var series = SampleSeries(labels: LabelSet(["__name__": "x_total"]))
        var time = Int64(random.below(15_000))
        var isDown = random.below(4) == 0
        while time <= Self.end.milliseconds {
            if random.below(isDown ? 20 : 60) == 0 { isDown.toggle() }
            if !isDown {
                series.times.append(Timestamp(milliseconds: time))
                series.values.append(
                    value(at: time - Int64(random.below(Int(Self.latest.count)))))
            }
            time += 15_000
        }
        return series
    }
}
