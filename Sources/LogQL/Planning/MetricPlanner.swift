import PromQL
import TimeSeries

extension LogScope {
    /// The plan of a query for numbers; linear in the size of the query times the number of members.
    ///
    /// - Throws: that the answer could not be that of one Loki with every member's streams, or that
    ///   the query reads or writes the partition label in a way that is not supported.
    public func plan(_ expression: MetricExpression) throws(LogQLRefusal) -> MetricPlan {
        var planner = MetricPlanner(scope: self)
        let placed = try planner.lower(expression)
        planner.plan.root = planner.node(placed)
        return planner.plan
    }
}

/// Decides for every part of a query where it may run. A pure function of the tree and the scope.
struct MetricPlanner {
    let scope: LogScope
    var plan = MetricPlan()
    private var fetchIDs: [MetricPlan.Fetch: Int] = [:]

    init(scope: LogScope) { self.scope = scope }

    /// What is known of a part of the query after its parts were looked at.
    enum Placed {
        /// Depends on no member.
        case constant(PlanNode)
        /// Every element belongs to one member and carries the partition label.
        case perMember(Candidate)
        /// A part that is computed here.
        case global(PlanNode)
    }

    /// A part that each member can answer alone.
    struct Candidate {
        /// By member; nil where it is an empty vector there and the member need not be asked.
        var parts: [MemberPart?]

        func map(_ wrap: (_ member: Int, MetricExpression) -> MetricExpression) -> Candidate {
            Candidate(
                parts: parts.enumerated().map { member, part in
                    part.map { part in
                        MemberPart(
                            wrap(member, part.expression), usesEveryStream: part.usesEveryStream)
                    }
                })
        }
    }

    /// What a member is asked for.
    struct MemberPart {
        var expression: MetricExpression
        var usesEveryStream: Bool

        init(_ expression: MetricExpression, usesEveryStream: Bool) {
            self.expression = expression
            self.usesEveryStream = usesEveryStream
        }
    }

    // MARK: - Lowering, one rule a node

    mutating func lower(_ expression: MetricExpression) throws(LogQLRefusal) -> Placed {
        switch expression {
        case .literal(let number): return .constant(.number(number))
        case .vector(let number): return .constant(.vector(number))
        case .range(let aggregation): return try lower(aggregation)
        case .aggregation(let aggregation): return try lower(aggregation)
        case .binary(let binary): return try lower(binary)
        case .labelReplace(let replacement): return try lower(replacement)
        }
    }

    private mutating func lower(_ node: LabelReplacement) throws(LogQLRefusal) -> Placed {
        let inner = try lower(node.expression)
        for label in [node.target, node.source] {
            _ = try ownName(of: label, member: nil, in: "label_replace")
        }
        switch inner {
        case .perMember(let candidate):
            var own = candidate
            for member in scope.members.indices {
                guard let part = candidate.parts[member] else { continue }
                var replacement = node
                replacement.expression = part.expression
                replacement.target = try ownName(
                    of: node.target, member: member, in: "label_replace")
                replacement.source = try ownName(
                    of: node.source, member: member, in: "label_replace")
                own.parts[member]?.expression = .labelReplace(replacement)
            }
            return .perMember(own)
        case .constant(let inner), .global(let inner):
            return .global(
                .labelReplace(
                    inner, target: node.target, replacement: node.replacement,
                    source: node.source, pattern: node.pattern))
        }
    }

    // MARK: - Names

    /// Whether elements of different members stay apart under a grouping.
    func keepsLabel(_ grouping: Grouping?) -> Bool {
        if scope.partition.isNone { return true }
        return grouping?.keeps(scope.partition.name) ?? false
    }

    /// A label in a member's names; of no member only a check.
    private mutating func ownName(
        of label: String, member: Int?, in construct: String
    ) throws(LogQLRefusal) -> String {
        let owner = member.map { scope.members[$0] } ?? LogMember("")
        var rewriting = PipelineRewriting(scope.partition, owner)
        let name = try rewriting.memberName(of: label, in: construct)
        if rewriting.dependsOnOwnLabels { plan.dependsOnOwnLabels = true }
        return name
    }

    /// Labels in a member's names, without the partition label.
    mutating func ownNames(of labels: [String], member: Int) -> [String] {
        var rewriting = PipelineRewriting(scope.partition, scope.members[member])
        var names: [String] = []
        for label in labels where !scope.partition.isName(label) {
            names.append(rewriting.memberName(of: label))
        }
        if rewriting.dependsOnOwnLabels { plan.dependsOnOwnLabels = true }
        return names
    }

    /// A grouping of elements in a member's names; nil where all are one group.
    mutating func ownGrouping(_ grouping: Grouping?, member: Int) -> Grouping? {
        guard let grouping else { return nil }
        let labels = ownNames(of: grouping.labels, member: member)
        return labels.isEmpty && !grouping.isWithout
            ? nil : Grouping(labels, isWithout: grouping.isWithout)
    }

    // MARK: - Fetches

    /// The values of a part, computed here if need be.
    mutating func node(_ placed: Placed) -> PlanNode {
        switch placed {
        case .constant(let node), .global(let node): node
        case .perMember(let candidate): .merged(.union, fetch(candidate, addsLabel: true))
        }
    }

    /// One request to each member that has a share in the part.
    mutating func fetch(_ candidate: Candidate, addsLabel: Bool) -> [Int] {
        var fetches: [Int] = []
        for (member, part) in candidate.parts.enumerated() {
            guard let part else { continue }
            fetches.append(fetch(part, member: member, addsLabel: addsLabel))
        }
        return fetches
    }

    mutating func fetch(_ part: MemberPart, member: Int, addsLabel: Bool) -> Int {
        let fetch = MetricPlan.Fetch(
            member: member, text: part.expression.description,
            addsLabel: addsLabel && !scope.partition.isNone,
            usesEveryStream: part.usesEveryStream)
        if let id = fetchIDs[fetch] { return id }
        let id = plan.fetches.count
        plan.fetches.append(fetch)
        plan.labels.append((scope.partition.name, scope.members[member].name))
        fetchIDs[fetch] = id
        return id
    }

    mutating func note(_ text: String) {
        if !plan.notes.contains(text) { plan.notes.append(text) }
    }
}
