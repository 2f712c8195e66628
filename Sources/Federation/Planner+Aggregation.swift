import PromQL
import TimeSeries

extension Planner {
    mutating func lower(_ aggregation: Aggregation, on grid: StepGrid) -> Lowered {
        let inner = lower(aggregation.expression, on: grid)
        let parameter = aggregation.parameter.map { lower($0, on: grid) }
        if case .constant = inner, parameter.map(Self.isConstant) ?? true {
            return .constant(.aggregation(aggregation))
        }
        if case .perMember(let part) = inner, parameter.map(Self.isConstant) ?? true {
            // Where no member is asked, a quantile out of its range still is a warning.
            let isSilent = aggregation.op == .quantile && part.choosesNoMember
            if keepsPartition(aggregation), aggregation.op != .limitRatio, !isSilent {
                let member = memberSide(of: aggregation)
                return .perMember(
                    part.map(.aggregation(aggregation)) { Self.rebuilt(member, over: $0) })
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
            keepsPartition(aggregation),
            case .perMember(let part) = lower(aggregation.expression, on: grid),
            let parameter = aggregation.parameter, Self.isConstant(lower(parameter, on: grid))
        else { return nil }
        return split(aggregation, part, on: grid)
    }

    private static func isConstant(_ lowered: Lowered) -> Bool {
        if case .constant = lowered { true } else { false }
    }

    /// Whether each group holds series of one member only.
    private func keepsPartition(_ aggregation: Aggregation) -> Bool {
        let listed = aggregation.grouping.contains(scope.partition.name)
        guard listed != aggregation.isWithout else { return false }
        return Self.valueLabel(of: aggregation) != scope.partition.name
    }

    /// The label that `count_values` writes.
    private static func valueLabel(of aggregation: Aggregation) -> String? {
        guard aggregation.op == .countValues, let parameter = aggregation.parameter,
            case .string(let label) = withoutParens(parameter)
        else { return nil }
        return label.value
    }

    /// The same aggregation in a member's own label names.
    private func memberSide(of aggregation: Aggregation) -> Aggregation {
        var member = aggregation
        member.grouping = memberLabels(aggregation.grouping)
        if let label = Self.valueLabel(of: aggregation) {
            member.parameter = .string(
                StringLiteral(scope.partition.memberName(of: label)))
        }
        return member
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
        _ aggregation: Aggregation, _ part: PerMember, on grid: StepGrid
    )
        -> Expression?
    {
        guard Self.valueLabel(of: aggregation) != scope.partition.name else { return nil }
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
            return pooled(aggregation, on: grid) { planner, column in
                .average(
                    means: column(&planner, .avg, part), counts: column(&planner, .count, part))
            }
        case .stddev where !strict, .stdvar where !strict:
            return pooled(aggregation, on: grid) { planner, column in
                .variance(
                    counts: column(&planner, .count, part), means: column(&planner, .avg, part),
                    variances: column(&planner, .stdvar, part),
                    isDeviation: aggregation.op == .stddev)
            }
        case .sum, .avg, .stddev, .stdvar, .quantile, .limitRatio: return nil
        }
        let member = memberSide(of: aggregation)
        let trees = part.rewritten.map { $0.map { Self.rebuilt(member, over: $0) } }
        let requests = requests(trees, on: grid, form: .steps).map(yieldingToStored)
        if requests.contains(where: scope.stored.fetches.contains) { return nil }
        let id = leaf(.union(requests.map { add($0) }), on: grid)
        finish.expression = .fragment(
            fragment(id, standingFor: aggregation.expression, on: grid))
        return .aggregation(finish)
    }

    private typealias Column = (inout Planner, Aggregation.Operator, PerMember) -> [Int]

    /// A leaf of several columns of partial aggregates, merged when they are in.
    private mutating func pooled(
        _ aggregation: Aggregation, on grid: StepGrid,
        _ combination: (inout Planner, Column) -> Leaf.Combination
    ) -> Expression {
        let member = memberSide(of: aggregation)
        let column: Column = { planner, op, part in
            var partial = member
            partial.op = op
            let trees = part.rewritten.map { $0.map { Self.rebuilt(partial, over: $0) } }
            return planner.fetch(trees, on: grid, form: .steps)
        }
        let id = leaf(combination(&self, column), on: grid)
        return .fragment(fragment(id, standingFor: aggregation.expression, on: grid))
    }
}
