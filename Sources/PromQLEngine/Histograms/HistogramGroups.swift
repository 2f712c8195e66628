internal import PromQL
internal import TimeSeries

/// The histograms of an instant vector, classic ones put together from their bucket series.
struct HistogramGroups {
    /// Bucket series with the same labels but for `le`.
    private struct Group {
        var labels: LabelSet
        /// Indices of series, with the bound of each.
        var members: [(series: Int, bound: Double)] = []
    }

    /// A histogram at one step.
    enum Histogram {
        case classic(ClassicBuckets)
        case native(FloatHistogram)
    }

    private let series: [StepSeries]
    private var groups: [Group] = []
    /// Series with native histograms, and the classic group with the same labels.
    private var natives: [(series: Int, group: Int?)] = []

    /// Warns of floats that have no valid `le`.
    init(
        _ series: [StepSeries], position: String, annotations: inout Annotations,
        namePart: (LabelSet) -> String
    ) {
        self.series = series
        var groupByLabels: [LabelSet: Int] = [:]
        for (i, one) in series.enumerated() {
            guard !one.values.allSatisfy(SampleValue.isAbsent) else { continue }
            let text = one.labels["le"] ?? ""
            guard let bound = Self.bound(text) else {
                annotations.addWarning(
                    "bucket label \"le\" is missing or has a malformed value of "
                        + GoText.quoted(text) + namePart(one.labels), at: position)
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

    /// Gives every histogram of a step to `body`, with its labels (no `le` in those of classic
    /// ones). A native and a classic histogram with the same labels are both left out.
    func forEachHistogram(
        at step: Int, position: String, annotations: inout Annotations,
        namePart: (LabelSet) -> String,
        _ body: (LabelSet, Histogram, inout Annotations) -> Void
    ) {
        var buckets = groups.map { group in
            group.members.compactMap { member -> ClassicBuckets.Bucket? in
                let count = series[member.series].values[step]
                if SampleValue.isAbsent(count) { return nil }
                return ClassicBuckets.Bucket(bound: member.bound, count: count)
            }
        }
        for native in natives {
            guard let histogram = series[native.series].histograms[step] else { continue }
            let labels = series[native.series].labels
            if let group = native.group, !buckets[group].isEmpty {
                annotations.addWarning(
                    "vector contains a mix of classic and native histograms" + namePart(labels),
                    at: position)
                buckets[group] = []
                continue
            }
            body(labels, .native(histogram), &annotations)
        }
        for (group, buckets) in zip(groups, buckets) where !buckets.isEmpty {
            body(group.labels, .classic(ClassicBuckets(buckets)), &annotations)
        }
    }
}
