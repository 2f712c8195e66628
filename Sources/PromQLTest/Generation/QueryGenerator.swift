import TestSupport

/// Makes well-typed queries over `GeneratedData`, weighted to where federation goes wrong: label
/// `project` in matchers, groupings, match keys and label functions; nesting; absence; set
/// operators across members; subqueries on grids of their own.
public struct QueryGenerator: Sendable {
    public struct Features: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// What only Prometheus 3.x knows.
        public static let version3 = Features(rawValue: 1)
        /// `limitk`, `limit_ratio` and functions behind the experimental flag.
        public static let experimental = Features(rawValue: 2)
        /// `topk`, `bottomk` and whatever depends on the order of equals.
        public static let ties = Features(rawValue: 4)
        /// Of what is experimental, that which 3.5 knows already.
        public static let release35 = Features(rawValue: 16)
        /// Functions whose sums depend on the order of addition.
        public static let arithmetic = Features(rawValue: 8)
    }

    var random: SeededRandom
    let members: [String]
    let features: Features
    /// The partition label; the union's queries and the plan's are the same text.
    private let partition = "project"

    public init(seed: UInt64, members: [String], features: Features) {
        random = SeededRandom(seed: seed)
        self.members = members
        self.features = features
    }

    /// One query of type instant vector or scalar.
    public mutating func next() -> String {
        if random.oneIn(12) { return scalar(3) }
        let depth = Int.random(in: 1...4, using: &random)
        if features.contains(.ties), random.oneIn(12) { return ranked(depth) }
        return vector(depth)
    }

    // MARK: - Vectors

    mutating func vector(_ depth: Int) -> String {
        if depth <= 0 { return selector() }
        switch Int.random(in: 0..<36, using: &random) {
        case 0...3: return selector()
        case 4...7: return rangeFunction(depth)
        case 8...9: return elementwise(depth)
        case 10...17: return aggregation(depth)
        case 18...21: return join(depth)
        case 22...23: return withScalar(depth)
        case 24: return labelFunction(depth)
        case 25: return setOperator(depth)
        case 26: return absence(depth)
        case 27: return subquery(depth)
        case 28: return quantileOfBuckets(depth)
        case 29...30:
            return features.contains(.version3) ? histogram(depth) : rangeFunction(depth)
        case 31: return features.contains(.ties) ? rankedAndReduced(depth) : aggregation(depth)
        case 32 where features.contains(.experimental): return experimental(depth)
        case 32 where features.contains(.release35): return information()
        case 32: return join(depth)
        case 33: return nested(depth)
        default: return odd(depth)
        }
    }

    mutating func selector() -> String {
        let name = random.pick([
            "requests_total", "temperature", "memory", "limit", "lonely", "latency_bucket", "mixed",
            "temperature", "requests_total", random.oneIn(3) ? "nope" : "memory",
        ])
        var text = name + braces()
        if random.oneIn(8) { text += random.pick([" offset 1m", " offset -30s", " offset 7s"]) }
        if random.oneIn(12) {
            text += random.pick([" @ 1700000600", " @ start()", " @ end()", " @ 1700000333.5"])
        }
        if random.oneIn(20) { return "{__name__=~\"\(name)|memory\"\(matchers(leading: ","))}" }
        if random.oneIn(25) { return "{project=\"\(random.pick(members))\"}" }
        if random.oneIn(30) { return "{__name__=~\".*total|lim.*\", project!~\"zz\"}" }
        return text
    }

    mutating func braces() -> String {
        guard random.oneIn(2) else { return "" }
        return "{" + matchers(leading: "") + "}"
    }

    mutating func matchers(leading: String) -> String {
        var all: [String] = []
        let first = random.pick(members)
        if random.oneIn(2) {
            all.append(
                random.pick([
                    "project=\"\(first)\"", "project!=\"\(first)\"", "project=~\"\(first)|zz\"",
                    "project!~\"\(first).*\"", "project=~\".+\"", "project=\"\"",
                    "project!=\"\"", "project=\"zz\"", "project=~\"\(first).?\"",
                ]))
        }
        if random.oneIn(3) {
            all.append(random.pick(["job=\"api\"", "job!=\"db\"", "job=~\"a.*|web\""]))
        }
        if random.oneIn(5) {
            all.append(random.pick(["code=\"200\"", "code!~\"5..\"", "zone=\"\""]))
        }
        if random.oneIn(8) {
            all.append(
                random.pick([
                    "exported_project=\"own\"", "exported_project=\"\"",
                    "exported_project!=\"own\"",
                    "exported_exported_project=\"deep\"",
                ]))
        }
        return all.isEmpty ? "" : leading + all.joined(separator: ",")
    }

    mutating func matrix(_ depth: Int) -> String {
        if depth > 1, random.oneIn(4) {
            let range = random.pick(["3m", "5m", "97s"])
            let step = random.pick(["15s", "30s", "1m", ""])
            return "(\(vector(depth - 1)))[\(range):\(step)]" + shift()
        }
        let name = random.pick(["requests_total", "temperature", "memory", "limit", "mixed"])
        return name + braces() + "[\(random.pick(["1m", "2m", "5m", "47s"]))]" + shift()
    }

    mutating func shift() -> String {
        if random.oneIn(8) { return random.pick([" offset 1m", " offset 13s", " offset -45s"]) }
        if random.oneIn(12) { return random.pick([" @ 1700000600", " @ end()", " @ start()"]) }
        return ""
    }

    mutating func rangeFunction(_ depth: Int) -> String {
        var names = [
            "rate", "increase", "delta", "irate", "idelta", "resets", "changes", "deriv",
            "sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "count_over_time",
            "last_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time",
        ]
        if features.contains(.experimental) {
            names += [
                "mad_over_time", "first_over_time", "ts_of_max_over_time", "ts_of_last_over_time",
            ]
        }
        if features.contains(.release35) {
            names += [
                "mad_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
                "ts_of_last_over_time",
            ]
        }
        if random.oneIn(10) { return "quantile_over_time(\(scalar(depth - 1)), \(matrix(depth)))" }
        if random.oneIn(14) { return "predict_linear(\(matrix(depth)), \(scalar(depth - 1)))" }
        if features.contains(.arithmetic), random.oneIn(14) {
            let name =
                features.contains(.release35) ? "double_exponential_smoothing" : "holt_winters"
            return "\(name)(\(matrix(depth)), 0.3, 0.6)"
        }
        return "\(random.pick(names))(\(matrix(depth)))"
    }

    mutating func elementwise(_ depth: Int) -> String {
        switch Int.random(in: 0..<7, using: &random) {
        case 0: return "-\(parenthesised(depth))"
        case 1: return "clamp(\(vector(depth - 1)), \(scalar(0)), \(scalar(depth - 1)))"
        case 2: return "round(\(vector(depth - 1)), \(random.pick(["1", "0.5", "5"])))"
        case 3: return "timestamp(\(vector(depth - 1)))"
        case 4: return "clamp_max(\(vector(depth - 1)), \(scalar(depth - 1)))"
        default:
            var names = ["abs", "ceil", "floor", "sgn", "sqrt", "hour", "minute"]
            if features.contains(.arithmetic) {
                names += ["exp", "ln", "log2", "log10", "sin", "atan", "deg", "day_of_year"]
            }
            return "\(random.pick(names))(\(vector(depth - 1)))"
        }
    }

    mutating func aggregation(_ depth: Int) -> String {
        let inner = vector(depth - 1)
        let grouping = grouping()
        switch Int.random(in: 0..<20, using: &random) {
        case 0...4: return "sum\(grouping)(\(inner))"
        case 5...6: return "count\(grouping)(\(inner))"
        case 7...8: return "max\(grouping)(\(inner))"
        case 9: return "min\(grouping)(\(inner))"
        case 10...11: return "avg\(grouping)(\(inner))"
        case 12: return "group\(grouping)(\(inner))"
        case 13: return "stddev\(grouping)(\(inner))"
        case 14: return "stdvar\(grouping)(\(inner))"
        case 15:
            let quantile = parameter(["0.5", "0.9", "0"], orVarying: "scalar(limit)", for: inner)
            return "quantile\(grouping)(\(quantile), \(inner))"
        case 16:
            return
                "count_values\(grouping)(\"\(random.pick(["v", "project", "job", "exported_project"]))\", \(inner))"
        case 17 where features.contains(.ties): return rankedAndReduced(depth)
        case 18 where !features.isDisjoint(with: [.experimental, .release35]):
            return random.oneIn(2)
                ? "limit_ratio\(grouping)(\(random.pick(["0.5", "-0.3"])), \(inner))"
                : "count\(grouping)(limitk\(grouping)(2, \(inner)))"
        default: return "sum\(grouping)(\(inner))"
        }
    }

    /// A parameter that changes from step to step stays as at the first one when the operand is
    /// fixed by `@`, by an accident of Prometheus that the planner does not follow.
    mutating func parameter(
        _ constants: [String], orVarying varying: String, for operand: String
    ) -> String {
        random.pick(operand.contains("@") ? constants : constants + [varying])
    }

    mutating func grouping() -> String {
        let labels = random.some([
            "job", "instance", "project", "code", "exported_project", "le", "zone", "nolabel",
        ])
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return " "
        case 1, 2: return " by (\(labels.joined(separator: ", "))) "
        default: return " without (\(labels.joined(separator: ", "))) "
        }
    }

    mutating func join(_ depth: Int) -> String {
        let left = parenthesised(depth)
        let right = parenthesised(depth)
        var op = random.pick(["+", "-", "*", "/", "==", ">", "<", "!=", ">=", "%"])
        if ["==", ">", "<", "!=", ">="].contains(op), random.oneIn(3) { op += " bool" }
        let labels = random.some(["job", "instance", "project", "code", "exported_project"])
        let list = labels.joined(separator: ", ")
        switch Int.random(in: 0..<8, using: &random) {
        case 0...1: return "\(left) \(op) \(right)"
        case 2...3: return "\(left) \(op) on (\(list)) \(right)"
        case 4: return "\(left) \(op) ignoring (\(list)) \(right)"
        case 5:
            return
                "\(left) \(op) on (job, project) group_left (\(random.pick(["", "team"]))) limit\(braces())"
        case 6:
            let include = random.pick(["project", "team", ""])
            return "\(left) \(op) on (job) group_left (\(include)) "
                + "limit{project=\"\(random.pick(members))\"}"
        default:
            let op = random.pick(["sum", "max", "avg", "count"])
            let grouping = random.pick([" by (job) ", " by (project) ", " by (job, project) ", " "])
            return
                "\(op)\(grouping)(\(vector(depth - 2))) / \(op)\(grouping)(\(vector(depth - 2)))"
        }
    }

    mutating func setOperator(_ depth: Int) -> String {
        let key = random.pick([
            "", " on ()", " on (job)", " on (project)", " on (job, project)",
            " ignoring (project)", " ignoring (instance)",
        ])
        let right = random.oneIn(4) ? "vector(0)" : parenthesised(depth)
        return "\(parenthesised(depth)) \(random.pick(["and", "or", "unless"]))\(key) \(right)"
    }

    mutating func withScalar(_ depth: Int) -> String {
        var op = random.pick(["+", "-", "*", "/", ">", "<", "==", "^", "%"])
        if [">", "<", "=="].contains(op), random.oneIn(3) { op += " bool" }
        let other = scalar(depth - 1)
        return random.oneIn(3)
            ? "\(other) \(op) \(parenthesised(depth))" : "\(parenthesised(depth)) \(op) \(other)"
    }

    mutating func labelFunction(_ depth: Int) -> String {
        let inner = vector(depth - 1)
        let target = random.pick(["new", "project", "job", "exported_project"])
        let source = random.pick(["job", "project", "instance", "exported_project"])
        if random.oneIn(3) {
            return "label_join(\(inner), \"\(target)\", \"-\", \"\(source)\", \"instance\")"
        }
        let replacement = random.pick(["$1", "x-$1", "const", ""])
        let pattern = random.pick(["(.*)", "(a).*", "(.+)"])
        return
            "label_replace(\(inner), \"\(target)\", \"\(replacement)\", \"\(source)\", \"\(pattern)\")"
    }

    mutating func absence(_ depth: Int) -> String {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return "absent(\(vector(depth - 1)))"
        case 1: return "absent(\(selector()))"
        case 2: return "absent_over_time(\(matrix(depth)))"
        default: return "absent(nope{job=\"api\", project=\"\(random.pick(members))\"})"
        }
    }

    mutating func subquery(_ depth: Int) -> String {
        let function = random.pick([
            "max_over_time", "sum_over_time", "avg_over_time", "last_over_time", "delta", "changes",
            "count_over_time",
        ])
        let step = random.pick(["30s", "15s", "1m", "", "7s"])
        return
            "\(function)((\(vector(depth - 1)))[\(random.pick(["2m", "3m", "61s"])):\(step)]\(shift()))"
    }

    mutating func quantileOfBuckets(_ depth: Int) -> String {
        let inner = random.pick([
            "latency_bucket", "sum by (le) (latency_bucket)",
            "sum by (le, job) (rate(latency_bucket[2m]))",
            "sum by (le, project) (increase(latency_bucket[2m]))",
            "sum without (instance) (latency_bucket)",
        ])
        return "histogram_quantile(\(random.pick(["0.5", "0.9", "0.99", "1"])), \(inner))"
    }

    mutating func odd(_ depth: Int) -> String {
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return "vector(\(scalar(depth - 1)))"
        case 1: return "sum(absent(\(selector())))"
        case 2: return "count by (__name__) ({project=\"\(random.pick(members))\"})"
        case 3: return "sort(\(vector(depth - 1)))"
        default: return "max(\(vector(depth - 1))) < \(random.pick(["6", "20", "100"]))"
        }
    }

    mutating func parenthesised(_ depth: Int) -> String { "(\(vector(depth - 1)))" }

    // MARK: - Scalars

    mutating func scalar(_ depth: Int) -> String {
        if depth <= 0 {
            return random.pick(["1", "2", "0.5", "10", "0", "-1", "100", "time()", "Inf", "NaN"])
        }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return "scalar(\(vector(depth - 1)))"
        case 1: return "(\(scalar(depth - 1)) \(random.pick(["+", "-", "*", "/"])) \(scalar(0)))"
        case 2: return "scalar(limit{project=\"\(random.pick(members))\",job=\"api\"})"
        default: return scalar(0)
        }
    }
}
