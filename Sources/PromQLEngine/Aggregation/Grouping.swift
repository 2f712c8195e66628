internal import PromQL
internal import TimeSeries

/// Which series belong together, found once for all steps.
struct Grouping {
    struct Group {
        var labels: LabelSet
        /// Indices of the series, in input order.
        var members: [Int]
        var dropsName: Bool
    }

    /// In order of first appearance.
    private(set) var groups: [Group] = []

    init(_ series: [StepSeries], by key: GroupingKey) {
        var positions: [LabelSet: Int] = [:]
        for (index, one) in series.enumerated() {
            let labels = key.labels(of: one.labels)
            if let position = positions[labels] {
                groups[position].members.append(index)
                if one.dropsName { groups[position].dropsName = true }
            } else {
                positions[labels] = groups.count
                groups.append(
                    Group(labels: labels, members: [index], dropsName: one.dropsName))
            }
        }
    }
}

/// `by (…)` or `without (…)`.
struct GroupingKey {
    private let names: LabelNames
    private let isWithout: Bool

    init(_ aggregation: Aggregation, adding name: String? = nil) {
        isWithout = aggregation.isWithout
        var listed = aggregation.grouping
        if isWithout {
            listed.append("__name__")
        } else if let name {
            listed.append(name)
        }
        names = LabelNames(listed)
    }

    func labels(of labels: LabelSet) -> LabelSet {
        isWithout ? labels.removing(names) : labels.keeping(names)
    }
}
