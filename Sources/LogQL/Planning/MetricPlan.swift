public import TimeSeries

/// How a query for numbers is answered: what is asked of whom, and what is done here with the
/// answers.
public struct MetricPlan: Sendable {
    /// One request to one member, on the grid of the whole query or at its instant.
    public struct Fetch: Sendable, Hashable {
        /// Index into the scope's members.
        public var member: Int
        /// The LogQL text sent.
        public var text: String
        /// Whether each series of the answer gets the partition label.
        public var addsLabel: Bool
        /// Whether the member's `everyStream` is in the text.
        public var usesEveryStream: Bool
    }

    /// Every request once, however many parts of the plan use it. Empty: no member is asked.
    public internal(set) var fetches: [Fetch] = []
    public internal(set) var root: PlanNode = .merged(.union, [])
    /// What the user should know of the answer, in the order met.
    public internal(set) var notes: [String] = []
    /// Whether some name in the query says something else to members that have own labels of the
    /// partition label's name. Then ask for them (`LogMember.ownLabels`) and plan again.
    public internal(set) var dependsOnOwnLabels = false
    /// By fetch, the label that its series get, and the value.
    var labels: [(name: String, value: String)] = []

    /// Whether the value is a number and no vector: an instant query then answers a scalar.
    public var isScalar: Bool { if case .number = root { true } else { false } }
}

/// A part of a plan. All numbers in lists are indices into `MetricPlan.fetches`.
public indirect enum PlanNode: Sendable, Hashable {
    case number(NumberValue)
    /// One element without labels.
    case vector(NumberValue)
    /// The members' answers put together.
    case merged(MergeStrategy, [Int])
    /// Per label set: the members' sums by the members' counts.
    case average(sums: [Int], counts: [Int])
    /// Per label set: the pooled variance of the members' (Chan's formula), or its root.
    case variance(counts: [Int], means: [Int], variances: [Int], isDeviation: Bool)
    /// 1 at the steps at which every fetch has a value, so that every member lacks the series.
    case absence([Int], LabelSet)
    case aggregation(VectorAggregation.Operator, parameter: Int?, Grouping?, PlanNode)
    case binary(
        BinaryOperation.Operator, returnsBool: Bool, BinaryOperation.Matching, PlanNode, PlanNode)
    case labelReplace(
        PlanNode, target: String, replacement: String, source: String, pattern: String)
}

/// What becomes of series with equal labels.
public enum MergeStrategy: Sendable, Hashable {
    /// There are none: the partition label tells members apart.
    case union
    /// Their values are added.
    case sum
    case least
    case greatest
}

extension MetricPlan {
    /// The effect on the whole answer of these members missing.
    public func effect(ofMissing members: Set<Int>) -> MissingMemberEffect {
        effect(ofMissing: members, on: root)
    }

    private func effect(
        ofMissing members: Set<Int>, on node: PlanNode
    ) -> MissingMemberEffect {
        func lacks(_ lists: [Int]...) -> Bool {
            lists.joined().contains { members.contains(fetches[$0].member) }
        }
        switch node {
        case .number, .vector: return .none
        case .merged(.union, let list): return lacks(list) ? .subset : .none
        case .merged(_, let list): return lacks(list) ? .incompleteAggregate : .none
        case .average(let sums, let counts):
            return lacks(sums, counts) ? .incompleteAggregate : .none
        case .variance(let counts, let means, let variances, _):
            return lacks(counts, means, variances) ? .incompleteAggregate : .none
        case .absence(let list, _): return lacks(list) ? .mayBeWrong("absent_over_time") : .none
        case .labelReplace(let inner, _, _, _, _): return effect(ofMissing: members, on: inner)
        case .aggregation(let op, _, _, let inner):
            let inner = effect(ofMissing: members, on: inner)
            switch (op, inner) {
            case (_, .none), (.sort, _), (.sortDescending, _), (_, .mayBeWrong): return inner
            case (.topk, .incompleteAggregate), (.bottomk, .incompleteAggregate),
                (.approximateTopk, .incompleteAggregate):
                return .mayBeWrong(op.rawValue)
            case (_, .subset), (_, .incompleteAggregate): return .incompleteAggregate
            }
        case .binary(let op, _, _, let left, let right):
            return effect(
                of: op, effect(ofMissing: members, on: left), effect(ofMissing: members, on: right))
        }
    }

    private func effect(
        of op: BinaryOperation.Operator, _ left: MissingMemberEffect,
        _ right: MissingMemberEffect
    ) -> MissingMemberEffect {
        let worst = left.worst(right)
        switch op {
        case .unless: return right == .none ? left : .mayBeWrong("unless").worst(worst)
        case .or: return left == .none ? right : .mayBeWrong("or").worst(worst)
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            return worst == .incompleteAggregate
                ? .mayBeWrong("\(op.rawValue) over values computed from fewer series") : worst
        case .add, .subtract, .multiply, .divide, .modulo, .power, .and: return worst
        }
    }
}
