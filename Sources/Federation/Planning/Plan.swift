public import PromQL
public import TimeSeries

/// How a query is answered: what is asked of whom, and what is done here with the answers.
public struct Plan: Sendable {
    /// One request to one member.
    public struct RemoteQuery: Sendable, Hashable {
        public enum Form: Sendable, Hashable {
            /// Values on the grid: an instant query for one step, else a range query.
            case steps
            /// Raw samples: an instant query, at the grid's only step, whose text is a range
            /// selector.
            case samples
            /// Samples as they are stored, by remote read; the text is the selector.
            case stored(StoredSelection)
        }
        /// Index into the scope's members.
        public var member: Int
        /// The PromQL text sent.
        public var text: String
        public var grid: StepGrid
        public var form: Form
        /// Names of labels that are added to the member's series and that this answer does not carry:
        /// an aggregation in the text takes them away. Own labels make room for them nevertheless.
        public var omitted: [String] = []
        /// Whether the histograms of the answer are gauges, whatever they are made of: their JSON
        /// does not say.
        public var givesGauges = false
        /// Whether native histograms in the answer are of no use: if there are any, the query is
        /// planned again with what is stored behind them (`StoredReading.fetches`). Reading may
        /// stop at the first.
        public var stopsAtHistograms = false

        public init(
            member: Int, text: String, grid: StepGrid, form: Form, givesGauges: Bool = false,
            stopsAtHistograms: Bool = false, omitted: [String] = []
        ) {
            self.member = member
            self.text = text
            self.grid = grid
            self.form = form
            self.givesGauges = givesGauges
            self.stopsAtHistograms = stopsAtHistograms
            self.omitted = omitted
        }
    }

    public enum Root: Sendable {
        /// The answer is the union of these fetches, label added: nothing to compute.
        case union(RemoteNodeID)
        /// The answer is this expression, evaluated over the leaves by the local engine.
        case local(Expression)
    }
    public typealias RemoteNodeID = Int

    public var root: Root
    public var rootType: ValueType
    public var grid: StepGrid
    /// Indexed by `RemoteNodeID`; also the ids of `LeafSelector`s.
    public var leaves: [RemoteNode]
    /// Every request once, however many leaves use it.
    public var fetches: [RemoteQuery]
    /// Why parts were not pushed down, in the order met.
    public var notes: [Note]
    /// Parts that were pushed down although their keys lack the partition label, and the static
    /// labels that tell the members apart there.
    public var memberKeys: [Note] = []

    public struct Note: Sendable, Hashable {
        /// Bytes of a part's text: of a high tree each level may have a note.
        static let longestPart = 1000

        /// The part, as canonical text, of a long one its beginning.
        public var part: String
        public var reason: String
    }

    /// Members that are asked for something.
    public var membersAsked: Set<Int> { Set(fetches.map(\.member)) }
}

/// A place in the local expression whose values come from members.
public struct RemoteNode: Sendable, Hashable {
    /// What the fetched answers become. All numbers are indices into `Plan.fetches`.
    public enum MergeStrategy: Sendable, Hashable {
        /// All series of all answers, each with its member's labels.
        case union([Int])
        /// Per group: the mean of the members' means, weighted by their counts.
        case average(means: [Int], counts: [Int])
        /// Per group: the pooled variance of the members' (Chan's formula), or its root.
        case variance(counts: [Int], means: [Int], variances: [Int], isDeviation: Bool)
        /// Raw samples of all answers, for a leaf's selector with a range.
        case samples([Int])
        /// Raw samples of info series, which `info` looks for by its own matchers, and their
        /// presence at the times of the join.
        case information(samples: [Int], presence: [Int])
    }
    public var combination: MergeStrategy
    public var grid: StepGrid
    /// Labels that tell partial aggregates of different members apart and that the groups lack.
    public var aggregated: [String] = []

    public var fetches: [Int] {
        switch combination {
        case .union(let all), .samples(let all): all
        case .information(let samples, let presence): samples + presence
        case .average(let means, let counts): means + counts
        case .variance(let counts, let means, let variances, _): counts + means + variances
        }
    }
}

/// What is known of a part of the query after its parts were looked at.
///
/// The locality rule of docs/architecture.md: a part is constant, or every element of its value
/// belongs to one member and carries labels that tell which, or it needs the members together.
indirect enum PlacedExpression {
    /// Depends on no member.
    case constant(Expression)
    /// Every output element carries added labels that determine the one member it depends on.
    case perMember(PushdownCandidate)
    /// An expression for the local engine, whose leaves already stand in it.
    case global(Expression)
}

