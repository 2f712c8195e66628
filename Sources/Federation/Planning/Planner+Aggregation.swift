import GatewayConfiguration
import PromQL
import TimeSeries

extension Planner {
    mutating func lower(_ aggregation: Aggregation, on grid: StepGrid) -> PlacedExpression {
        let inner = lower(aggregation.expression, on: grid)
        let parameter = aggregation.parameter.map { lower($0, on: grid) }
        if case .constant = inner, parameter.map(Self.isConstant) ?? true {
            return .constant(.aggregation(aggregation))
        }
        if case .perMember(let part) = inner, parameter.map(Self.isConstant) ?? true {
            // Where no member is asked, a quantile out of its range still is a warning.
            let isSilent = aggregation.op == .quantile && part.choosesNoMember
            if aggregation.op != .limitRatio, !isSilent,
                let kept = keptLabels(by: aggregation, over: part)
            {
                return .perMember(
                    part.mapByMember(.aggregation(aggregation), kept: kept) { member, tree in
                        Self.rebuilt(memberSide(of: aggregation, member), over: tree)
                    })
            }
            if let split = split(aggregation, part, on: grid) { return .global(split) }
            note(
                .aggregation(aggregation), "\(aggregation.op.rawValue) cannot be split exactly")
        } else {
            note(.aggregation(aggregation), "an operand is known only here")
        }
        var copy = aggregation
        copy.expression = local(inner, on: grid)
        copy.parameter = parameter.map { local($0, on: grid) }
        return .global(.aggregation(copy))
    }

    /// `topk` and `bottomk` at the root of an instant query, where their order can be seen: each
    /// member ranks its own, and the ranks of each group are made here.
    mutating func ranking(_ expression: Expression, on grid: StepGrid) -> Expression? {
        guard grid.isInstant, case .aggregation(let aggregation) = Self.withoutParens(expression),
            aggregation.op == .topk || aggregation.op == .bottomk,
            case .perMember(let part) = lower(aggregation.expression, on: grid),
            keptLabels(by: aggregation, over: part) != nil,
            let parameter = aggregation.parameter, Self.isConstant(lower(parameter, on: grid))
        else { return nil }
        return split(aggregation, part, on: grid)
    }

    private static func isConstant(_ lowered: PlacedExpression) -> Bool {
        if case .constant = lowered { true } else { false }
    }

    /// The label that `count_values` writes.
    static func valueLabel(of aggregation: Aggregation) -> String? {
        guard aggregation.op == .countValues, let parameter = aggregation.parameter,
            case .string(let label) = withoutParens(parameter)
        else { return nil }
        return label.value
    }

    /// The same aggregation in a member's own label names.
    private func memberSide(of aggregation: Aggregation, _ member: Int) -> Aggregation {
        var own = aggregation
        own.grouping = injections[member].memberNames(of: aggregation.grouping)
        if let label = Self.valueLabel(of: aggregation) {
            own.parameter = .string(StringLiteral(injections[member].memberName(of: label)))
        }
        return own
    }

    private static func rebuilt(
        _ aggregation: Aggregation, over expression: Expression
    )
        -> Expression
    {
        var copy = aggregation
        copy.expression = expression
        return .aggregation(copy)
    }

    // MARK: - Two steps

    /// The aggregation split into a member's part and a finish here, or nil where no split equals
    /// the union (docs/exactness.md has the table).
    private mutating func split(
        _ aggregation: Aggregation, _ part: PushdownCandidate, on grid: StepGrid
    )
        -> Expression?
    {
        if let label = Self.valueLabel(of: aggregation), isAdded(label) { return nil }
        let strict = scope.exactness == .strict
        var finish = aggregation
        finish.parameter = nil
        switch aggregation.op {
        case .min, .max, .group: break
        case .topk, .bottomk, .limitk: finish.parameter = aggregation.parameter
        case .sum where !strict: break
        case .count: finish.op = .sum
        case .countValues:
            finish.op = .sum
            if !aggregation.isWithout, let label = Self.valueLabel(of: aggregation),
                !finish.grouping.contains(label)
            {
                finish.grouping.append(label)
            }
        case .avg where !strict:
            return pooled(aggregation, part, on: grid) { planner, column in
                .average(
                    means: column(&planner, .avg, part), counts: column(&planner, .count, part))
            }
        case .stddev where !strict, .stdvar where !strict:
            return pooled(aggregation, part, on: grid) { planner, column in
                .variance(
                    counts: column(&planner, .count, part), means: column(&planner, .avg, part),
                    variances: column(&planner, .stdvar, part),
                    isDeviation: aggregation.op == .stddev)
            }
        case .sum, .avg, .stddev, .stdvar, .quantile, .limitRatio: return nil
        }
        let partial = part.mapByMember(.aggregation(aggregation), kept: part.kept) { member, tree in
            Self.rebuilt(memberSide(of: aggregation, member), over: tree)
        }
        let requests = requests(
            partial.rewritten, keeping: part.kept, on: grid, form: .steps
        ).map(yieldingToStored)
        if requests.contains(where: scope.stored.fetches.contains) { return nil }
        let id = leaf(.union(requests.map { add($0) }), on: grid)
        finish.expression = values(of: id, standingFor: aggregation.expression, on: grid)
        return .aggregation(finish)
    }

