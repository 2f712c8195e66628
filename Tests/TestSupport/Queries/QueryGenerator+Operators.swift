/// Aggregations and operators.
extension QueryGenerator {
    public mutating func aggregation(_ depth: Int) -> QueryNode {
        let grouping = grouping()
        switch random.below(24) {
        case 0, 1:
            let inner = numbers(depth - 1)
            return "\(random.pick(["stddev", "stdvar"]))\(grouping) (\(inner))"
        case 2, 3, 4:
            let inner = usual(depth - 1)
            let quantile = quantile(of: inner)
            return "quantile\(grouping) (\(quantile), \(inner))"
        case 5: return printed(depth)
        case 6 where hasLimits, 12 where hasLimits, 13 where hasLimits: return limited(depth)
        case 7 where isJudged || isOfHistograms: return rankedAndReduced(depth)
        case 8:
            let inner = numbers(depth - 1)
            return "\(random.pick(["min", "max"]))\(grouping) (\(inner))"
        case 9, 10:
            let inner = vector(depth - 1)
            return "\(random.pick(["count", "group", "sum", "avg"]))\(grouping) (\(inner))"
        default:
            let inner = usual(depth - 1)
            return "\(random.pick(profile.aggregations))\(grouping) (\(inner))"
        }
    }

    private var hasLimits: Bool { profile.features.contains(.release35) }

    /// A quantile that changes from step to step stays as at the first one when the operand is fixed
    /// by `@`, by an accident of Prometheus that the planner does not follow.
    private mutating func quantile(of operand: QueryNode) -> QueryNode {
        let isFixed = isJudged && operand.text.contains("@")
        if let varying = profile.varyingQuantile, !isFixed, random.oneIn(3) { return varying }
        return constant(["0.5", "0.9", "0", "1", "0.333", "-1", "2"])
    }

    /// Not of arbitrary values where no judge knows it: the last bits of a sum would become a label.
    private mutating func printed(_ depth: Int) -> QueryNode {
        let exact = profile.exact.isEmpty ? selector() : random.pick(profile.exact)
        let inner = isJudged ? vector(depth - 1) : exact
        let grouping =
            profile.countedBy.isEmpty ? grouping() : option(random.pick(profile.countedBy))
        let target = random.pick(["v", "project", "job", "exported_project"])
        return "count_values\(grouping) (\"\(isOfHistograms ? "v" : target)\", \(inner))"
    }

    /// Of `limitk` it is left to chance which series are kept, but not how many.
    private mutating func limited(_ depth: Int) -> QueryNode {
        let (grouping, inner) = (grouping(), usual(depth - 1))
        if !profile.features.contains(.delayedNames), random.oneIn(3) {
            let ratio = random.pick(["0.5", "-0.3", "1", "0", "0.9", "-1", "2"])
            return "limit_ratio\(grouping) (\(ratio), \(inner))"
        }
        let count = random.pick(["1", "2", "5", "0", "100", "-1"])
        return "count\(grouping) (limitk\(grouping) (\(count), \(inner)))"
    }

    // MARK: - Rankings

    /// `topk` and `bottomk`, whose choice among equals is not promised: they stand at the root,
    /// where a judge can allow for it, or under an aggregation that does not see which of the equals
    /// was chosen.
    mutating func ranked(_ depth: Int) -> QueryNode { ranked(depth, grouping()) }

    /// The groups of the outer aggregation are those of the inner one, or all together.
    public mutating func rankedAndReduced(_ depth: Int) -> QueryNode {
        let grouping = grouping()
        let outer = isOfHistograms || !random.oneIn(3) ? grouping : option("")
        let op = isOfHistograms ? "count" : random.pick(["sum", "max", "min", "count"])
        let inner = ranked(depth, grouping)
        return "\(op)\(outer) (\(inner))"
    }

    private mutating func ranked(_ depth: Int, _ grouping: QueryNode) -> QueryNode {
        let op = random.pick(["topk", "bottomk"])
        let inner = usual(depth - 1)
        let count = count(of: inner)
        return "\(op)\(grouping) (\(count), \(inner))"
    }

    private mutating func count(of operand: QueryNode) -> QueryNode {
        let isFixed = operand.text.contains("@")
        if let varying = profile.varyingCount, !isFixed, random.oneIn(5) { return varying }
        return constant(["1", "2", "3", "5", "0", "2.7", "100", "1000", "-1"])
    }

    /// `topk` and `bottomk` of values that have no ties, which no judge need know.
    public mutating func ranking(_ depth: Int) -> QueryNode {
        let op = random.pick(["topk", "bottomk"])
        let count = random.pick(["1", "2", "3", "5", "0", "2.7", "100", "-1"])
        let (grouping, inner) = (grouping(), distinct(depth - 1))
        return "\(op)\(grouping) (\(count), \(inner))"
    }

