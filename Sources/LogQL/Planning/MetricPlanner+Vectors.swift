import PromQL
import TimeSeries

extension MetricPlanner {
    mutating func lower(_ aggregation: VectorAggregation) throws(LogQLRefusal) -> Placed {
        if aggregation.op == .approximateTopk {
            note("approx_topk is answered exactly, as topk")
        }
        switch try lower(aggregation.expression) {
        case .constant(.number):
            throw LogQLRefusal(
                .badRequest, "\(aggregation.op.rawValue) of a number: it takes a vector")
        case .constant(let inner), .global(let inner): return .global(above(inner, aggregation))
        case .perMember(let candidate):
            if aggregation.op != .sort, aggregation.op != .sortDescending,
                keepsLabel(aggregation.grouping)
            {
                return .perMember(partial(aggregation, candidate))
            }
            return .global(split(aggregation, candidate))
        }
    }

    private func above(_ inner: PlanNode, _ aggregation: VectorAggregation) -> PlanNode {
        .aggregation(
            aggregation.op, parameter: aggregation.parameter, aggregation.grouping, inner)
    }

    /// What each member is asked of an aggregation.
    private mutating func partial(
        _ aggregation: VectorAggregation, _ candidate: Candidate
    ) -> Candidate {
        var own = candidate
        for member in scope.members.indices {
            guard let part = candidate.parts[member] else { continue }
            var inner = aggregation
            // Not every server has it.
            if inner.op == .approximateTopk { inner.op = .topk }
            inner.grouping = ownGrouping(aggregation.grouping, member: member)
            inner.expression = part.expression
            own.parts[member]?.expression = .aggregation(inner)
        }
        return own
    }

    /// The aggregation split into a member's part and a finish here.
    private mutating func split(
        _ aggregation: VectorAggregation, _ candidate: Candidate
    ) -> PlanNode {
        var finish = aggregation
        func column(_ op: VectorAggregation.Operator, _ planner: inout MetricPlanner) -> [Int] {
            var column = aggregation
            column.op = op
            return planner.fetch(planner.partial(column, candidate), addsLabel: false)
        }
        switch aggregation.op {
        case .sum, .min, .max, .topk, .bottomk, .approximateTopk: break
        case .count: finish.op = .sum
        case .avg: return .average(sums: column(.sum, &self), counts: column(.count, &self))
        case .stddev, .stdvar:
            return .variance(
                counts: column(.count, &self), means: column(.avg, &self),
                variances: column(.stdvar, &self), isDeviation: aggregation.op == .stddev)
        case .sort, .sortDescending: return above(node(.perMember(candidate)), aggregation)
        }
        return above(node(.perMember(partial(aggregation, candidate))), finish)
    }

    // MARK: - Binary operators

    mutating func lower(_ binary: BinaryOperation) throws(LogQLRefusal) -> Placed {
        let left = try lower(binary.lhs)
        let right = try lower(binary.rhs)
        switch (left, right) {
        case (.perMember(let vector), .constant(.number(let number)))
        where number.value.isFinite:
            return .perMember(
                vector.map { _, own in
                    var copy = binary
                    copy.lhs = own
                    return .binary(copy)
                })
        case (.constant(.number(let number)), .perMember(let vector))
        where number.value.isFinite:
            return .perMember(
                vector.map { _, own in
                    var copy = binary
                    copy.rhs = own
                    return .binary(copy)
                })
        case (.perMember(let left), .perMember(let right)) where keepsLabel(binary.matching):
            return .perMember(joined(binary, left, right))
        case (.constant(let left), .constant(let right)):
            return .constant(here(binary, left, right))
        case (.perMember, _), (_, .perMember), (.global, _), (_, .global):
            return .global(here(binary, node(left), node(right)))
        }
    }

    private func here(
        _ binary: BinaryOperation, _ left: PlanNode, _ right: PlanNode
    ) -> PlanNode {
        .binary(binary.op, returnsBool: binary.returnsBool, binary.matching, left, right)
    }

    /// Whether elements of different members never meet.
    private func keepsLabel(_ matching: BinaryOperation.Matching) -> Bool {
        keepsLabel(Grouping(matching.labels, isWithout: !matching.isOn))
    }

    /// A join inside every member, which is that of all of them, as series of different members
    /// never meet.
    private mutating func joined(
        _ binary: BinaryOperation, _ left: Candidate, _ right: Candidate
    ) -> Candidate {
        var own = Candidate(parts: scope.members.map { _ in nil })
        for member in scope.members.indices {
            switch (binary.op, left.parts[member], right.parts[member]) {
            case (_, let lhs?, let rhs?):
                var copy = binary
                copy.lhs = lhs.expression
                copy.rhs = rhs.expression
                copy.matching = ownMatching(binary.matching, member: member)
                own.parts[member] = MemberPart(
                    .binary(copy), usesEveryStream: lhs.usesEveryStream || rhs.usesEveryStream)
            case (.or, let only?, nil), (.or, nil, let only?), (.unless, let only?, nil):
                own.parts[member] = only
            case (_, _, _): break
            }
        }
        return own
    }

    private mutating func ownMatching(
        _ matching: BinaryOperation.Matching, member: Int
    ) -> BinaryOperation.Matching {
        var own = matching
        own.labels = ownNames(of: matching.labels, member: member)
        switch matching.cardinality {
        case .oneToOne: break
        case .manyToOne(let include):
            own.cardinality = .manyToOne(include: ownNames(of: include, member: member))
        case .oneToMany(let include):
            own.cardinality = .oneToMany(include: ownNames(of: include, member: member))
        }
        return own
    }
}