    private typealias Column = (inout Planner, Aggregation.Operator, PushdownCandidate) -> [Int]

    /// A leaf of several columns of partial aggregates, merged when they are in.
    private mutating func pooled(
        _ aggregation: Aggregation, _ part: PushdownCandidate, on grid: StepGrid,
        _ combination: (inout Planner, Column) -> RemoteNode.MergeStrategy
    ) -> Expression {
        let column: Column = { planner, op, part in
            var column = aggregation
            column.op = op
            let partial = part.mapByMember(.aggregation(column), kept: part.kept) { member, tree in
                Self.rebuilt(planner.memberSide(of: column, member), over: tree)
            }
            return planner.fetch(partial.rewritten, keeping: part.kept, on: grid, form: .steps)
        }
        let aggregated = part.kept.subtracting(keptLabels(by: aggregation, of: part.kept))
        let id = leaf(combination(&self, column), on: grid, aggregated: aggregated.sorted())
        return values(of: id, standingFor: aggregation.expression, on: grid)
    }
}

extension Planner {
    mutating func lower(_ binary: Binary, on grid: StepGrid) -> PlacedExpression {
        let lhs = lower(binary.lhs, on: grid)
        let rhs = lower(binary.rhs, on: grid)
        switch (lhs, rhs) {
        case (.constant, .constant): return .constant(.binary(binary))
        case (.perMember(let vector), .constant(let other)) where other.valueType == .scalar:
            return .perMember(
                vector.map(.binary(binary)) { Self.rebuilt(binary, lhs: $0, rhs: other) })
        case (.constant(let other), .perMember(let vector)) where other.valueType == .scalar:
            return .perMember(
                vector.map(.binary(binary)) { Self.rebuilt(binary, lhs: other, rhs: $0) })
        case (.perMember(let left), .perMember(let right)):
            if let joined = join(binary, left, right) { return .perMember(joined) }
            note(.binary(binary), "the match key lacks the partition label" + orItsLikes)
        case (.global, _), (_, .global), (.constant, .perMember), (.perMember, .constant):
            note(.binary(binary), "an operand is known only here")
        }
        return .global(
            Self.rebuilt(binary, lhs: local(lhs, on: grid), rhs: local(rhs, on: grid)))
    }

    private static func rebuilt(_ binary: Binary, lhs: Expression, rhs: Expression) -> Expression {
        var copy = binary
        copy.lhs = lhs
        copy.rhs = rhs
        return .binary(copy)
    }

    /// What else could have told members apart, for a note.
    private var orItsLikes: String {
        scope.partition.hasStaticLabels ? ", or static labels that determine the member" : ""
    }

    /// A join inside every member, which is the join of the union when the match key determines the
    /// member: series of different members then never meet.
    private mutating func join(
        _ binary: Binary, _ left: PushdownCandidate, _ right: PushdownCandidate
    ) -> PushdownCandidate? {
        guard let matching = binary.matching else { return nil }
        // A filled side answers where it is empty, so emptiness cannot be folded away.
        guard matching.fillLeft == nil, matching.fillRight == nil else { return nil }
        guard let kept = keptLabels(by: binary, matching, left, right) else { return nil }
        let rewritten = scope.members.indices.map { member -> Expression? in
            switch (binary.op, left.rewritten[member], right.rewritten[member]) {
            case (_, let lhs?, let rhs?):
                Self.rebuilt(memberSide(of: binary, matching, member), lhs: lhs, rhs: rhs)
            case (.or, let only?, nil), (.or, nil, let only?): Self.operand(only)
            case (.unless, let only?, nil): Self.operand(only)
            case (_, _, _): nil
            }
        }
        return PushdownCandidate(.binary(binary), rewritten, kept: kept)
    }

    /// The same operation in a member's own label names.
    private func memberSide(
        of binary: Binary, _ matching: VectorMatching, _ member: Int
    ) -> Binary {
        var own = binary
        own.matching = matching
        own.matching?.labels = injections[member].memberNames(of: matching.labels)
        own.matching?.include = injections[member].memberNames(of: matching.include)
        return own
    }

    /// What remains of a folded operation or `label_replace`. A bare selector would be read otherwise by functions
    /// that look at their argument (`timestamp`), so it gets a plus, which changes nothing.
    static func operand(_ expression: Expression) -> Expression {
        guard case .vectorSelector = withoutParens(expression) else { return expression }
        return .unary(Unary(.plus, expression))
    }
}
