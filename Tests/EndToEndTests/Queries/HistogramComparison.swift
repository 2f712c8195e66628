import Answers
import Foundation
import TestSupport

/// Says where two answers with native histograms in them differ. Numbers may differ by the rounding
/// of another order of additions.
///
/// In two steps what JSON cannot carry (docs/exactness.md) may differ too, and is recognised by what
/// is in the answers:
/// - the schema and the zero threshold of histograms that are empty, or whose zero bucket is: the
///   union then has wider buckets of the same observations;
/// - a zero bucket with less than nothing in it, which no answer prints;
/// - hints about counter resets, on which some warnings stand;
/// - the name of a metric of which a member gave a partial aggregate.
struct HistogramComparison {
    enum Verdict: Equatable {
        case equal
        /// Only buckets differ, and only in how wide they are.
        case otherLayout
        /// What the release that the union has answers to the same question in several ways.
        case ofRelease
        case different(String)
    }

    let query: String
    /// Whether histograms were read as they are stored.
    let isExact: Bool
    private var hasOtherLayout = false
    /// Whether histograms differ by what the union counts twice, or, where zero buckets of several
    /// widths meet, by the order of additions, which in the union is that of its storage.
    private var hasOtherZeroBucket = false
    private var place = ""

    init(query: String, isExact: Bool) {
        self.query = query
        self.isExact = isExact
    }

    func verdict(_ ours: JSONValue, _ theirs: JSONValue) -> Verdict {
        for key in ["status", "errorType", "error"] where ours[key] != theirs[key] {
            return .different(key)
        }
        guard ours["data"]?["resultType"] == theirs["data"]?["resultType"] else {
            return .different("result type")
        }
        for key in ["warnings", "infos"] {
            let (our, their) = (plain(ours[key]), plain(theirs[key]))
            let surplus = our.subtracting(their).filter {
                !standsOnHints($0) && !Release35.omits($0, besides: their)
            }
            let missing = their.subtracting(our).filter {
                !standsOnHints($0) && !AnnotationComparison.isUnasked(query)
            }
            if !surplus.isEmpty || !missing.isEmpty {
                return .different("\(key) \(our), not \(their)")
            }
        }
        var comparison = self
        let isEqual = comparison.areEqual(
            sorted(ours["data"]?["result"]), sorted(theirs["data"]?["result"]))
        if !isEqual {
            return Release35.readsBucketsByPlace(query, plain(theirs["warnings"]))
                || Release35.roundsMeans(query)
                ? .ofRelease : .different("values \(comparison.place)")
        }
        if comparison.hasOtherZeroBucket { return .ofRelease }
        return comparison.hasOtherLayout ? .otherLayout : .equal
    }

