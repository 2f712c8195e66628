/// What a generator's queries are about and made of: the names that the data has, the constructs
/// that the servers know, and how often each is asked.
///
/// In texts `<member>` and `<other>` become names of members.
public struct QueryProfile: Sendable {
    public typealias Production = @Sendable (inout QueryGenerator, Int) -> QueryNode

    /// Constructs that not every server or judge can take.
    public struct Features: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// What 3.x knows without a feature flag.
        public static let version3 = Features(rawValue: 1)
        /// What 3.5 has behind `promql-experimental-functions`.
        public static let release35 = Features(rawValue: 2)
        /// What 3.5 has behind `promql-duration-expr`.
        public static let durationExpressions = Features(rawValue: 32)
        /// What needs a judge that knows the query: a choice among equals, values printed into
        /// labels, powers of anything, parameters that change from step to step.
        public static let judged = Features(rawValue: 4)
        /// No sample and no step of a subquery lies where a window begins.
        public static let offEdges = Features(rawValue: 8)
        /// Names are removed at the end of a query, by members at the end of their part of it. What
        /// looks at such a name in between, or gives it back, is not asked: `limit_ratio`, joins
        /// that filter, `last_over_time` over subqueries.
        public static let delayedNames = Features(rawValue: 64)
        /// Nearly everything is of native histograms.
        public static let histograms = Features(rawValue: 16)
    }

    /// Matchers of which one in so many selectors has one.
    public struct Matchers: Sendable {
        public var oneIn: Int
        public var choices: [String]

        public init(oneIn: Int, _ choices: [String]) {
            self.oneIn = oneIn
            self.choices = choices
        }
    }

    /// What a label function writes and reads.
    public struct LabelFunctions: Sendable {
        public var targets: [String]
        public var sources: [String]
        /// What `label_join` adds to a source.
        public var others: [String]
        public var replacements: [String]
        public var patterns: [String]

        public init(
            targets: [String], sources: [String], others: [String], replacements: [String],
            patterns: [String]
        ) {
            self.targets = targets
            self.sources = sources
            self.others = others
            self.replacements = replacements
            self.patterns = patterns
        }
    }

    public var members: [String]
    public var features: Features
    /// Ways to make a vector, each as often as its weight says.
    public var productions: [(weight: Int, make: Production)] = []

    // MARK: - Names

    /// Metrics of selectors and of ranges; a name stands in them as often as it shall be asked for.
    public var metrics: [String] = []
    public var ranged: [String] = []
    /// Selectors of several metrics.
    public var wholes: [String] = []
    public var matchers: [Matchers] = []
    /// By metric, in place of `matchers`.
    public var ownMatchers: [String: [Matchers]] = [:]
    public var groupings: [String] = []
    /// Static labels that stand in the place of `project` here and there; none for no such place.
    public var staticLabels: [String] = []
    /// No two values are equal at a time, mostly.
    public var distinct: [String] = []
    /// One series for each job and instance of a member, mostly.
    public var single: [String] = []
    /// What often has partners on both sides of a join.
    public var pairs: [[String]] = []
    /// One series for each job and team.
    public var limit = "limit"
    /// Vectors of some elements of a member.
    public var presences: [String] = []
    /// Vectors whose values are the same to the last bit on every server.
    public var exact: [QueryNode] = []
    /// What values are counted by; empty for any grouping.
    public var countedBy: [String] = []
    public var labelFunctions = LabelFunctions(
        targets: [], sources: [], others: [], replacements: [], patterns: [])
    /// What is mostly absent, in `absent` or the like.
    public var absent: [String] = []
    /// Metrics with native histograms, and one that has numbers among them.
    public var histograms: [String] = []
    public var blended: String?
    /// What `info` is asked of, the offset of it and its second argument.
    public var informed: [String] = []
    public var informedShifts = [""]
    public var informedBy: [String] = []

    // MARK: - Words

    public var rangeFunctions: [String] = []
    /// Of numbers; asked of `blended` mostly.
    public var numberFunctions: [String] = []
    /// `holt_winters` by the name that the servers know.
    public var smoothing: String?
    public var elementwise: [String] = []
    public var aggregations: [String] = []
    public var subqueryFunctions: [String] = []
    public var scalars: [String] = []
    /// Parameters that change from step to step.
    public var varyingQuantile: QueryNode?
    public var varyingCount: QueryNode?

    // MARK: - Times

    public var windows: [String] = []
    public var offsets: [String] = []
    public var fixed: [String] = []
    public var subqueryRanges: [String] = []
    public var subquerySteps: [String] = []

    public init(members: [String], features: Features) {
        self.members = members
        self.features = features
    }

    /// Adds a way to make a vector.
    public mutating func ask(_ weight: Int, _ make: @escaping Production) {
        productions.append((weight, make))
    }
}