    private mutating func distinct(_ depth: Int) -> QueryNode {
        let name = random.pick(profile.distinct)
        let (braces, shift) = (braces(), shift(orAt: false))
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

    // MARK: - Between two operands

    public mutating func withScalar(_ depth: Int) -> QueryNode {
        var op = random.pick(["+", "-", "*", "/", ">", "<", "==", "!=", ">=", "<=", "^", "%"])
        if [">", "<", "==", "!=", ">=", "<="].contains(op), random.oneIn(3) { op += " bool" }
        let left = operand(depth - 1)
        // Large powers are rounded differently by different libraries, and magnify it.
        if op == "^", !isJudged { return "\(left) ^ \(random.pick(["2", "0.5", "-1", "0", "3"]))" }
        let right = scalar(depth - 1)
        return random.oneIn(3) ? "\(right) \(op) \(left)" : "\(left) \(op) \(right)"
    }

    private mutating func operatorOfJoin() -> String {
        let op = random.pick(["+", "-", "*", "/", "==", ">", "<", "!=", ">=", "<=", "%", "atan2"])
        let isComparison = [">", "<", "==", "!=", ">=", "<="].contains(op)
        let isBool = random.oneIn(3) || profile.features.contains(.delayedNames)
        return isComparison && isBool ? op + " bool" : op
    }

    /// Two operands; often of the same metric, so that matches exist.
    private mutating func sides(_ depth: Int) -> (QueryNode, QueryNode) {
        if random.oneIn(3) { return (operand(depth - 1), operand(depth - 1)) }
        let pair = random.pick(profile.pairs)
        let (left, right) = (braces(), braces())
        return ("\(pair[0])\(left)", "\(pair[1])\(right)")
    }

    /// Match keys that hold `project`, so that members can answer alone.
    public mutating func joinWithinMembers(_ depth: Int) -> QueryNode {
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
            return
                "\(left) \(op) on (job, project) group_left (\(more)) \(profile.limit)\(braces)"
        default:
            let aggregation = random.pick(["sum", "max", "avg", "count"])
            let key = random.pick([" by (project)", " by (job, project)"])
            let (left, right) = (vector(depth - 2), vector(depth - 2))
            return "\(aggregation)\(key) (\(left)) / \(aggregation)\(key) (\(right))"
        }
    }

    /// Match keys without `project`, whose partners may live in another member.
    public mutating func joinAcrossMembers(_ depth: Int) -> QueryNode {
        let op = operatorOfJoin()
        switch random.below(8) {
        case 0:
            let left = operand(depth - 1)
            let more = random.pick(["project", "team", "", "team, project"])
            let limit = filled("\(profile.limit){project=\"<member>\"}")
            return "\(left) \(op) on (job) group_left (\(more)) \(limit)"
        case 1:
            let metric = random.pick(profile.single)
            let left = filled("\(metric){project=\"<member>\"}")
            let right = filled("\(metric){project=\"<member>\"}")
            return "\(left) \(op) on (job, instance) \(right)"
        case 2:
            let metric = random.pick(profile.single)
            let left = filled("\(metric){project=\"<member>\"}")
            let right = filled("\(metric){project=\"<member>\"}")
            return "\(left) \(op) ignoring (project) \(right)"
        case 3:
            let aggregation = random.pick(["sum", "max", "avg", "count", "min"])
            let key = random.pick([" by (job)", " by (job, instance)", ""])
            let (left, right) = (vector(depth - 2), vector(depth - 2))
            return "\(aggregation)\(key) (\(left)) \(op) \(aggregation)\(key) (\(right))"
        case 4:
            let braces = braces()
            return
                "temperature\(braces) \(op) on (job) group_left () avg by (job) (temperature\(braces))"
        case 5:
            let braces = braces()
            return
                "max by (job) (memory\(braces)) \(op) on (job) group_right (project) temperature"
        case 6:
            let (left, right) = sides(depth)
            let labels = random.some(["job", "instance", "project", "code", "exported_project"])
            let list = labels.joined(separator: ", ")
            return "\(left) \(op) \(random.pick(["on", "ignoring"])) (\(list)) \(right)"
        default:
            // Often many-to-many: then both sides must refuse.
            let (left, right) = sides(depth)
            return
                "\(left) \(op) on (\(random.pick(["job", "instance", "job, instance"]))) \(right)"
        }
    }

    public mutating func setOperator(_ depth: Int) -> QueryNode {
        let op = random.pick(["and", "or", "unless"])
        let key = random.pick([
            "", " on ()", " on (job)", " on (project)", " on (job, project)", " on (instance)",
            " ignoring (project)", " ignoring (instance)", " ignoring (code, zone)",
        ])
        let left = operand(depth - 1)
        switch isOfHistograms ? 9 : random.below(6) {
        case 0:
            let any = random.pick([op, "or", "or"])
            return "\(left) \(any)\(random.pick([key, "", " on ()"])) vector(0)"
        case 1:
            let presence = filled(random.pick(profile.presences))
            return "\(left) \(op)\(key) \(presence)"
        default:
            let right = operand(depth - 1)
            return "\(left) \(op)\(key) \(right)"
        }
    }
}
