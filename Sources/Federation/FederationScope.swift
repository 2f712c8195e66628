public import PromQL
public import PromQLEngine

/// What planning depends on besides the query: who the members are and what every member must be
/// told, because nothing may be left to a member's own defaults.
public struct FederationScope: Sendable {
    /// How far aggregations that drop the partition label are split.
    public enum Exactness: String, Sendable, Hashable {
        /// `sum`, `avg`, `stddev` and `stdvar` are split in two steps; the last bits may differ
        /// from one compensated sum over all series.
        case twoStep
        /// Whatever a split could change in the last bit is fetched and aggregated here.
        case strict
    }

    /// Names of the members, which are the values of the partition label; no name twice.
    public var members: [String]
    public var partition: PartitionLabel
    /// Milliseconds; the step of subqueries that name none.
    public var defaultSubqueryStep: Int64
    /// Milliseconds.
    public var lookback: Int64
    public var exactness: Exactness
    /// Which ends of windows the local engine includes; decides where subquery grids begin.
    public var rangeBoundary: EngineOptions.RangeBoundary
    /// By member, the version of the language it speaks; nil where that is not known, and for all
    /// when empty: such a member is sent what the user wrote.
    public var languages: [LanguageVersion?] = []
    /// The version whose rules the local engine follows: the oldest of the members that take part.
    public var language = LanguageVersion.current
    /// Where native histograms that something is computed from are read as they are stored.
    public var stored = StoredReading()

    public init(
        members: [String], partition: PartitionLabel = PartitionLabel(),
        defaultSubqueryStep: Int64 = 60_000, lookback: Int64 = 300_000,
        exactness: Exactness = .twoStep, rangeBoundary: EngineOptions.RangeBoundary = .leftOpen
    ) {
        self.members = members
        self.partition = partition
        self.defaultSubqueryStep = defaultSubqueryStep
        self.lookback = lookback
        self.exactness = exactness
        self.rangeBoundary = rangeBoundary
    }
}