/// A part that each member can answer alone.
struct PushdownCandidate {
    /// As the user wrote it.
    var original: Expression
    /// By member: the text's tree for that member, or nil where it is an empty vector there and
    /// the member need not be asked.
    var rewritten: [Expression?]
    /// The added labels that the elements carry, of those that their member has.
    var kept: Set<String>
    /// For subqueries: what is inside, lowered on the subquery's own grid, in case the range
    /// vector is needed here.
    var inner: PlacedExpression?

    init(
        _ original: Expression, _ rewritten: [Expression?], kept: Set<String>,
        inner: PlacedExpression? = nil
    ) {
        self.original = original
        self.rewritten = rewritten
        self.kept = kept
        self.inner = inner
    }

    /// The members that have a share in it.
    var members: Set<Int> { Set(rewritten.indices.filter { rewritten[$0] != nil }) }

    /// Whether the matchers on added labels leave no member to ask.
    var choosesNoMember: Bool { rewritten.allSatisfy { $0 == nil } }

    /// The same shape around another tree; empty stays empty.
    func map(_ original: Expression, _ wrap: (Expression) -> Expression) -> PushdownCandidate {
        PushdownCandidate(original, rewritten.map { $0.map(wrap) }, kept: kept)
    }

    /// As above, in each member's own names.
    func mapByMember(
        _ original: Expression, kept: Set<String>,
        _ wrap: (_ member: Int, Expression) -> Expression
    ) -> PushdownCandidate {
        PushdownCandidate(
            original,
            rewritten.enumerated().map { member, tree in tree.map { wrap(member, $0) } },
            kept: kept)
    }
}

/// A selector that finds a leaf's values instead of series of a store.
///
/// Where members computed what stood in its place, the engine takes the leaf's values as they are.
/// Some functions look at their argument's text and not only at its values: `absent` takes labels
/// from the matchers, `rate` and its like cut windows out of raw samples. For those the leaf gives
/// samples.
///
/// The selector is named by a metric name that no query can contain, as it begins with a NUL.
struct LeafSelector {
    enum Form: Character {
        /// Samples, beside the original matchers.
        case samples = "s"
        /// Values on the steps.
        case values = "v"
        /// The same value at every step.
        case invariantValues = "i"
    }
    private static let prefix = "\u{0}leaf:"

    var leaf: Plan.RemoteNodeID
    var form: Form

    init(_ leaf: Plan.RemoteNodeID, _ form: Form) {
        self.leaf = leaf
        self.form = form
    }

    /// Nil for the matchers of an ordinary selector.
    init?(_ matchers: [LabelMatcher]) {
        for matcher in matchers
        where matcher.name == "__name__" && matcher.value.hasPrefix(Self.prefix) {
            var rest = matcher.value.dropFirst(Self.prefix.count)
            guard let form = rest.popFirst().flatMap(Form.init), let leaf = Int(rest) else {
                return nil
            }
            self.init(leaf, form)
            return
        }
        return nil
    }

    private var name: String { "\(Self.prefix)\(form.rawValue)\(leaf)" }

    /// The selector of samples. The matchers kept are text only: the leaf has applied them.
    static func samples(
        _ leaf: Plan.RemoteNodeID, keeping matchers: [LabelMatcher], like original: VectorSelector
    ) -> VectorSelector {
        let name = LeafSelector(leaf, .samples).name
        var selector = original
        selector.name = name
        selector.matchers =
            [LabelMatcher("__name__", .equal, name)] + matchers.filter { $0.name != "__name__" }
        return selector
    }

    /// The selector of values, without offset and `@`.
    func selector(range: SourceRange) -> VectorSelector {
        VectorSelector(
            name: name, matchers: [LabelMatcher("__name__", .equal, name)], range: range)
    }

    /// `or` as a planner writes it, for values of one part that come in two ways: of the members on
    /// the left and of others on the right. No two elements can meet, as the labels that tell their
    /// members apart differ.
    static func union(_ some: Expression, _ others: Expression) -> Expression {
        .binary(
            Binary(
                .or, some, others,
                matching: VectorMatching(cardinality: .manyToMany, labels: [prefix]),
                range: others.sourceRange))
    }

    /// Whether a planner wrote the operation: no query can name the label that it ignores.
    static func isUnion(_ binary: Binary) -> Bool { binary.matching?.labels == [prefix] }
}

/// What came of one fetch, labels already added to every label set.
public enum FetchedValue: Sendable {
    /// Columns on the fetch's grid.
    case steps([StepSeries])
    /// Raw samples at times of their own.
    case samples([SampleSeries])

    /// Whether some series has a native histogram.
    public var hasHistograms: Bool {
        switch self {
        case .steps(let series): series.contains { !$0.histograms.isEmpty }
        case .samples(let series): series.contains { !$0.histograms.isEmpty }
        }
    }

    /// No series at all: what a missing member contributes.
    public static let nothing = FetchedValue.steps([])
}
