import TestSupport

extension QueryGenerator {
    /// Match keys without `project`, whose partners may live in another member.
    mutating func joinAcrossMembers(_ depth: Int) -> QueryNode {
        let op = operatorOfJoin()
        let member = random.pick(FederationData.members)
        let other = random.pick(FederationData.members)
        let braces = braces()
        switch random.below(7) {
        case 0:
            let left = operand(depth - 1)
            let more = random.pick(["project", "team", "", "team, project"])
            return
                "\(left) \(op) on (job) group_left (\(more)) team_limit{project=\"\(member)\"}"
        case 1:
            let metric = random.pick(["temperature", "up", "build_info", "memory"])
            return
                "\(metric){project=\"\(member)\"} \(op) on (job, instance) \(metric){project=\"\(other)\"}"
        case 2:
            let metric = random.pick(["temperature", "up", "trap"])
            return
                "\(metric){project=\"\(member)\"} \(op) ignoring (project) \(metric){project=\"\(other)\"}"
        case 3:
            let aggregation = random.pick(["sum", "max", "avg", "count", "min"])
            let key = random.pick([" by (job)", " by (job, instance)", ""])
            let (left, right) = (vector(depth - 2), vector(depth - 2))
            return "\(aggregation)\(key) (\(left)) \(op) \(aggregation)\(key) (\(right))"
        case 4:
            return
                "temperature\(braces) \(op) on (job) group_left () avg by (job) (temperature\(braces))"
        case 5:
            return
                "max by (job) (memory\(braces)) \(op) on (job) group_right (project) temperature"
        default:
            // Often many-to-many: then both sides must refuse.
            let (left, right) = sides(depth)
            return
                "\(left) \(op) on (\(random.pick(["job", "instance", "job, instance"]))) \(right)"
        }
    }

    mutating func setOperator(_ depth: Int) -> QueryNode {
        let op = random.pick(["and", "or", "unless"])
        let key = random.pick([
            "", " on ()", " on (job)", " on (project)", " on (job, project)", " on (instance)",
            " ignoring (project)", " ignoring (instance)", " ignoring (code, zone)",
        ])
        let left = operand(depth - 1)
        switch random.below(6) {
        case 0: return "\(left) or\(random.pick(["", " on ()"])) vector(0)"
        case 1:
            let member = random.pick(FederationData.members)
            return "\(left) \(op)\(key) (up{project=\"\(member)\"} == 1)"
        default:
            let right = operand(depth - 1)
            return "\(left) \(op)\(key) \(right)"
        }
    }

    mutating func wholeAggregation(_ depth: Int) -> QueryNode {
        let (grouping, inner) = (grouping(), vector(depth - 1))
        switch random.below(6) {
        case 0: return "stddev\(grouping) (\(inner))"
        case 1: return "stdvar\(grouping) (\(inner))"
        case 2, 3:
            let quantile = random.pick(["0.5", "0.9", "0", "1", "0.333", "-1", "2"])
            return "quantile\(grouping) (\(quantile), \(inner))"
        case 4:
            // Not of arbitrary values: the last bits of a sum would become a label.
            let exact: QueryNode = random.pick(["up", "build_info", "round(memory, 25)", "trap"])
            let target = random.pick(["v", "project", "job", "exported_project"])
            // Of three labels and more, 2.42 loses some after the first step of a range.
            let few = random.pick([
                "", " by (job)", " by (project)", " by (job, project)", " by (instance)",
                " without (instance)", " without (project, a)", " by (exported_project)",
            ])
            return
                "count_values\(QueryNode(.option, [.text(few)])) (\"\(target)\", \(exact))"
        default:
            let limit: QueryNode = "scalar(up{project=\"a\",job=\"api\",instance=\"h1:9\"})"
            return "quantile\(grouping) (\(limit), \(inner))"
        }
    }

    mutating func labelFunction(_ depth: Int) -> QueryNode {
        let inner = vector(depth - 1)
        let target = random.pick(["new", "new", "project", "job", "exported_project", "instance"])
        let source = random.pick(["job", "project", "instance", "exported_project", "nolabel"])
        if random.oneIn(3) {
            let other = random.pick(["instance", "project"])
            return
                "label_join(\(inner), \"\(target)\", \"-\", \"\(source)\", \"\(other)\")"
        }
        let replacement = random.pick(["$1", "x-$1", "const", "", "${1}y", "$2", "$$"])
        let pattern = random.pick(["(.*)", "(a).*", "(.+)", "", "b-(..)", "([a-c]).*"])
        return
            "label_replace(\(inner), \"\(target)\", \"\(replacement)\", \"\(source)\", \"\(pattern)\")"
    }

    mutating func absence(_ depth: Int) -> QueryNode {
        let member = random.pick(FederationData.members)
        switch random.below(7) {
        case 0:
            let inner = vector(depth - 1)
            return "absent(\(inner))"
        case 1:
            let inner = selector()
            return "absent(\(inner))"
        case 2:
            let range = matrix(depth)
            return "absent_over_time(\(range))"
        case 3: return "absent(nope{job=\"api\", project=\"\(member)\"})"
        case 4: return "absent(nope{job=\"api\", job=\"db\", project!=\"\(member)\", x=~\"y\"})"
        case 5: return "sum(absent(lonely{project=\"\(member)\"}))"
        default: return "absent_over_time(nope{project=\"\(member)\", a=\"b\"}[5m])"
        }
    }

    mutating func sorted(_ depth: Int) -> QueryNode {
        let inner = vector(depth - 1)
        return "\(random.pick(["sort", "sort_desc"]))(\(inner))"
    }

    mutating func quantileOfBuckets() -> QueryNode {
        let quantile = random.pick(["0", "0.5", "0.9", "0.99", "1", "-1", "2"])
        let (braces, range) = (braces(), random.pick(["2m", "5m"]))
        let inner: QueryNode
        switch random.below(6) {
        case 0: inner = "latency_bucket\(braces)"
        case 1: inner = "sum by (le) (latency_bucket\(braces))"
        case 2: inner = "sum by (le, job) (rate(latency_bucket\(braces)[\(range)]))"
        case 3: inner = "sum by (le, project) (increase(latency_bucket\(braces)[\(range)]))"
        case 4: inner = "sum without (instance, project) (latency_bucket\(braces))"
        default: inner = "rate(latency_bucket\(braces)[\(range)])"
        }
        return "histogram_quantile(\(quantile), \(inner))"
    }

    mutating func vectorOfScalar(_ depth: Int) -> QueryNode {
        let inner = scalar(depth - 1)
        return "vector(\(inner))"
    }

    /// A subquery over what crosses members, on its own grid. Counter functions are left out where
    /// 2.x extrapolates them a little differently, and here our own engine computes them.
    mutating func globalSubquery(_ depth: Int) -> QueryNode {
        var functions = [
            "max_over_time", "min_over_time", "sum_over_time", "avg_over_time", "last_over_time",
            "changes", "count_over_time", "delta", "present_over_time", "quantile_over_time",
        ]
        if features.contains(.version3) {
            functions += ["rate", "increase", "irate", "idelta", "resets", "deriv"]
        }
        let function = random.pick(functions)
        let inner = vector(depth - 1)
        let range = isOffEdges ? random.pick(oddRanges) : random.pick(["2m", "3m", "61s", "10m"])
        let step = random.pick(["30s", "15s", "1m", isOffEdges ? "" : "7s", ""])
        let shift = shift(orAt: true)
        let first = function == "quantile_over_time" ? "0.7, " : ""
        return "\(function)(\(first)(\(inner))[\(range):\(step)]\(shift))"
    }
}
