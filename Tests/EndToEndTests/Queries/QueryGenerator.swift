import TestSupport

/// Makes well-typed queries over `FederationData`, weighted to where federation goes wrong: the
/// label `project` in matchers, groupings, match keys and label functions; nesting; absence; set
/// operators across members; subqueries on grids of their own.
struct QueryGenerator: Sendable {
    var random: SeededRandom
    let features: QueryFeatures

    init(seed: UInt64, features: QueryFeatures) {
        random = SeededRandom(seed: seed)
        self.features = features
    }

    /// One query that is a vector or a scalar, as a range query needs it.
    mutating func next() -> QueryNode {
        random.oneIn(20) ? scalar(2) : vector(1 + random.below(4))
    }

    typealias Production = @Sendable (inout QueryGenerator, Int) -> QueryNode

    private static let productions: [(weight: Int, features: QueryFeatures, make: Production)] = [
        (3, .core, { generator, _ in generator.selector() }),
        (5, .core, { $0.rangeFunction($1) }),
        (3, .core, { $0.elementwise($1) }),
        (7, .core, { $0.twoStepAggregation($1) }),
        (2, .core, { $0.ranking($1) }),
        (4, .core, { $0.withScalar($1) }),
        (4, .core, { $0.joinWithinMembers($1) }),
        (4, .joins, { $0.joinAcrossMembers($1) }),
        (3, .joins, { $0.setOperator($1) }),
        (3, .wholeAggregations, { $0.wholeAggregation($1) }),
        (2, .globalFunctions, { $0.labelFunction($1) }),
        (2, .globalFunctions, { $0.absence($1) }),
        (1, .globalFunctions, { $0.sorted($1) }),
        (1, .globalFunctions, { generator, _ in generator.quantileOfBuckets() }),
        (1, .globalFunctions, { $0.vectorOfScalar($1) }),
        (2, .globalSubqueries, { $0.globalSubquery($1) }),
        (4, .experimental, { $0.experimental($1) }),
        (3, .version3, { $0.inQuotes($1) }),
    ]

    mutating func vector(_ depth: Int) -> QueryNode {
        if depth <= 0 { return selector() }
        let usable = Self.productions.filter { features.contains($0.features) }
        var ticket = random.below(usable.reduce(0) { $0 + $1.weight })
        for production in usable {
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

    mutating func scalar(_ depth: Int) -> QueryNode {
        if depth > 0 {
            switch random.below(6) {
            case 0:
                let (left, right) = (scalar(depth - 1), scalar(0))
                let op = random.pick(["+", "-", "*", "/", "%"])
                return ("(\(left) \(op) \(right))" as QueryNode).as(.scalar)
            case 1 where features.contains(.globalFunctions):
                let inner = vector(depth - 1)
                return ("scalar(\(inner))" as QueryNode).as(.scalar)
            case 2 where features.contains(.globalFunctions):
                let member = random.pick(FederationData.members)
                return QueryNode(
                    .scalar,
                    [.text("scalar(team_limit{project=\"\(member)\",job=\"api\"})")])
            case 3:
                let (left, right) = (scalar(0), scalar(0))
                let op = random.pick(["==", ">", "<=", "!="])
                return ("(\(left) \(op) bool \(right))" as QueryNode).as(.scalar)
            default: break
            }
        }
        let leaf = random.pick([
            "1", "2", "0.5", "10", "0", "-1", "100", "1e3", "0x10", "time()", "Inf", "pi()",
        ])
        return QueryNode(.scalar, [.text(leaf)])
    }

    /// ` by (…)`, ` without (…)` or nothing.
    mutating func grouping() -> QueryNode {
        let labels = random.some([
            "job", "instance", "project", "code", "exported_project", "le", "zone", "a",
            "__name__", "nolabel",
        ])
        let list = labels.joined(separator: ", ")
        switch random.below(5) {
        case 0: return QueryNode(.option, [])
        case 1: return QueryNode(.option, [.text(" by (job)")])
        case 2, 3: return QueryNode(.option, [.text(" by (\(list))")])
        default:
            // 2.x treats a metric name in `without` as it treats any label, and drops it anyway.
            return QueryNode(.option, [.text(" without (\(list))")])
        }
    }
}
