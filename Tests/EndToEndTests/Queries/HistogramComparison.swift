import Foundation

/// Says where two answers with native histograms in them differ. Numbers may differ by the rounding
/// of another order of additions.
///
/// What JSON cannot carry (docs/exactness.md) may differ too, and is recognised by what is in the
/// answers:
/// - the schema and the zero threshold of histograms that are empty, or whose zero bucket is: the
///   union then has wider buckets of the same observations;
/// - a zero bucket with less than nothing in it, which no answer prints;
/// - hints about counter resets, on which some warnings stand.
struct HistogramComparison {
    enum Verdict: Equatable {
        case equal
        /// Only buckets differ, and only in how wide they are.
        case otherLayout
        case different(String)
    }

    private var hasOtherLayout = false

    static func verdict(_ ours: JSONValue, _ theirs: JSONValue) -> Verdict {
        for key in ["status", "errorType", "error"] where ours[key] != theirs[key] {
            return .different(key)
        }
        guard ours["data"]?["resultType"] == theirs["data"]?["resultType"] else {
            return .different("result type")
        }
        for key in ["warnings", "infos"] {
            let (our, their) = (plain(ours[key]), plain(theirs[key]))
            if our != their { return .different("\(key) \(our), not \(their)") }
        }
        var comparison = HistogramComparison()
        let isEqual = comparison.areEqual(
            sorted(ours["data"]?["result"]), sorted(theirs["data"]?["result"]))
        if !isEqual { return .different("values") }
        return comparison.hasOtherLayout ? .otherLayout : .equal
    }

    /// Without the positions, which only the asker's own query text can give, and without the
    /// members that an annotation came from. A member's part of an aggregation has lost the name
    /// of its metric, which some annotations would say.
    private static func plain(_ annotations: JSONValue?) -> Set<String> {
        Set(
            (annotations?.strings ?? []).map { text in
                var text = text
                while text.hasSuffix(")"), let open = text.lastIndex(of: "("),
                    text[open...].contains(":") || text[open...].hasPrefix("(project ")
                {
                    text = String(text[..<open]).trimmingCharacters(in: .whitespaces)
                }
                if text.hasPrefix("PromQL warning: vector contains"),
                    let name = text.range(of: " for metric name ")
                {
                    text = String(text[..<name.lowerBound])
                }
                return text
            })
    }

    /// A vector has no order.
    private static func sorted(_ result: JSONValue?) -> [JSONValue] {
        (result?.items ?? []).sorted { "\($0["metric"] ?? $0)" < "\($1["metric"] ?? $1)" }
    }

    private mutating func areEqual(_ ours: [JSONValue], _ theirs: [JSONValue]) -> Bool {
        guard ours.count == theirs.count else { return false }
        for (our, their) in zip(ours, theirs) where !areEqual(our, their) { return false }
        return true
    }

    private mutating func areEqual(_ ours: JSONValue, _ theirs: JSONValue) -> Bool {
        switch (ours, theirs) {
        case (.array(let ours), .array(let theirs)): return areEqual(ours, theirs)
        case (.object(let our), .object(let their)):
            if let histogram = Printed(ours), let other = Printed(theirs) {
                if histogram.equals(other) { return true }
                guard histogram.equals(other, widened: true) else { return false }
                hasOtherLayout = true
                return true
            }
            return our.map(\.key) == their.map(\.key)
                && areEqual(our.map(\.value), their.map(\.value))
        case (.string(let our), .string(let their)):
            guard our != their else { return true }
            guard let our = Double(our), let their = Double(their) else { return false }
            return Self.areNear(our, their)
        default: return ours == theirs
        }
    }

    fileprivate static func areNear(_ a: Double, _ b: Double) -> Bool {
        a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-9 * max(1, abs(a), abs(b))
    }

    /// A histogram as answers have it.
    private struct Printed {
        struct Bucket {
            var rule: String
            var lower: Double
            var upper: Double
            var count: Double
        }

        var count: Double
        var sum: Double
        var buckets: [Bucket] = []

        init?(_ value: JSONValue) {
            guard let count = value["count"]?.text.flatMap(Double.init),
                let sum = value["sum"]?.text.flatMap(Double.init)
            else { return nil }
            (self.count, self.sum) = (count, sum)
            for item in value["buckets"]?.items ?? [] {
                let fields = item.strings
                guard fields.count == 4, let lower = Double(fields[1]),
                    let upper = Double(fields[2]), let count = Double(fields[3])
                else { return nil }
                // The rounding of another order can leave a crumb where nothing is left.
                if abs(count) < 1e-9 { continue }
                buckets.append(
                    Bucket(rule: fields[0], lower: lower, upper: upper, count: count))
            }
        }

        func equals(_ other: Printed, widened: Bool = false) -> Bool {
            guard HistogramComparison.areNear(count, other.count),
                HistogramComparison.areNear(sum, other.sum)
            else { return false }
            return widened ? equalsWidened(other) : equalsExactly(other)
        }

        private func equalsExactly(_ other: Printed) -> Bool {
            buckets.count == other.buckets.count
                && zip(buckets, other.buckets).allSatisfy {
                    $0.rule == $1.rule && $0.lower == $1.lower && $0.upper == $1.upper
                        && HistogramComparison.areNear($0.count, $1.count)
                }
        }

        /// Buckets that overlap are counted together. Of each lot one side must be a single bucket,
        /// or nothing but for the lot around zero.
        private func equalsWidened(_ other: Printed) -> Bool {
            let all = (buckets.map { ($0, true) } + other.buckets.map { ($0, false) })
                .sorted { ($0.0.lower, $0.0.upper) < ($1.0.lower, $1.0.upper) }
            var lots: [[(bucket: Bucket, isOur: Bool)]] = []
            var end = -Double.infinity
            for (bucket, isOur) in all {
                if lots.isEmpty || bucket.lower >= end { lots.append([]) }
                lots[lots.count - 1].append((bucket, isOur))
                end = max(end, bucket.upper)
            }
            return lots.allSatisfy { lot in
                let ours = lot.filter(\.isOur)
                let theirs = lot.filter { !$0.isOur }
                let isAroundZero = lot.contains { $0.bucket.rule == "3" && $0.bucket.lower <= 0 }
                let areSame = HistogramComparison.areNear(
                    ours.reduce(0) { $0 + $1.bucket.count },
                    theirs.reduce(0) { $0 + $1.bucket.count })
                // Of a zero bucket below zero, only the difference to the count is printed.
                if isAroundZero { return areSame || hidesZeroBucket || other.hidesZeroBucket }
                return areSame && min(ours.count, theirs.count) == 1
            }
        }

        /// Whether the count is not that of the buckets.
        var hidesZeroBucket: Bool {
            !HistogramComparison.areNear(buckets.reduce(0) { $0 + $1.count }, count)
        }
    }
}
