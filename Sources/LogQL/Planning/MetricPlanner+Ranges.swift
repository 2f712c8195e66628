import PromQL
import TimeSeries

extension MetricPlanner {
    /// An aggregation over time as one member is sent it, and what its series have.
    private struct Share {
        var member: Int
        var aggregation: RangeAggregation
        var usesEveryStream: Bool
        /// Whether the pipeline leaves the partition label.
        var keepsLabel: Bool

        func part(_ expression: MetricExpression) -> MemberPart {
            MemberPart(expression, usesEveryStream: usesEveryStream)
        }
    }

    mutating func lower(_ aggregation: RangeAggregation) throws(LogQLRefusal) -> Placed {
        var shares: [Share] = []
        for member in scope.members.indices {
            if let share = try share(of: aggregation, member: member) { shares.append(share) }
        }
        if aggregation.op == .absent {
            let fetches = shares.map { share in
                fetch(
                    share.part(.range(share.aggregation)), member: share.member, addsLabel: false)
            }
            return .global(.absence(fetches, Self.labels(ofAbsent: aggregation.query.matchers)))
        }
        let groupsByLabel = aggregation.grouping == nil || keepsLabel(aggregation.grouping)
        if groupsByLabel, shares.allSatisfy(\.keepsLabel) {
            var candidate = Candidate(parts: scope.members.map { _ in nil })
            for share in shares {
                candidate.parts[share.member] = share.part(.range(share.aggregation))
            }
            return .perMember(candidate)
        }
        return .global(try together(shares, aggregation, groupsByLabel: groupsByLabel))
    }

    /// In the member's names; nil where no line passes or the member is not chosen.
    private mutating func share(
        of aggregation: RangeAggregation, member: Int
    ) throws(LogQLRefusal) -> Share? {
        var rewriting = PipelineRewriting(scope.partition, scope.members[member])
        defer { if rewriting.dependsOnOwnLabels { plan.dependsOnOwnLabels = true } }
        guard let stages = try rewriting.stages(aggregation.query.stages) else { return nil }
        var own = aggregation
        if let unwrap = aggregation.unwrap {
            var filters: [LabelFilter] = []
            for filter in unwrap.filters {
                switch try rewriting.condition(filter) {
                case .never: return nil
                case .always: break
                case .filter(let filter): filters.append(filter)
                }
            }
            own.unwrap = Unwrap(
                try rewriting.memberName(of: unwrap.label, in: "unwrap"),
                conversion: unwrap.conversion, filters: filters)
        }
        if let grouping = aggregation.grouping {
            own.grouping = Grouping(
                grouping.labels.filter { !scope.partition.isName($0) }
                    .map { rewriting.memberName(of: $0) },
                isWithout: grouping.isWithout)
        }
        guard let selector = scope.selector(aggregation.query.matchers, of: member) else {
            return nil
        }
        own.query = LogQuery(selector.everyStream + selector.matchers, stages: stages)
        return Share(
            member: member, aggregation: own, usesEveryStream: !selector.everyStream.isEmpty,
            keepsLabel: rewriting.keepsLabel)
    }

    /// The labels that `absent_over_time` takes from a selector.
    private static func labels(ofAbsent matchers: [LabelMatcher]) -> LabelSet {
        var labels: [String: String] = [:]
        for matcher in matchers {
            let isFirst = labels[matcher.name] == nil
            labels[matcher.name] = matcher.op == .equal && isFirst ? matcher.value : nil
        }
        return LabelSet(labels)
    }

    // MARK: - Without the partition label

    /// Members' values of equal labels put together.
    private mutating func together(
        _ shares: [Share], _ aggregation: RangeAggregation, groupsByLabel: Bool
    ) throws(LogQLRefusal) -> PlanNode {
        func fetches(_ planner: inout MetricPlanner) -> [Int] {
            shares.map { share in
                planner.fetch(
                    share.part(.range(share.aggregation)), member: share.member,
                    addsLabel: groupsByLabel && share.keepsLabel)
            }
        }
        // What a single member has is what there is.
        if shares.count <= 1 { return .merged(.union, fetches(&self)) }
        switch aggregation.op {
        case .count, .rate, .bytes, .bytesRate, .sum: return .merged(.sum, fetches(&self))
        case .minimum: return .merged(.least, fetches(&self))
        case .maximum: return .merged(.greatest, fetches(&self))
        case .average: return try average(shares, groupsByLabel: groupsByLabel)
        case .rateCounter, .standardVariance, .standardDeviation, .quantile, .first, .last:
            throw refusal(aggregation)
        case .absent: return .merged(.union, [])
        }
    }

    private func refusal(_ aggregation: RangeAggregation) -> LogQLRefusal {
        let label = scope.partition.name
        let advice =
            aggregation.op.allowsGrouping && aggregation.grouping != nil
            ? "group by \(label)" : "leave the label \(label) where it is"
        return LogQLRefusal(
            .unprocessable,
            "\(aggregation.op.rawValue) without the label \"\(label)\" needs the samples of all "
                + "members in one place: \(advice)")
    }

    /// Sums and counts in place of averages.
    private mutating func average(
        _ shares: [Share], groupsByLabel: Bool
    ) throws(LogQLRefusal) -> PlanNode {
        var sums: [Int] = []
        var counts: [Int] = []
        for share in shares {
            guard let unwrap = share.aggregation.unwrap else { continue }
            let hidden: Set = ["__error__", "__error_details__", unwrap.label]
            if unwrap.filters.contains(where: { $0.names(anyOf: hidden) }) {
                throw LogQLRefusal(
                    .unprocessable,
                    "avg_over_time without the label \"\(scope.partition.name)\" cannot have a "
                        + "filter on the unwrapped label or on __error__ behind unwrap: group by "
                        + scope.partition.name)
            }
            var sum = share.aggregation
            sum.op = .sum
            sum.grouping = nil
            var count = sum
            count.op = .count
            count.unwrap = nil
            count.query.stages.append(.label(unwrap.convertible))
            count.query.stages += unwrap.filters.map { .label($0) }
            // Unwrapping takes the label away.
            var grouping = share.aggregation.grouping ?? Grouping([], isWithout: true)
            if grouping.isWithout, !grouping.labels.contains(unwrap.label) {
                grouping.labels.append(unwrap.label)
            }
            let addsLabel = groupsByLabel && share.keepsLabel
            func fetch(_ aggregation: RangeAggregation) -> Int {
                let sum = VectorAggregation(.sum, .range(aggregation), grouping: grouping)
                return self.fetch(
                    share.part(.aggregation(sum)), member: share.member, addsLabel: addsLabel)
            }
            sums.append(fetch(sum))
            counts.append(fetch(count))
        }
        return .average(sums: sums, counts: counts)
    }
}

extension Unwrap {
    /// The condition that a line has the label, and that it is a number of the kind: a line without
    /// the label gives no sample, and one that is no number is an error here as there.
    fileprivate var convertible: LabelFilter {
        func comparison(_ op: LabelFilter.Comparison, _ quantity: Quantity) -> LabelFilter {
            .comparison(name: label, op, quantity)
        }
        let zero: Quantity
        switch conversion {
        case nil: zero = Quantity(.number, "0")
        case .duration, .durationSeconds: zero = Quantity(.duration, "0s")
        case .bytes: return comparison(.greaterOrEqual, Quantity(.bytes, "0B"))
        }
        return .or(comparison(.greaterOrEqual, zero), comparison(.less, zero))
    }
}
