/// Makes well-typed queries, weighted to where federation goes wrong: the label `project` in
/// matchers, groupings, match keys and label functions; nesting; absence; set operators across
/// members; subqueries on grids of their own. What they are about, its profile says.
public struct QueryGenerator: Sendable {
    public var random: SeededRandom
    let profile: QueryProfile

    public init(seed: UInt64, _ profile: QueryProfile) {
        random = SeededRandom(seed: seed)
        self.profile = profile
    }

    /// One query that is a vector or a scalar, as a range query needs it.
    public mutating func next() -> QueryNode {
        let query = query()
        if profile.staticLabels.isEmpty { return query }
        return query.renaming("project", to: profile.staticLabels, &random)
    }

    private mutating func query() -> QueryNode {
        if isOfHistograms { return vector(1 + random.below(4)) }
        if random.oneIn(16) { return scalar(2 + random.below(2)) }
        let depth = 1 + random.below(4)
        return isJudged && random.oneIn(12) ? ranked(depth) : vector(depth)
    }

    var isJudged: Bool { profile.features.contains(.judged) }
    var isOfHistograms: Bool { profile.features.contains(.histograms) }
    var isOffEdges: Bool { profile.features.contains(.offEdges) }

    public mutating func vector(_ depth: Int) -> QueryNode {
        if depth <= 0 { return selector() }
        var ticket = random.below(profile.productions.reduce(0) { $0 + $1.weight })
        for production in profile.productions {
            ticket -= production.weight
            if ticket < 0 { return production.make(&self, depth) }
        }
        return selector()
    }

    /// As an operand: in parentheses, so that precedence stays out of the way.
    mutating func operand(_ depth: Int) -> QueryNode {
        let inner = vector(depth)
        return "(\(inner))"
    }

    /// What is mostly numbers, where most other things are histograms.
    mutating func numbers(_ depth: Int) -> QueryNode {
        isOfHistograms && !random.oneIn(3) ? ofHistograms(depth) : vector(depth)
    }

    /// What is mostly histograms, where most things are.
    mutating func usual(_ depth: Int) -> QueryNode {
        isOfHistograms ? histograms(depth) : vector(depth)
    }

    public mutating func scalar(_ depth: Int) -> QueryNode {
        if depth > 0 {
            switch random.below(6) {
            case 0:
                let (left, right) = (scalar(depth - 1), scalar(0))
                let op = random.pick(["+", "-", "*", "/", "%"])
                return ("(\(left) \(op) \(right))" as QueryNode).as(.scalar)
            case 1:
                let inner = vector(depth - 1)
                return ("scalar(\(inner))" as QueryNode).as(.scalar)
            case 2 where !isOfHistograms:
                let limit = "scalar(\(profile.limit){project=\"<member>\",job=\"api\"})"
                return QueryNode(.scalar, [.text(filled(limit))])
            case 3:
                let (left, right) = (scalar(0), scalar(0))
                let op = random.pick(["==", ">", "<=", "!="])
                return ("(\(left) \(op) bool \(right))" as QueryNode).as(.scalar)
            default: break
            }
        }
        return constant(profile.scalars)
    }

    mutating func constant(_ choices: [String]) -> QueryNode {
        QueryNode(.scalar, [.text(random.pick(choices))])
    }

    // MARK: - Options

    /// With the names of two members, or of one twice.
    mutating func filled(_ text: String) -> String {
        guard text.contains("<") else { return text }
        let (member, other) = (random.pick(profile.members), random.pick(profile.members))
        return text.replacing("<member>", with: member).replacing("<other>", with: other)
    }

    func option(_ text: String) -> QueryNode {
        QueryNode(.option, text.isEmpty ? [] : [.text(text)])
    }

