import TestSupport

/// Makes queries over native histograms, and over floats among them: every function and operator
/// that takes them, within members and across members, nested and in subqueries.
struct HistogramQueryGenerator {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func next() -> QueryNode { vector(1 + random.below(4)) }

    private mutating func vector(_ depth: Int) -> QueryNode {
        if depth <= 0 { return selector() }
        switch random.below(26) {
        case 0, 1: return selector()
        case 2...5: return overTime(depth)
        case 6...11: return aggregation(depth)
        case 12...15: return ofHistograms(depth)
        case 16...18: return arithmetic(depth)
        case 19: return comparison(depth)
        case 20, 21: return setOperator(depth)
        case 22: return labelFunction(depth)
        case 23: return subquery(depth)
        case 24: return numbers(depth)
        default: return counting(depth)
        }
    }

    /// What is nearly always histograms.
    private mutating func histograms(_ depth: Int) -> QueryNode {
        switch depth <= 0 ? 0 : random.below(6) {
        case 0: return selector()
        case 1, 2:
            let (function, range) = (random.pick(["rate", "increase", "delta"]), range())
            return "\(function)(\(range))"
        case 3:
            let range = range()
            return "\(random.pick(["sum", "avg", "last"]))_over_time(\(range))"
        default:
            let (grouping, inner) = (grouping(), histograms(depth - 1))
            return "\(random.pick(["sum", "sum", "avg"]))\(grouping) (\(inner))"
        }
    }

    private mutating func metric() -> String {
        random.pick(HistogramData.generatedMetrics + ["native", "native", "spread"])
    }

    private mutating func selector() -> QueryNode {
        let metric = random.oneIn(12) ? "custom" : metric()
        let (braces, shift) = (braces(metric), shift())
        return "\(metric)\(braces)\(shift)"
    }

    private mutating func range() -> QueryNode {
        range(of: random.oneIn(12) ? "custom" : metric())
    }

    private mutating func range(of metric: String) -> QueryNode {
        let (braces, shift) = (braces(metric), shift())
        let window = random.pick(["1m", "2m", "5m", "100s", "47s"])
        return "\(metric)\(braces)[\(window)]\(shift)"
    }

    /// Matchers; now and then of labels that the metric does not have.
    private mutating func braces(_ metric: String) -> QueryNode {
        if random.oneIn(2) { return QueryNode(.option, []) }
        let label =
            metric == "spread"
            ? ["{schema=~\"-.*\"}", "{schema=~\"[0-4]\"}"] : ["{instance=\"h1\"}"]
        let matchers =
            random.oneIn(20)
            ? ["{project=\"nobody\"}", "{schema=~\"-.*\"}", "{instance=\"h1\"}"]
            : [
                "{project=\"eu\"}", "{project!=\"us\"}", "{project=~\"eu|us\"}", "{job=\"api\"}",
                "{job=~\"api|db\"}",
            ] + label
        return QueryNode(.option, [.text(random.pick(matchers))])
    }

    private mutating func shift() -> QueryNode {
        guard random.oneIn(6) else { return QueryNode(.option, []) }
        let shift = random.pick([
            " offset 1m", " offset 17s", " offset -30s", " @ 1700000700", " @ end()",
        ])
        return QueryNode(.option, [.text(shift)])
    }

    private mutating func grouping() -> QueryNode {
        let labels = random.some(["job", "instance", "project", "schema", "nolabel"])
        let list = labels.joined(separator: ", ")
        switch random.below(5) {
        case 0: return QueryNode(.option, [])
        case 1: return QueryNode(.option, [.text(" by (job)")])
        case 2, 3: return QueryNode(.option, [.text(" by (\(list))")])
        default: return QueryNode(.option, [.text(" without (\(list))")])
        }
    }

    private mutating func overTime(_ depth: Int) -> QueryNode {
        switch random.below(18) {
        case 0...3: return "rate(\(range()))"
        case 4: return "increase(\(range()))"
        case 5: return "absent_over_time(\(range()))"
        case 6...8:
            // Of numbers only.
            let range = random.oneIn(4) ? range() : range(of: "blended")
            let function = random.pick([
                "deriv(", "min_over_time(", "max_over_time(", "stddev_over_time(",
                "stdvar_over_time(", "mad_over_time(", "ts_of_max_over_time(",
                "quantile_over_time(0.5, ",
            ])
            return "\(function)\(range))"
        default:
            let function = random.pick([
                "delta", "irate", "idelta", "resets", "changes", "sum_over_time",
                "avg_over_time", "count_over_time", "last_over_time", "present_over_time",
                "ts_of_last_over_time",
            ])
            return "\(function)(\(range()))"
        }
    }

    private mutating func aggregation(_ depth: Int) -> QueryNode {
        let grouping = grouping()
        if random.oneIn(4) {
            let op = random.pick(["min", "max", "stddev", "stdvar", "count", "group", "sum", "avg"])
            let isOfNumbers = ["min", "max", "stddev", "stdvar"].contains(op)
            let inner =
                isOfNumbers && !random.oneIn(3) ? ofHistograms(depth - 1) : vector(depth - 1)
            return "\(op)\(grouping) (\(inner))"
        }
        let inner = histograms(depth - 1)
        switch random.below(12) {
        case 0: return "quantile\(grouping) (0.5, \(inner))"
        case 1: return "limit_ratio\(grouping) (0.5, \(inner))"
        case 2: return "count\(grouping) (limitk\(grouping) (2, \(inner)))"
        case 3: return "count\(grouping) (topk\(grouping) (2, \(inner)))"
        default: return "\(random.pick(["sum", "sum", "avg"]))\(grouping) (\(inner))"
        }
    }

