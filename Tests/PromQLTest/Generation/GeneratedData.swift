import GoText
import PromQL
public import TestSupport
public import TimeSeries

/// Seeded series over several partitions, made to meet the traps: the same series in several
/// members, label names that sort around `project`, members with a `project` label of their own,
/// counter resets, gaps, staleness, NaN and infinities, classic and native histograms, floats among
/// histograms, info series.
///
/// Values are multiples of 1/8, so that sums do not depend on the order of addition.
public struct GeneratedData: Sendable {
    /// Names of the partitions.
    public var members: [String]
    /// By partition, labels as the member has them.
    public var series: [[SampleSeries]]
    /// By member, what all its series get beside the label of the partition.
    var staticLabels: [String: [String: String]] = [:]
    /// The first and last sample times.
    public var start: Timestamp
    public var end: Timestamp

    public static let interval: Milliseconds = 15_000
    public static let sampleCount = 80

    public init(seed: UInt64, partitions: Int) {
        var random = SeededRandom(seed: seed)
        let names = ["a", "b-eu", "c_us", "prod-d", "e5"]
        members = (0..<partitions).map { $0 < names.count ? names[$0] : "m\($0)" }
        start = 1_700_000_000_000
        end = start + Self.interval * Int64(Self.sampleCount - 1)
        series = []
        for member in members {
            var all: [SampleSeries] = []
            for labels in Self.labelSets(&random) + Self.informed(&random, by: member) {
                var one = Self.samples(labels, from: start, &random)
                switch labels["__name__"] {
                case "durations": Self.addHistograms(to: &one, isMixed: false, &random)
                case "mixed" where !random.oneIn(3):
                    Self.addHistograms(to: &one, isMixed: random.oneIn(2), &random)
                default: break
                }
                all.append(one)
            }
            series.append(all)
        }
    }

    private static func labelSets(_ random: inout SeededRandom) -> [[String: String]] {
        var sets: [[String: String]] = []
        let jobs = ["api", "db", "web"]
        let instances = ["h1:9", "h2:9", "h3:9"]
        for job in jobs where !random.oneIn(5) {
            for instance in instances where !random.oneIn(4) {
                let base = ["job": job, "instance": instance]
                for code in ["200", "404", "500"] where !random.oneIn(3) {
                    sets.append(
                        base.merging(["__name__": "requests_total", "code": code]) { $1 })
                }
                sets.append(base.merging(["__name__": "temperature"]) { $1 })
                if random.oneIn(2) {
                    sets.append(base.merging(["__name__": "memory", "zone": "z1"]) { $1 })
                }
                if random.oneIn(3) {
                    sets.append(base.merging(["__name__": "memory", "project": "own"]) { $1 })
                }
                if random.oneIn(4) {
                    sets.append(
                        base.merging([
                            "__name__": "memory", "project": "own", "exported_project": "deep",
                        ]) { $1 })
                }
                if random.oneIn(2) {
                    sets.append(
                        base.merging(["__name__": "memory", "projecs": "x", "A": "y"]) { $1 })
                }
                if random.oneIn(2) {
                    sets.append(base.merging(["__name__": "durations"]) { $1 })
                }
                if random.oneIn(3) {
                    sets.append(base.merging(["__name__": "mixed"]) { $1 })
                }
                if random.oneIn(3) {
                    for bound in ["0.5", "1.0", "5.0", "+Inf"] {
                        sets.append(
                            base.merging(["__name__": "latency_bucket", "le": bound]) { $1 })
                    }
                }
            }
            if random.oneIn(2) {
                sets.append([
                    "__name__": "limit", "job": job, "team": random.pick(["blue", "red"]),
                ])
            }
        }
        if random.oneIn(2) { sets.append(["__name__": "lonely"]) }
        return sets
    }

    /// A series with an info series, of an instance that no other member knows.
    private static func informed(
        _ random: inout SeededRandom, by member: String
    ) -> [[String: String]] {
        let own = "own-\(member):9"
        let version = random.pick(["1.0", "1.1"])
        return [
            ["__name__": "temperature", "job": "api", "instance": own],
            ["__name__": "target_info", "job": "api", "instance": own, "version": version],
        ]
    }

