/// Which constructs the generator uses. Without `version3`, only what Prometheus 2.42 evaluates as
/// current ones do: the oracle is the judge.
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

    /// What 3.x knows without a feature flag, and what 2.42 computes in another way.
    static let version3 = QueryFeatures(rawValue: 32)
    /// What 3.5 has behind `promql-experimental-functions` and `promql-duration-expr`.
    static let experimental = QueryFeatures(rawValue: 64)
    /// No sample and no step of a subquery lies where a window begins.
    static let offEdges = QueryFeatures(rawValue: 128)
    /// `info`, whose results 3.5 gives their names back where it removes names late.
    static let information = QueryFeatures(rawValue: 256)

    /// What every version knows.
    static let all: QueryFeatures = [
        .core, .joins, .wholeAggregations, .globalFunctions, .globalSubqueries,
    ]
}
