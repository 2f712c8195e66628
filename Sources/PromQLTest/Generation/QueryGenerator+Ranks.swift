/// `topk`, `bottomk` and `limitk`, whose choice among equals is not promised: they stand at
/// the root, where a comparison can allow for it, or under an aggregation that does not see which
/// of the equals was chosen.
extension QueryGenerator {
    mutating func ranked(_ depth: Int) -> String {
        ranked(depth, grouping: grouping())
    }

    /// The groups of the outer aggregation are those of the inner one, or all together.
    mutating func rankedAndReduced(_ depth: Int) -> String {
        let grouping = grouping()
        let outer = random.oneIn(3) ? " " : grouping
        return "\(random.pick(["sum", "max", "min", "count"]))\(outer)"
            + "(\(ranked(depth, grouping: grouping)))"
    }

    private mutating func ranked(_ depth: Int, grouping: String) -> String {
        let op = random.pick(["topk", "bottomk"])
        let inner = vector(depth - 1)
        let count = parameter(
            ["1", "2", "3", "0", "1000"], orVarying: "scalar(count(limit))", for: inner)
        return "\(op)\(grouping)(\(count), \(inner))"
    }
}
