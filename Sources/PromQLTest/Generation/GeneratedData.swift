import PromQL
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
    /// Milliseconds; the first and last sample times.
    public var start: Int64
    public var end: Int64

    public static let interval: Int64 = 15_000
    public static let sampleCount = 80

    public init(seed: UInt64, partitions: Int) {
        var random = SeededRandom(seed: seed)
        let names = ["a", "b-eu", "c_us", "prod-d", "e5"]
        members = (0..<partitions).map { $0 < names.count ? names[$0] : "m\($0)" }
        start = 1_700_000_000_000
        end = start + Int64(Self.sampleCount - 1) * Self.interval
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
        _ labels: [String: String], from start: Int64, _ random: inout SeededRandom
    ) -> SampleSeries {
        var series = SampleSeries(labels: LabelSet(labels))
        let name = labels["__name__"] ?? ""
        let isCounter = name.hasSuffix("_total") || name.hasSuffix("_bucket")
        // Buckets of one histogram must grow with their bound.
        let weights: [String: Double] = ["0.5": 1, "1.0": 2, "5.0": 3, "+Inf": 4]
        let weight = weights[labels["le"] ?? ""] ?? 1
        let jitter = random.oneIn(2) ? Int64.random(in: 0..<interval, using: &random) : 0
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
            series.times.append(start + Int64(index) * interval + jitter)
            series.values.append(written)
        }
        if last < sampleCount, random.oneIn(2) {
            series.times.append(start + Int64(last) * interval + jitter)
            series.values.append(SampleValue.stale)
        }
        return series
    }
}