    /// Whether an annotation may stand on hints that JSON did not carry: only what a subquery gives
    /// is a range of histograms that were computed before.
    private func standsOnHints(_ text: String) -> Bool {
        !isExact && text.hasPrefix("PromQL warning: this native histogram metric is not a ")
            && query.contains(#/\[[^\]]*:/#)
    }

    /// Without the positions, which only the asker's own query text can give, and without the
    /// members that an annotation came from.
    private func plain(_ annotations: JSONValue?) -> Set<String> {
        Set(
            (annotations?.strings ?? []).map { text in
                var text = text
                while text.hasSuffix(")"), let open = text.lastIndex(of: "("),
                    text[open...].contains(":") || text[open...].hasPrefix("(project ")
                {
                    text = String(text[..<open]).trimmingCharacters(in: .whitespaces)
                }
                if !isExact, text.hasPrefix("PromQL warning: vector contains"),
                    let name = text.range(of: " for metric name ")
                {
                    text = String(text[..<name.lowerBound])
                }
                return Release35.worded(text)
            })
    }

    /// A vector has no order.
    private func sorted(_ result: JSONValue?) -> [JSONValue] {
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
                if areEqual(histogram, other) { return true }
                place = "\(histogram), not \(other)"
                return false
            }
            return our.map(\.key) == their.map(\.key)
                && areEqual(our.map(\.value), their.map(\.value))
        case (.string(let our), .string(let their)):
            guard our != their else { return true }
            if let our = Double(our), let their = Double(their),
                Self.areNear(our, their, within: tolerance)
            {
                return true
            }
            place = "\(our), not \(their)"
            return false
        default: return ours == theirs
        }
    }

    private mutating func areEqual(_ ours: Printed, _ theirs: Printed) -> Bool {
        if ours.equals(theirs) { return true }
        guard ours.equals(theirs, widened: true, onlyAroundZero: isExact) else { return false }
        if isExact { hasOtherZeroBucket = true } else { hasOtherLayout = true }
        return true
    }

    /// Variances of times, which are large and near to each other, lose digits in either order of
    /// additions: 64 of them that are minutes apart are off by up to one part in a million
    /// (docs/exactness.md).
    private var tolerance: Double {
        query.contains(#/\bstd(dev|var)\b/#)
            && query.contains(#/\btimestamp\(|\bts_of_/#) ? 1e-6 : 1e-9
    }

    fileprivate static func areNear(
        _ a: Double, _ b: Double, within tolerance: Double = 1e-9
    ) -> Bool {
        Tolerance(relative: tolerance, absolute: tolerance).allows(a, b)
    }

    /// A histogram as answers have it.
    private struct Printed: CustomStringConvertible {
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

        var description: String {
            let texts = buckets.prefix(12).map { "\($0.lower)..\($0.upper): \($0.count)" }
            return "\(count) with sum \(sum) and \(buckets.count) buckets \(texts)"
        }

        func equals(
            _ other: Printed, widened: Bool = false, onlyAroundZero: Bool = false
        ) -> Bool {
            guard HistogramComparison.areNear(count, other.count),
                HistogramComparison.areNear(sum, other.sum)
            else { return false }
            return widened ? equalsWidened(other, onlyAroundZero) : equalsExactly(other)
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
        private func equalsWidened(_ other: Printed, _ onlyAroundZero: Bool) -> Bool {
            let all = (buckets.map { ($0, true) } + other.buckets.map { ($0, false) })
                .sorted { ($0.0.lower, $0.0.upper) < ($1.0.lower, $1.0.upper) }
            var lots: [[(bucket: Bucket, isOur: Bool)]] = []
            var end = -Double.infinity
            for (bucket, isOur) in all {
                if lots.isEmpty || bucket.lower >= end { lots.append([]) }
                lots[lots.count - 1].append((bucket, isOur))
                end = max(end, bucket.upper)
            }
            let reach = all.filter { $0.0.rule == "3" }.map(\.0.upper).max() ?? 0
            func touches(_ bucket: Bucket) -> Bool {
                bucket.lower == reach || bucket.upper == -reach
            }
            return lots.allSatisfy { lot in
                let ours = lot.filter(\.isOur)
                let theirs = lot.filter { !$0.isOur }
                let isAroundZero = lot.contains { $0.bucket.rule == "3" && $0.bucket.lower <= 0 }
                let ourCount = ours.reduce(0) { $0 + $1.bucket.count }
                let theirCount = theirs.reduce(0) { $0 + $1.bucket.count }
                let areSame = HistogramComparison.areNear(ourCount, theirCount)
                // Of a zero bucket below zero, only the difference to the count is printed.
                if isAroundZero || lot.contains(where: { touches($0.bucket) }),
                    Release35.countsTwice(isWhole, other.isWhole)
                {
                    return theirCount > ourCount || areSame
                }
                if isAroundZero {
                    return areSame || (!onlyAroundZero && !(isWhole && other.isWhole))
                }
                if onlyAroundZero { return areSame && ours.count == 1 && theirs.count == 1 }
                return areSame && min(ours.count, theirs.count) == 1
            }
        }

        /// Whether the count is that of the buckets.
        var isWhole: Bool {
            HistogramComparison.areNear(buckets.reduce(0) { $0 + $1.count }, count)
        }
    }
}
