public import PromQL
public import TimeSeries

/// How a query is answered: what is asked of whom, and what is done here with the answers.
public struct Plan: Sendable {
    /// One request to one member.
    public struct Fetch: Sendable, Hashable {
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
        /// Whether the histograms of the answer are gauges, whatever they are made of: their JSON
        /// does not say.
        public var givesGauges = false
        /// Whether native histograms in the answer are of no use: if there are any, the query is
        /// planned again with what is stored behind them (`StoredReading.fetches`). Reading may
        /// stop at the first.
        public var stopsAtHistograms = false

        public init(
            member: Int, text: String, grid: StepGrid, form: Form, givesGauges: Bool = false,
            stopsAtHistograms: Bool = false
        ) {
            self.member = member
            self.text = text
            self.grid = grid
            self.form = form
            self.givesGauges = givesGauges
            self.stopsAtHistograms = stopsAtHistograms
        }
    }

    public enum Root: Sendable {
        /// The answer is the union of these fetches, label added: nothing to compute.
        case union(LeafID)
        /// The answer is this expression, evaluated over the leaves by the local engine.
        case local(Expression)
    }
    public typealias LeafID = Int

    public var root: Root
    public var rootType: ValueType
    public var grid: StepGrid
    /// Indexed by `LeafID`; also the ids of `Expression.fragment` and of fragment selectors.
    public var leaves: [Leaf]
    /// Every request once, however many leaves use it.
    public var fetches: [Fetch]
    /// Why parts were not pushed down, in the order met.
    public var notes: [Note]

    public struct Note: Sendable, Hashable {
        /// The part, as canonical text.
        public var part: String
        public var reason: String
    }

    /// Members that are asked for something.
    public var membersAsked: Set<Int> { Set(fetches.map(\.member)) }
}

/// A place in the local expression whose values come from members.
public struct Leaf: Sendable, Hashable {
    /// What the fetched answers become. All numbers are indices into `Plan.fetches`.
    public enum Combination: Sendable, Hashable {
        /// All series of all answers, each with its member's label.
        case union([Int])
        /// Per group: the mean of the members' means, weighted by their counts.
        case average(means: [Int], counts: [Int])
        /// Per group: the pooled variance of the members' (Chan's formula), or its root.
        case variance(counts: [Int], means: [Int], variances: [Int], isDeviation: Bool)
        /// Raw samples of all answers, for a fragment selector with a range.
        case samples([Int])
        /// Raw samples of info series, which `info` looks for by its own matchers, and their
        /// presence at the times of the join.
        case information(samples: [Int], presence: [Int])
    }
    public var combination: Combination
    public var grid: StepGrid

    public var fetches: [Int] {
        switch combination {
        case .union(let all), .samples(let all): all
        case .information(let samples, let presence): samples + presence
        case .average(let means, let counts): means + counts
        case .variance(let counts, let means, let variances, _): counts + means + variances
        }
    }
}
