internal import PromQL
internal import TimeSeries

/// The histograms of an instant vector, classic ones put together from their bucket series.
struct HistogramGroups {
    /// Bucket series with the same labels but for `le`.
    private struct Group {
        var labels: LabelSet
        /// Indices of series, with the bound of each; ascending by bound.
        var members: [(series: Int, bound: Double)] = []
    }

    /// A histogram at one step.
    enum Histogram {
        /// `isNew` at the first step it is there, and at the first after a step at which a native
        /// one with the same labels was there as well.
        case classic(ClassicBuckets, isNew: Bool)
        case native(FloatHistogram)
    }

    private let series: [StepSeries]
    private var groups: [Group] = []
    /// Series with native histograms, and the classic group with the same labels.
    private var natives: [(series: Int, group: Int?)] = []
    private let position: String
    /// Groups that are not new any more.
    private var known: Set<Int> = []

    /// Warns of floats that have no valid `le`. `metricName` is the metric's name in annotations, or "".
    init(
        _ series: [StepSeries], position: String, annotations: inout Annotations,
        metricName: (LabelSet) -> String, within budget: EvaluationBudget
    ) throws(EvaluationError) {
        self.series = series
        self.position = position
        var work = WorkCounter(budget)
        var groupByLabels: [LabelSet: Int] = [:]
        for (i, one) in series.enumerated() {
            try work.add(64 + one.values.count)
            guard !one.values.allSatisfy(SampleValue.isAbsent) else { continue }
            let text = one.labels["le"] ?? ""
            guard let bound = Self.bound(text) else {
                annotations.add(
                    .malformedBucketLabel(value: text, metricName: metricName(one.labels)),
                    at: position)
                continue
            }
            let labels = one.labels.setting("le", to: "")
            let group = groupByLabels[labels] ?? groups.count
            if group == groups.count {
                groups.append(Group(labels: labels))
                groupByLabels[labels] = group
            }
            groups[group].members.append((i, bound))
        }
        for group in groups.indices {
            try groups[group].members.sort(within: budget) { $0.bound < $1.bound }
        }
        for (i, one) in series.enumerated() where !one.histograms.isEmpty {
            natives.append((i, groupByLabels[one.labels]))
        }
    }

    private static func bound(_ text: String) -> Double? {
        guard let bound = Double(text) else { return nil }
        // A finite number too large for a double is malformed, not infinite.
        if bound.isInfinite, text.contains(where: \.isNumber) { return nil }
        return bound
    }

    /// The labels (without `le`) of every histogram there is at any step. Two may be equal: a
    /// native histogram and a classic one that are never there at the same step.
    var labels: [LabelSet] { natives.map { series[$0.series].labels } + groups.map(\.labels) }

    /// Gives every histogram of a step to `body`, with its place in `labels`. A native and a
    /// classic histogram with the same labels are both left out. Steps must ascend.
    mutating func forEachHistogram(
        at step: Int, annotations: inout Annotations, metricName: (LabelSet) -> String,
        _ body: (Int, Histogram, inout Annotations) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        var conflicts: Set<Int> = []
        for (place, native) in natives.enumerated() {
            guard let histogram = series[native.series].histograms[step] else { continue }
            if let group = native.group, hasBuckets(groups[group], at: step) {
                let name = metricName(series[native.series].labels)
                annotations.add(.mixedClassicAndNative(metricName: name), at: position)
                conflicts.insert(group)
                known.remove(group)
                continue
            }
            try body(place, .native(histogram), &annotations)
        }
        for (place, group) in groups.enumerated() where !conflicts.contains(place) {
            var buckets: [ClassicBuckets.Bucket] = []
            buckets.reserveCapacity(group.members.count)
            for member in group.members {
                let count = series[member.series].values[step]
                if SampleValue.isAbsent(count) { continue }
                buckets.append(ClassicBuckets.Bucket(bound: member.bound, count: count))
            }
            if buckets.isEmpty { continue }
            let isNew = known.insert(place).inserted
            try body(
                natives.count + place,
                .classic(ClassicBuckets(ascending: buckets), isNew: isNew), &annotations)
        }
    }

    private func hasBuckets(_ group: Group, at step: Int) -> Bool {
        group.members.contains { !SampleValue.isAbsent(series[$0.series].values[step]) }
    }
}
