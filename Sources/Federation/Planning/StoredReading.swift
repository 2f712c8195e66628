import GoText
public import PromQL

/// How far native histograms are read as they are stored (`exactness: strict`).
///
/// The JSON of an answer shows the populated buckets of a native histogram. Its schema, its zero
/// threshold, its empty buckets and its counter reset hint are only in what is stored, which remote
/// read gives. Whether an answer holds native histograms is known once it is here. So a query is
/// planned as ever, and where native histograms come that something is computed from, it is planned
/// again: then they are computed here, from stored samples.
public struct StoredReading: Sendable, Hashable {
    /// Members that serve remote read; indices into `FederationScope.members`.
    public var members: Set<Int> = []
    /// Fetches of an earlier plan that brought native histograms: their parts are computed here.
    public var fetches: Set<Plan.RemoteQuery> = []

    public init(members: Set<Int> = [], fetches: Set<Plan.RemoteQuery> = []) {
        self.members = members
        self.fetches = fetches
    }
}

/// What is asked of a member's remote read.
public struct StoredSelection: Sendable, Hashable {
    /// In the member's own names.
    public var matchers: [LabelMatcher]
    /// Both ends belong to it.
    public var from: Timestamp
    public var through: Timestamp

    public init(matchers: [LabelMatcher], from: Timestamp, through: Timestamp) {
        self.matchers = matchers
        self.from = from
        self.through = through
    }
}
