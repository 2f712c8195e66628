import TestSupport

extension QueryGenerator {
    mutating func rangeFunction(_ depth: Int) -> QueryNode {
        let range = matrix(depth)
        switch random.below(24) {
        case 0...5: return "rate(\(range))"
        case 6...7: return "increase(\(range))"
        case 8:
            let quantile = random.pick(["0", "0.25", "0.5", "0.9", "1", "1.5", "-1"])
            return "quantile_over_time(\(quantile), \(range))"
        case 9:
            let horizon = random.pick(["60", "-30", "3600"])
            return "predict_linear(\(range), \(horizon))"
        default:
            let name = random.pick([
                "delta", "irate", "idelta", "resets", "changes", "deriv", "sum_over_time",
                "avg_over_time", "min_over_time", "max_over_time", "count_over_time",
                "last_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time",
            ])
            return "\(name)(\(range))"
        }
    }

    mutating func elementwise(_ depth: Int) -> QueryNode {
        let inner = vector(depth - 1)
        switch random.below(10) {
        case 0: return "-(\(inner))"
        case 1:
            let high = scalar(depth - 1)
            return "clamp(\(inner), \(random.pick(["0", "-1", "2.5"])), \(high))"
        case 2: return "round(\(inner), \(random.pick(["1", "0.5", "5", "0.1"])))"
        case 3: return "timestamp(\(inner))"
        case 4:
            let limit = scalar(depth - 1)
            return "clamp_max(\(inner), \(limit))"
        case 5: return "clamp_min(\(inner), \(random.pick(["0", "50", "time()"])))"
        default:
            let name = random.pick([
                "abs", "ceil", "floor", "sgn", "sqrt", "exp", "ln", "log2", "log10", "hour",
                "minute", "day_of_week", "days_in_month", "month", "year", "sin", "atan", "deg",
                "rad", "round",
            ])
            return "\(name)(\(inner))"
        }
    }

    mutating func twoStepAggregation(_ depth: Int) -> QueryNode {
        let op = random.pick([
            "sum", "sum", "sum", "count", "count", "min", "max", "max", "avg", "avg", "group",
        ])
        let (grouping, inner) = (grouping(), vector(depth - 1))
        return "\(op)\(grouping) (\(inner))"
    }

    /// `topk` and `bottomk` of values that have no ties: which of equals is kept is left to chance
    /// by Prometheus itself.
    mutating func ranking(_ depth: Int) -> QueryNode {
        let op = random.pick(["topk", "bottomk"])
        let count = random.pick(["1", "2", "3", "5", "0", "2.7", "100", "-1"])
        let (grouping, inner) = (grouping(), distinct(depth - 1))
        return "\(op)\(grouping) (\(count), \(inner))"
    }

    private mutating func distinct(_ depth: Int) -> QueryNode {
        let name = random.pick(["temperature", "memory", "team_limit", "trap"])
        let braces = braces()
        let shift = shift(orAt: false)
        switch depth <= 0 ? 0 : random.below(6) {
        case 0, 1: return "\(name)\(braces)\(shift)"
        case 2:
            let function = random.pick(["min_over_time", "max_over_time", "last_over_time"])
            return "\(function)(\(name)\(braces)[2m]\(shift))"
        case 3:
            let op = random.pick(["sum", "max", "avg"])
            let group = random.pick([" by (job)", " by (project)", " by (instance, project)"])
            return "\(op)\(group) (\(name)\(braces)\(shift))"
        case 4: return "(\(name)\(braces)\(shift) * 3)"
        default:
            let bound = random.pick(["10", "40", "-5"])
            return "(\(name)\(braces)\(shift) > \(bound))"
        }
    }

    mutating func withScalar(_ depth: Int) -> QueryNode {
        var op = random.pick(["+", "-", "*", "/", ">", "<", "==", "!=", ">=", "<=", "^", "%"])
        if [">", "<", "==", "!=", ">=", "<="].contains(op), random.oneIn(3) { op += " bool" }
        let left = operand(depth - 1)
        // Large powers are rounded differently by different libraries, and magnify it.
        if op == "^" { return "\(left) ^ \(random.pick(["2", "0.5", "-1", "0", "3"]))" }
        let right = scalar(depth - 1)
        if random.oneIn(3) { return "\(right) \(op) \(left)" }
        return "\(left) \(op) \(right)"
    }

    /// Match keys that hold `project`, so that members can answer alone.
    mutating func joinWithinMembers(_ depth: Int) -> QueryNode {
        let op = operatorOfJoin()
        switch random.below(6) {
        case 0, 1:
            let (left, right) = sides(depth)
            return "\(left) \(op) \(right)"
        case 2:
            let (left, right) = sides(depth)
            let key = random.pick([
                "job, instance, project", "project, instance, job, code", "instance, project",
            ])
            return "\(left) \(op) on (\(key)) \(right)"
        case 3:
            let (left, right) = sides(depth)
            let key = random.pick(["code", "zone", "version", "nolabel", "exported_project"])
            return "\(left) \(op) ignoring (\(key)) \(right)"
        case 4:
            let (left, braces) = (operand(depth - 1), braces())
            let more = random.pick(["", "team", "project", "team, project"])
            return "\(left) \(op) on (job, project) group_left (\(more)) team_limit\(braces)"
        default:
            let aggregation = random.pick(["sum", "max", "avg", "count"])
            let key = random.pick([" by (project)", " by (job, project)"])
            let (left, right) = (vector(depth - 2), vector(depth - 2))
            return "\(aggregation)\(key) (\(left)) / \(aggregation)\(key) (\(right))"
        }
    }

    mutating func operatorOfJoin() -> String {
        let op = random.pick(["+", "-", "*", "/", "==", ">", "<", "!=", ">=", "<=", "%", "atan2"])
        let isComparison = [">", "<", "==", "!=", ">=", "<="].contains(op)
        return isComparison && random.oneIn(3) ? op + " bool" : op
    }

    /// Two operands; often the same metric on both sides, so that matches exist.
    mutating func sides(_ depth: Int) -> (QueryNode, QueryNode) {
        if random.oneIn(3) { return (operand(depth - 1), operand(depth - 1)) }
        let (first, second) = random.pick([
            ("temperature", "memory"), ("temperature", "temperature"), ("up", "build_info"),
            ("temperature", "up"), ("trap", "trap"), ("team_limit", "team_limit"),
            ("memory", "memory"),
        ])
        let (left, right) = (braces(), braces())
        return ("\(first)\(left)", "\(second)\(right)")
    }
}