    private mutating func ofHistograms(_ depth: Int) -> QueryNode {
        let inner = histograms(depth - 1)
        switch random.below(9) {
        case 0...2:
            return "histogram_quantile(\(random.pick(["0.5", "0.9", "0", "1", "0.01"])), \(inner))"
        case 3:
            return "histogram_fraction(\(random.pick(["0, 1", "-Inf, 0.3", "0.2, 7"])), \(inner))"
        default:
            let name = random.pick(["avg", "count", "sum", "stddev", "stdvar"])
            return "histogram_\(name)(\(inner))"
        }
    }

    private mutating func arithmetic(_ depth: Int) -> QueryNode {
        let left = histograms(depth - 1)
        switch random.below(10) {
        case 0: return "-(\(left))"
        case 1, 2:
            return "(\(left)) \(random.pick(["*", "/"])) \(random.pick(["2", "-1", "0", "4"]))"
        case 3: return "2 \(random.pick(["*", "/", "+"])) (\(left))"
        case 4: return "(\(left)) \(random.pick(["+", "-", "^", "%"])) 2"
        case 5:
            let right = histograms(depth - 1)
            return "(\(left)) * on (job) group_left () count by (job) (\(right))"
        case 6:
            let (op, right) = (random.pick(["+", "-"]), histograms(depth - 1))
            return "sum by (job) (\(left)) \(op) sum by (job) (\(right))"
        case 7:
            let (op, member) = (
                random.pick(["+", "-", "/", "*"]), random.pick(HistogramData.members)
            )
            return "(\(left)) \(op) on (job, instance) native{project=\"\(member)\"}"
        default:
            let (op, right) = (random.pick(["+", "-"]), histograms(depth - 1))
            return "(\(left)) \(op) (\(right))"
        }
    }

    private mutating func comparison(_ depth: Int) -> QueryNode {
        let op = random.pick(["==", "!=", ">", "<=", "== bool", "!= bool", "> bool"])
        let left = histograms(depth - 1)
        switch random.below(4) {
        case 0: return "(\(left)) \(op) 3"
        case 1:
            let right = histograms(depth - 1)
            return "sum by (job) (\(left)) \(op) sum by (job) (\(right))"
        case 2: return "(\(left)) \(op) (\(left))"
        default:
            let right = histograms(depth - 1)
            return "(\(left)) \(op) (\(right))"
        }
    }

    private mutating func setOperator(_ depth: Int) -> QueryNode {
        let key = random.pick([
            "", " on ()", " on (job)", " on (project)", " on (job, project)", " on (instance)",
            " ignoring (project)", " ignoring (instance)",
        ])
        let (left, right) = (vector(depth - 1), vector(depth - 1))
        return "(\(left)) \(random.pick(["and", "or", "unless"]))\(key) (\(right))"
    }

    private mutating func labelFunction(_ depth: Int) -> QueryNode {
        let inner = vector(depth - 1)
        switch random.below(3) {
        case 0: return "label_join(\(inner), \"new\", \"-\", \"project\", \"job\")"
        case 1: return "label_replace(\(inner), \"project\", \"x-$1\", \"project\", \"(.*)\")"
        default: return "label_replace(\(inner), \"new\", \"$1\", \"project\", \"(e.)\")"
        }
    }

    private mutating func subquery(_ depth: Int) -> QueryNode {
        let inner = histograms(depth - 1)
        let function = random.pick([
            "sum_over_time", "avg_over_time", "last_over_time", "count_over_time", "rate",
            "increase", "delta", "changes", "resets", "max_over_time", "present_over_time",
            "irate", "idelta",
        ])
        let (window, step) = (
            random.pick(["2m", "3m", "61s"]), random.pick(["30s", "1m", "7s", ""])
        )
        let shift = shift()
        return "\(function)((\(inner))[\(window):\(step)]\(shift))"
    }

    /// Functions of numbers, which leave histograms out.
    private mutating func numbers(_ depth: Int) -> QueryNode {
        let inner = random.oneIn(3) ? vector(depth - 1) : ofHistograms(depth - 1)
        switch random.below(5) {
        case 0: return "timestamp(\(inner))"
        case 1: return "clamp_max(\(inner), 10)"
        case 2:
            return "\(random.pick(["sort", "sort_desc"]))(\(inner))"
        default: return "\(random.pick(["abs", "ceil", "sqrt", "sgn", "hour"]))(\(inner))"
        }
    }

    private mutating func counting(_ depth: Int) -> QueryNode {
        switch random.below(5) {
        case 0:
            let inner = vector(depth - 1)
            return random.oneIn(2) ? "absent(\(inner))" : "(\(inner)) or absent(\(inner))"
        case 1:
            let inner = vector(depth - 1)
            return "vector(scalar(\(inner)))"
        case 2:
            let (grouping, inner) = (grouping(), selector())
            return "count_values\(grouping) (\"v\", \(inner))"
        default:
            let (grouping, inner) = (grouping(), vector(depth - 1))
            return "count\(grouping) (\(inner))"
        }
    }
}