    private static func samples(
        _ labels: [String: String], from start: Timestamp, _ random: inout SeededRandom
    ) -> SampleSeries {
        var series = SampleSeries(labels: LabelSet(labels))
        let name = labels["__name__"] ?? ""
        let isCounter = name.hasSuffix("_total") || name.hasSuffix("_bucket")
        // Buckets of one histogram must grow with their bound.
        let weights: [String: Double] = ["0.5": 1, "1.0": 2, "5.0": 3, "+Inf": 4]
        let weight = weights[labels["le"] ?? ""] ?? 1
        let jitter = Milliseconds(
            random.oneIn(2) ? Int64.random(in: 0..<interval.count, using: &random) : 0)
        let isGappy = random.oneIn(4)
        let last = random.oneIn(4) ? Int.random(in: 10..<sampleCount, using: &random) : sampleCount
        var value = Double(Int.random(in: 0..<80, using: &random)) / 8
        for index in 0..<last {
            if isGappy, index % 20 >= 12 { continue }
            if name == "latency_bucket" {
                value += weight * Double(index % 7) / 8
            } else if isCounter {
                value += Double(Int.random(in: 0..<40, using: &random)) / 8
                if name == "requests_total", random.oneIn(40) { value = 0 }
            } else {
                value += Double(Int.random(in: -16...16, using: &random)) / 8
            }
            var written = value
            if name == "temperature" {
                if random.oneIn(60) { written = SampleValue.normalNaN }
                if random.oneIn(90) { written = random.oneIn(2) ? .infinity : -.infinity }
            }
            series.times.append(start + interval * Int64(index) + jitter)
            series.values.append(written)
        }
        if last < sampleCount, random.oneIn(2) {
            series.times.append(start + interval * Int64(last) + jitter)
            series.values.append(SampleValue.stale)
        }
        return series
    }
}

extension GeneratedData {
    /// Replaces floats by native histograms: all samples of a series, or every fifth stretch.
    static func addHistograms(
        to series: inout SampleSeries, isMixed: Bool, _ random: inout SeededRandom
    ) {
        let schema = Int32(random.pick([0, 0, 1, 3]))
        let hasCustomBounds = !isMixed && random.oneIn(8)
        var counts = (0..<4).map { _ in Double(Int.random(in: 0...3, using: &random)) }
        var zero = 0.0
        let threshold = random.oneIn(6) ? 0.25 : 0.001
        for index in series.times.indices {
            if SampleValue.isStale(series.values[index]) { continue }
            if random.oneIn(50) {
                counts = [0, 1, 0, 0]
                zero = 0
            }
            for bucket in counts.indices {
                counts[bucket] += Double(Int.random(in: 0...3, using: &random))
            }
            if random.oneIn(3) { zero += 1 }
            if isMixed, index / 5 % 3 == 0 { continue }
            let count = counts.reduce(hasCustomBounds ? 0 : zero, +)
            series.histograms[index] =
                hasCustomBounds
                ? FloatHistogram(
                    schema: FloatHistogram.customBucketsSchema, count: count, sum: count * 1.5,
                    positiveSpans: [.init(offset: 0, length: 4)], positiveBuckets: counts,
                    customValues: [0.5, 1, 2])
                : FloatHistogram(
                    schema: schema, zeroThreshold: threshold, zeroCount: zero, count: count,
                    sum: count * 1.5,
                    positiveSpans: [
                        .init(offset: 1, length: 2), .init(offset: 1, length: 2),
                    ],
                    positiveBuckets: counts)
        }
    }
}

extension GeneratedData {
    /// Gives native histograms what is stored with them and in no JSON: hints about resets, gauges,
    /// empty buckets.
    mutating func detailHistograms(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0xde7a11)
        for member in series.indices {
            for row in series[member].indices where !series[member][row].histograms.isEmpty {
                let isGauge = random.oneIn(5)
                let isHinted = random.oneIn(2)
                var previous: FloatHistogram?
                for index in series[member][row].times.indices {
                    guard var histogram = series[member][row].histograms[index] else { continue }
                    if isGauge {
                        histogram.counterResetHint = .gauge
                    } else if isHinted {
                        let isReset = previous.map { histogram.isReset(after: $0) } ?? true
                        histogram.counterResetHint =
                            random.oneIn(4) ? .unknown : isReset ? .reset : .notReset
                    }
                    if !histogram.usesCustomBuckets, random.oneIn(3) {
                        histogram.positiveSpans[1].length += 1
                        histogram.positiveBuckets.append(0)
                    }
                    previous = histogram
                    series[member][row].histograms[index] = histogram
                }
            }
        }
    }
}

extension GeneratedData {
    /// All series, as one Prometheus holds them that has a label for the partition.
    public func union(by partition: PartitionLabel) -> [SampleSeries] {
        zip(members, series).flatMap { member, series in
            series.map { one in
                var copy = one
                copy.labels = partition.injecting(member, into: one.labels)
                return copy
            }
        }
    }

    /// The union without native histograms and staleness markers, which no text format loads.
    public func floatsOfUnion() -> [SampleSeries] {
        union(by: PartitionLabel()).filter(\.histograms.isEmpty).map { one in
            var copy = one
            if let last = copy.values.last, SampleValue.isStale(last) {
                copy.values.removeLast()
                copy.times.removeLast()
            }
            return copy
        }
    }

    /// An instant or a range query's grid within the data, or a little beyond.
    public func grid(_ random: inout SeededRandom) -> StepGrid {
        let start = self.start + Milliseconds(Int64.random(in: 0...900, using: &random) * 1000)
        if Bool.random(using: &random) { return .instant(start) }
        let step = random.pick([15_000, 30_000, 60_000, 7_000, 97_500] as [Milliseconds])
        return StepGrid(
            start: start, end: start + step * Int64.random(in: 0...12, using: &random), step: step)
    }
}
