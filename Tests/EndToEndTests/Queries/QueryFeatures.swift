/// Which constructs the generator uses. Only what Debian's Prometheus 2.42 evaluates as current
/// ones do is in the grammar at all: the oracle is the judge.
struct QueryFeatures: OptionSet, Sendable {
    let rawValue: Int

    /// Pushdown, concatenation, two-step aggregation, and operators above them.
    static let core = QueryFeatures(rawValue: 1)
    /// Joins and set operators across members.
    static let joins = QueryFeatures(rawValue: 2)
    /// Aggregations that no partial result is enough for.
    static let wholeAggregations = QueryFeatures(rawValue: 4)
    /// Presence and absence, `scalar()`, label functions, sorting, bucket quantiles.
    static let globalFunctions = QueryFeatures(rawValue: 8)
    /// Subqueries over what crosses members.
    static let globalSubqueries = QueryFeatures(rawValue: 16)

    static let all: QueryFeatures = [
        .core, .joins, .wholeAggregations, .globalFunctions, .globalSubqueries,
    ]
}