    /// ` by (…)`, ` without (…)` or nothing.
    mutating func grouping() -> QueryNode {
        let list = random.some(profile.groupings).joined(separator: ", ")
        switch random.below(5) {
        case 0: return option("")
        case 1: return option(" by (job)")
        case 2, 3: return option(" by (\(list))")
        default: return option(" without (\(list))")
        }
    }

    mutating func braces(of metric: String = "") -> QueryNode {
        guard random.oneIn(2) else { return option("") }
        return QueryNode(
            .option, [.text("{"), .node(matchers(of: metric, leading: "")), .text("}")])
    }

    mutating func matchers(of metric: String, leading: String) -> QueryNode {
        var all: [String] = []
        for group in profile.ownMatchers[metric] ?? profile.matchers
        where random.oneIn(group.oneIn) {
            all.append(filled(random.pick(group.choices)))
        }
        return option(all.isEmpty ? "" : leading + all.joined(separator: ","))
    }

    /// An offset, an `@`, both, or nothing.
    mutating func shift(orAt: Bool = true) -> QueryNode {
        var offsets = profile.offsets
        if profile.features.contains(.version3) { offsets += [" offset 45", " offset -7.5"] }
        if profile.features.contains(.durationExpressions) { offsets.append(" offset (1m + 30s)") }
        let (offset, at) = (random.pick(offsets), random.pick(profile.fixed))
        switch random.below(30) {
        case 0...2: return option(offset)
        case 3 where orAt: return option(at)
        case 4 where orAt: return option(at + offset)
        case 5 where orAt: return option(offset + at)
        default: return option("")
        }
    }

    /// A window in seconds or as an expression, or one that every version knows.
    mutating func window() -> String {
        guard profile.features.contains(.version3), random.oneIn(6) else {
            return random.pick(profile.windows)
        }
        let plain = ["300", "90", "61.5"]
        return random.pick(
            profile.features.contains(.durationExpressions)
                ? plain + ["1m + 30s", "2m * 2", "(10m - 1m) / 3", "2^7"] : plain)
    }

    /// Between `[` and `]` of a subquery.
    mutating func grid() -> String {
        "\(random.pick(profile.subqueryRanges)):\(random.pick(profile.subquerySteps))"
    }

    // MARK: - Selectors

    public mutating func selector() -> QueryNode {
        let (metric, shift) = (random.pick(profile.metrics), shift())
        switch isOfHistograms ? 9 : random.below(24) {
        case 0:
            let more = matchers(of: metric, leading: ",")
            return "{__name__=~\"\(metric)|memory\"\(more)}\(shift)"
        case 1, 2:
            let whole = filled(random.pick(profile.wholes))
            return "\(whole)\(shift)"
        default:
            let braces = braces(of: metric)
            return "\(metric)\(braces)\(shift)"
        }
    }

    mutating func range(of metric: String) -> QueryNode {
        let (window, braces, shift) = (window(), braces(of: metric), shift())
        return ("\(metric)\(braces)[\(window)]\(shift)" as QueryNode).as(.matrix)
    }

    /// A range of a selector, or a subquery: of anything where the judge knows it, else one that
    /// stays within its members.
    mutating func matrix(_ depth: Int) -> QueryNode {
        guard !isOfHistograms, depth > 1, random.oneIn(5) else {
            return range(of: random.pick(profile.ranged))
        }
        let grid = "\(random.pick(profile.subqueryRanges)):\(random.pick(["15s", "30s", "1m"]))"
        let shift = shift()
        let inner: QueryNode
        if isJudged, !random.oneIn(3) {
            inner = vector(depth - 1)
        } else {
            let name = random.pick(["requests_total", "temperature", "memory"])
            let braces = braces()
            inner =
                random.oneIn(2)
                ? "rate(\(name)\(braces)[2m])"
                : "\(name)\(braces) \(random.pick(["+", "*", ">"])) \(random.pick(["1", "20"]))"
        }
        return ("(\(inner))[\(grid)]\(shift)" as QueryNode).as(.matrix)
    }
}
