public import PromQL
public import TimeSeries

extension MissingMemberEffect {
    /// The words that explain and `tributary lint` have for it.
    public var words: String {
        switch self {
        case .none: "none"
        case .subset: "is missing"
        case .incompleteAggregate: "computed without it"
        case .mayBeWrong: "could be wrong"
        }
    }

    /// The end of a warning about a member that is missing. It is the same at each request, so that
    /// clients can tell a new warning from an old one.
    public var warning: String {
        switch self {
        case .none: "the answer does not need it"
        case .subset: "its part of the answer is missing"
        case .incompleteAggregate: "the answer is computed without it"
        case .mayBeWrong: "the answer could be wrong without it"
        }
    }

    /// The end of a warning about a member that answered without some of its series.
    public var warningOfPart: String {
        switch self {
        case .none: "the answer does not need them"
        case .subset: "some of its series are missing"
        case .incompleteAggregate: "the answer is computed without some of its series"
        case .mayBeWrong: "the answer could be wrong without some of its series"
        }
    }
}

extension MissingMemberEffect {
    /// The effect on the answer of a member answering without some of its series: as of any part of
    /// the union's series missing, whatever the labels are that tell it from the rest.
    ///
    /// - Throws: what planning throws.
    public static func ofMissingSeries(
        _ expression: Expression, on grid: StepGrid, in scope: FederationScope
    ) throws(ParseError) -> MissingMemberEffect {
        // A selector shows each series by itself.
        if case .vectorSelector = expression { return .subset }
        var parts = scope
        parts.members = ["missing", "present"]
        parts.languages = []
        parts.anchored = []
        // A label that no query names.
        parts.partition = PartitionLabel("\u{0}part")
        return try Planner.plan(expression, on: grid, in: parts).effect(ofMissing: [0])
    }
}

extension Plan {
    /// The leaves that `info` joins with.
    var informationLeaves: [RemoteNodeID] {
        leaves.indices.filter { id in
            if case .information = leaves[id].combination { true } else { false }
        }
    }

    /// The effect on the whole answer of these members missing.
    public func effect(ofMissing members: Set<Int>) -> MissingMemberEffect {
        guard !members.isEmpty else { return .none }
        switch root {
        case .union(let id): return effect(ofMissing: members, onLeaf: id)
        case .local(let expression):
            return expression.recursing { effect(ofMissing: members, on: expression) }
        }
    }

    private func effect(ofMissing members: Set<Int>, onLeaf id: RemoteNodeID) -> MissingMemberEffect
    {
        guard leaves.indices.contains(id) else { return .none }
        let leaf = leaves[id]
        guard leaf.fetches.contains(where: { members.contains(fetches[$0].member) }) else {
            return .none
        }
        switch leaf.combination {
        case .union, .samples: return .subset
        // Labels are missing, not elements.
        case .average, .variance, .information: return .incompleteAggregate
        }
    }

    private func effect(
        ofMissing members: Set<Int>, on expression: Expression
    )
        -> MissingMemberEffect
    {
        switch expression {
        case .number, .string: return .none
        case .paren(let paren): return effect(ofMissing: members, on: paren.expression)
        case .unary(let unary): return effect(ofMissing: members, on: unary.operand)
        case .vectorSelector(let selector):
            return LeafSelector(selector.matchers)
                .map { effect(ofMissing: members, onLeaf: $0.leaf) } ?? .none
        case .matrixSelector(let matrix):
            return effect(ofMissing: members, on: .vectorSelector(matrix.selector))
        case .subquery(let subquery): return effect(ofMissing: members, on: subquery.expression)
        case .aggregation(let aggregation): return effect(ofMissing: members, on: aggregation)
        case .binary(let binary): return effect(ofMissing: members, on: binary)
        case .call(let call): return effect(ofMissing: members, on: call)
        }
    }

    private func effect(
        ofMissing members: Set<Int>, on aggregation: Aggregation
    )
        -> MissingMemberEffect
    {
        let inner = effect(ofMissing: members, on: aggregation.expression)
        let parameter =
            aggregation.parameter.map { effect(ofMissing: members, on: $0) } ?? .none
        let own: MissingMemberEffect
        switch (aggregation.op, inner) {
        case (_, .none): own = .none
        case (.topk, .incompleteAggregate), (.bottomk, .incompleteAggregate):
            own = .mayBeWrong(aggregation.op.rawValue)
        case (.group, .subset), (.limitk, .subset), (.limitRatio, .subset): own = .subset
        case (_, .subset), (_, .incompleteAggregate): own = .incompleteAggregate
        case (_, .mayBeWrong): own = inner
        }
        return own.worst(parameter)
    }

    private func effect(ofMissing members: Set<Int>, on binary: Binary) -> MissingMemberEffect {
        let lhs = effect(ofMissing: members, on: binary.lhs)
        let rhs = effect(ofMissing: members, on: binary.rhs)
        let worst = lhs.worst(rhs)
        if LeafSelector.isUnion(binary) { return worst }
        switch binary.op {
        case .unless: return rhs == .none ? lhs : .mayBeWrong("unless").worst(worst)
        case .or: return lhs == .none ? rhs : .mayBeWrong("or").worst(worst)
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            return worst == .incompleteAggregate
                ? .mayBeWrong("\(binary.op.rawValue) over values computed from fewer series")
                : worst
        case .add, .subtract, .multiply, .divide, .modulo, .power, .atan2, .and, .trimUpper,
            .trimLower:
            // A filled side stands in for what is missing.
            if binary.matching?.fillLeft != nil || binary.matching?.fillRight != nil,
                worst != .none
            {
                return .mayBeWrong("fill").worst(worst)
            }
            return worst
        }
    }

    private func effect(ofMissing members: Set<Int>, on call: Call) -> MissingMemberEffect {
        var worst = MissingMemberEffect.none
        for argument in call.arguments {
            worst = worst.worst(effect(ofMissing: members, on: argument))
        }
        if case .info = call.function {
            for leaf in informationLeaves {
                worst = worst.worst(effect(ofMissing: members, onLeaf: leaf))
            }
        }
        guard worst != .none else { return .none }
        switch call.function {
        case .absent, .absentOverTime, .scalar:
            return .mayBeWrong("\(call.function.rawValue)()").worst(worst)
        case .changes, .resets, .delta, .idelta, .increase, .irate, .rate, .deriv,
            .predictLinear:
            // Over a subquery of values computed without a member: a member coming or going looks like a change.
            return worst == .incompleteAggregate
                ? .mayBeWrong("\(call.function.rawValue)()") : worst
        default: return worst
        }
    }
}
