import PromQL
import TimeSeries

extension Planner {
    mutating func lower(_ binary: Binary, on grid: StepGrid) -> Lowered {
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
            note(.binary(binary), "the match key lacks the partition label")
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

    /// A join inside every member, which is the join of the union when the match key holds the
    /// partition label: series of different members then never meet.
    private func join(_ binary: Binary, _ left: PerMember, _ right: PerMember) -> PerMember? {
        guard var matching = binary.matching else { return nil }
        let listsPartition = matching.labels.contains(scope.partition.name)
        guard matching.isOn == listsPartition else { return nil }
        // A filled side answers where it is empty, so emptiness cannot be folded away.
        guard matching.fillLeft == nil, matching.fillRight == nil else { return nil }
        matching.labels = memberLabels(matching.labels)
        matching.include = memberLabels(matching.include)
        var member = binary
        member.matching = matching
        let rewritten = zip(left.rewritten, right.rewritten).map { lhs, rhs -> Expression? in
            switch (binary.op, lhs, rhs) {
            case (_, let lhs?, let rhs?): Self.rebuilt(member, lhs: lhs, rhs: rhs)
            case (.or, let only?, nil), (.or, nil, let only?): Self.operand(only)
            case (.unless, let only?, nil): Self.operand(only)
            case (_, _, _): nil
            }
        }
        return PerMember(.binary(binary), rewritten)
    }

    /// What remains of a folded operation or `label_replace`. A bare selector would be read otherwise by functions
    /// that look at their argument (`timestamp`), so it gets a plus, which changes nothing.
    static func operand(_ expression: Expression) -> Expression {
        guard case .vectorSelector = withoutParens(expression) else { return expression }
        return .unary(Unary(.plus, expression))
    }

    /// Label names as a member knows them, the partition label left out.
    func memberLabels(_ labels: [String]) -> [String] {
        labels.filter { $0 != scope.partition.name }.map(scope.partition.memberName(of:))
    }
}
