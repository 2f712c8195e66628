import GoText
import TestSupport

/// Seeded series of several members, made to meet the traps of federation: the same series in
/// several members, label names that sort around `project`, members with a `project` label of
/// their own, counter resets, gaps, late beginnings and early ends, NaN and infinities, classic
/// histograms, label values that need escapes.
///
/// Values are multiples of 1/1024, so that sums do not depend on the order of addition; gauges of
/// different series never have equal values, so that `topk` has no ties.
struct FederationData: Sendable {
    /// One series as its member has it.
    struct Series: Sendable {
        var name: String
        var labels: [String: String]
        var samples: [(time: Timestamp, value: Double)]
    }

    static let members = ["a", "b-eu", "c_us"]
    /// What chooses the series of each member where `label("cluster")` was called.
    static let selectors = [
        #"{cluster="a"}"#, #"{cluster=~"b-.*"}"#, #"{cluster!~"a|b-eu",cluster!=""}"#,
    ]
    static let start: Timestamp = 1_700_000_000_000
    static let interval: Milliseconds = 15_000
    static let count = 240
    static let end = start + interval * Int64(count - 1)

    /// By member, in the order of `members`.
    var series: [[Series]] = []

    /// Gives every series its member as a label too.
    mutating func label(_ name: String) {
        for (index, member) in Self.members.enumerated() {
            for number in series[index].indices { series[index][number].labels[name] = member }
        }
    }

    private enum Shape { case counter, gauge, odd, one, flag, bucket(Double) }

    /// - Parameters:
    ///   - hasUnicodeNames: With names that only Prometheus 3 takes.
    ///   - isOffEdges: Every sample lies some milliseconds off the seconds, and off quarters of them.
    init(seed: UInt64, hasUnicodeNames: Bool = false, isOffEdges: Bool = false) {
        var random = SeededRandom(seed: seed)
        var number = 0
        for (index, _) in Self.members.enumerated() {
            var all: [Series] = []
            let more = hasUnicodeNames ? Self.unicode(index) : []
            for (name, labels, shape) in Self.scene(index, &random) + more {
                number += 1
                all.append(Self.made(name, labels, shape, number, &random))
            }
            if isOffEdges {
                for (number, series) in all.enumerated() {
                    let shift = [137, 391, 613][number % 3] as Milliseconds
                    all[number].samples = series.samples.map {
                        (Timestamp(milliseconds: $0.time.wholeSeconds * 1000) + shift, $0.value)
                    }
                }
            }
            series.append(all)
        }
    }

    /// What the member exposes; the first member has the oddest labels.
    private static func scene(
        _ member: Int, _ random: inout SeededRandom
    ) -> [(String, [String: String], Shape)] {
        var all: [(String, [String: String], Shape)] = []
        for job in ["api", "db", "web"] where job != "web" || member != 1 {
            all.append(("team_limit", ["job": job, "team": random.pick(["blue", "red"])], .gauge))
            for host in ["h1:9", "h2:9", "h3:9"] where !random.oneIn(6) {
                let base = ["job": job, "instance": host]
                func with(_ more: [String: String]) -> [String: String] {
                    base.merging(more) { $1 }
                }
                all.append(("up", base, .flag))
                all.append(("build_info", with(["version": "v\(random.below(3))"]), .one))
                for code in ["200", "404", "500"] where !random.oneIn(5) {
                    all.append(("requests_total", with(["code": code]), .counter))
                }
                all.append(("temperature", base, .gauge))
                if random.oneIn(2) { all.append(("odd_gauge", base, .odd)) }
                all.append(("memory", with(["zone": "z\(random.below(2))"]), .gauge))
                if member != 2, random.oneIn(2) {
                    all.append(("memory", with(["project": "own"]), .gauge))
                }
                if member == 0, random.oneIn(3) {
                    let labels = with(["project": "own", "exported_project": "deep"])
                    all.append(("memory", labels, .gauge))
                }
                if host == "h1:9" {
                    for (bound, weight) in [("0.5", 1.0), ("1.0", 2), ("5.0", 3), ("+Inf", 4)] {
                        all.append(("latency_bucket", with(["le": bound]), .bucket(weight)))
                    }
                    all.append(("latency_count", base, .bucket(4)))
                    all.append(("latency_sum", base, .counter))
                }
            }
        }
        // Prefixes of one another, with next labels on both sides of "project".
        for more in [
            [:], ["b": "1"], ["b": "1", "c": "2"], ["q": "1"], ["project_x": "1"],
            ["projecs": "1"], ["projecs": "1", "z": "1"], ["z": "1"], ["b": "1", "z": "2"],
        ] {
            all.append(("trap", more.merging(["a": "1"]) { $1 }, .gauge))
            if random.oneIn(2) { all.append(("trap", more.merging(["a": "2"]) { $1 }, .gauge)) }
        }
        let path = "C:\\dir\\\"q\"\n<\u{e9}&\u{2028}>"
        all.append(("escaped", ["path": path, "member": "m\(member)"], .gauge))
        if member == 0 { all.append(("lonely", [:], .gauge)) }
        // Targets of one member alone, and those of jobs that several members have.
        all.append(("ticks_total", ["job": "info", "instance": "m\(member):1"], .counter))
        for (job, instance) in [("info", "m\(member):1"), ("api", "h1:9"), ("db", "h2:9")]
        where job == "info" || member == 0 {
            let labels = [
                "job": job, "instance": instance, "version": "v\(random.below(3))",
                "cluster_name": "k\(member)",
            ]
            all.append(("target_info", labels, .one))
        }
        return all
    }

    private static func unicode(_ member: Int) -> [(String, [String: String], Shape)] {
        var all: [(String, [String: String], Shape)] = []
        for service in ["api", "db", "\u{fc}ber"] where service != "db" || member != 2 {
            let labels = ["service.name": service, "job": "api", "instance": "h1:9"]
            all.append(("http.server.duration", labels, .counter))
            let more = ["project.id": "p\(member)", "project-x": "1"]
            all.append(("http.server.duration", labels.merging(more) { $1 }, .counter))
        }
        return all
    }

    private static func made(
        _ name: String, _ labels: [String: String], _ shape: Shape, _ number: Int,
        _ random: inout SeededRandom
    ) -> Series {
        var series = Series(name: name, labels: labels, samples: [])
        // Half of the series lie on the grid that queries use: window edges are traps too.
        let phase = Milliseconds(random.oneIn(2) ? Int64(random.below(Int(interval.count))) : 0)
        let isConstant = if case .one = shape { true } else { false }
        let first = !isConstant && random.oneIn(6) ? random.below(count / 2) : 0
        let last = !isConstant && random.oneIn(6) ? count / 2 + random.below(count / 2) : count
        let hasGaps = !isConstant && random.oneIn(5)
        var value = Double(random.below(800)) / 8
        for index in first..<last {
            if hasGaps, index % 60 >= 28 { continue }
            var written: Double
            switch shape {
            case .counter:
                value = random.oneIn(70) ? 0 : value + Double(random.below(40)) / 8
                written = value
            case .bucket(let weight):
                value += weight * Double(index % 7) / 8
                written = value
            case .gauge, .odd:
                value += Double(random.below(33) - 16) / 8
                written = value + Double(number) / 1024
                if case .odd = shape {
                    if random.oneIn(30) { written = .nan }
                    if random.oneIn(50) { written = random.oneIn(2) ? .infinity : -.infinity }
                }
            case .one: written = 1
            case .flag: written = random.oneIn(40) ? 0 : 1
            }
            series.samples.append((start + interval * Int64(index) + phase, written))
        }
        return series
    }
}
