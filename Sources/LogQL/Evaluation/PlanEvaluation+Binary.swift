import TimeSeries

extension PlanEvaluation {
    func binary(
        _ op: BinaryOperation.Operator, returnsBool: Bool, _ matching: BinaryOperation.Matching,
        _ left: PlanNode, _ right: PlanNode
    ) throws(LogQLRefusal) -> [StepSeries] {
        let lhs = try series(of: left)
        let rhs = try series(of: right)
        switch (left, right) {
        case (_, .number(let number)):
            return scaled(lhs, op, returnsBool) { (value) in (value, number.value) }
        case (.number(let number), _):
            return scaled(rhs, op, returnsBool) { (value) in (number.value, value) }
        default: break
        }
        if op.isSetOperator { return selected(op, matching, lhs, rhs) }
        return try joined(op, returnsBool, matching, lhs, rhs)
    }

    /// A vector and a number. Comparisons keep the vector's value.
    private func scaled(
        _ series: [StepSeries], _ op: BinaryOperation.Operator, _ returnsBool: Bool,
        _ operands: (Double) -> (Double, Double)
    ) -> [StepSeries] {
        series.map { one in
            var copy = one
            for step in 0..<steps where one.hasValue(at: step) {
                let (left, right) = operands(one.values[step])
                copy.values[step] = result(
                    op, left, right, returnsBool: returnsBool, keeping: one.values[step])
            }
            return copy
        }
    }

    /// `SampleValue.absent` where a comparison filters the element away.
    private func result(
        _ op: BinaryOperation.Operator, _ left: Double, _ right: Double, returnsBool: Bool,
        keeping value: Double
    ) -> Double {
        let result = op.value(left, right) ?? SampleValue.absent
        guard op.isComparison, !returnsBool else { return result }
        return result == 1 ? value : SampleValue.absent
    }

    // MARK: - Sets

    private func selected(
        _ op: BinaryOperation.Operator, _ matching: BinaryOperation.Matching,
        _ lhs: [StepSeries], _ rhs: [StepSeries]
    ) -> [StepSeries] {
        let key = MatchKey(matching)
        let (kept, others) = op == .or ? (rhs, lhs) : (lhs, rhs)
        let present = presence(of: others, key)
        let filtered = kept.map { one in
            var copy = one
            let steps = present[key.of(one.labels)]
            for step in 0..<self.steps where (steps?[step] ?? false) != (op == .and) {
                copy.values[step] = SampleValue.absent
            }
            return copy
        }
        guard op == .or else { return filtered }
        return unified(lhs + filtered)
    }

    /// The steps at which some series of a key has a value.
    private func presence(of series: [StepSeries], _ key: MatchKey) -> [LabelSet: [Bool]] {
        var present: [LabelSet: [Bool]] = [:]
        for one in series {
            let key = key.of(one.labels)
            var steps = present[key] ?? [Bool](repeating: false, count: self.steps)
            for step in 0..<self.steps where one.hasValue(at: step) { steps[step] = true }
            present[key] = steps
        }
        return present
    }

    /// Series of equal labels as one; the earlier one's value counts.
    private func unified(_ series: [StepSeries]) -> [StepSeries] {
        var out: [StepSeries] = []
        var places: [LabelSet: Int] = [:]
        for one in series {
            guard let place = places[one.labels] else {
                places[one.labels] = out.count
                out.append(one)
                continue
            }
            for step in 0..<steps where !out[place].hasValue(at: step) {
                out[place].values[step] = one.values[step]
            }
        }
        return out
    }

    // MARK: - Joins

    private func joined(
        _ op: BinaryOperation.Operator, _ returnsBool: Bool, _ matching: BinaryOperation.Matching,
        _ lhs: [StepSeries], _ rhs: [StepSeries]
    ) throws(LogQLRefusal) -> [StepSeries] {
        let key = MatchKey(matching)
        let isSwapped: Bool
        if case .oneToMany = matching.cardinality { isSwapped = true } else { isSwapped = false }
        let (many, one) = isSwapped ? (rhs, lhs) : (lhs, rhs)
        let side = isSwapped ? "left" : "right"
        var partners: [LabelSet: [StepSeries]] = [:]
        for series in one { partners[key.of(series.labels), default: []].append(series) }
        let isOneToOne = matching.cardinality == .oneToOne

        var out: [StepSeries] = []
        var places: [LabelSet: Int] = [:]
        // By result, the steps that have one, filtered away or not.
        var taken: [[Bool]] = []
        for series in many {
            let matchKey = key.of(series.labels)
            guard let candidates = partners[matchKey] else { continue }
            for step in 0..<steps where series.hasValue(at: step) {
                let present = candidates.filter { $0.hasValue(at: step) }
                guard let partner = present.first else { continue }
                guard present.count == 1 else {
                    throw LogQLRefusal(
                        .badRequest,
                        "found duplicate series on the \(side) hand-side; many-to-many matching "
                            + "not allowed: matching labels must be unique on one side")
                }
                let (left, right) =
                    isSwapped
                    ? (partner.values[step], series.values[step])
                    : (series.values[step], partner.values[step])
                let labels = key.result(series.labels, partner.labels, matching.cardinality)
                let place = places[labels] ?? out.count
                if place == out.count {
                    places[labels] = place
                    out.append(StepSeries(labels: labels, absentFor: steps))
                    taken.append([Bool](repeating: false, count: steps))
                }
                guard !taken[place][step] else {
                    throw LogQLRefusal(
                        .badRequest,
                        isOneToOne
                            ? "multiple matches for labels: many-to-one matching must be explicit "
                                + "(group_left/group_right)"
                            : "multiple matches for labels: grouping labels must ensure unique "
                                + "matches")
                }
                taken[place][step] = true
                out[place].values[step] = result(
                    op, left, right, returnsBool: returnsBool, keeping: left)
            }
        }
        return out
    }
}

/// What elements of two vectors must agree in.
private struct MatchKey {
    private let names: LabelNames
    private let isOn: Bool

    init(_ matching: BinaryOperation.Matching) {
        names = LabelNames(matching.labels)
        isOn = matching.isOn
    }

    func of(_ labels: LabelSet) -> LabelSet {
        isOn ? labels.keeping(names) : labels.removing(names)
    }

    /// The labels of what becomes of two elements.
    func result(
        _ many: LabelSet, _ one: LabelSet, _ cardinality: BinaryOperation.Cardinality
    ) -> LabelSet {
        switch cardinality {
        case .oneToOne: of(many)
        case .manyToOne(let include), .oneToMany(let include):
            include.reduce(many) { $0.setting($1, to: one[$1] ?? "") }
        }
    }
}
