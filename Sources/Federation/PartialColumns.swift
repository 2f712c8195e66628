import TimeSeries

/// Partial aggregates of the members, one series a member and group, to be pooled by group.
struct PartialColumns {
    var count: [StepSeries]
    var mean: [StepSeries]
    var variance: [StepSeries]

    private struct Group {
        /// Members' rows: where the count, the mean and the variance of one member stand.
        var rows: [(count: Int, mean: Int, variance: Int?)] = []
    }

    /// Weighted means, in label order.
    func averages(on grid: StepGrid, withoutPartition partition: String) -> [StepSeries] {
        pooled(on: grid, withoutPartition: partition) { partials in
            var total = 0.0
            for partial in partials { total += partial.count }
            // The members' sums first: for ordinary numbers they lose least.
            var sum = 0.0
            for partial in partials { sum += partial.mean * partial.count }
            let mean = sum / total
            if mean.isFinite || partials.contains(where: { !$0.mean.isFinite }) { return mean }
            // The sum overflowed although no mean did, as where Prometheus goes incremental.
            var weighted = 0.0
            for partial in partials { weighted += partial.mean * (partial.count / total) }
            return weighted
        }
    }

    /// Pooled variances (Chan, Golub, LeVeque 1983), or their roots, in label order.
    func variances(
        on grid: StepGrid, withoutPartition partition: String, asDeviation: Bool
    ) -> [StepSeries] {
        pooled(on: grid, withoutPartition: partition) { partials in
            if partials.count == 1 {
                let variance = partials[0].variance
                return asDeviation ? variance.squareRoot() : variance
            }
            // Deviations from an infinite mean are no numbers.
            if partials.contains(where: { !$0.mean.isFinite }) { return .nan }
            var count = 0.0
            var mean = 0.0
            var squares = 0.0
            for partial in partials {
                let delta = partial.mean - mean
                let total = count + partial.count
                squares +=
                    partial.variance * partial.count + delta * delta
                    * (count * partial.count / total)
                mean += delta * (partial.count / total)
                count = total
            }
            let variance = squares / count
            return asDeviation ? variance.squareRoot() : variance
        }
    }

    private typealias Partial = (count: Double, mean: Double, variance: Double)

    private func pooled(
        on grid: StepGrid, withoutPartition partition: String, _ pool: ([Partial]) -> Double
    ) -> [StepSeries] {
        let names = LabelNames([partition])
        var means: [LabelSet: Int] = [:]
        for (row, series) in mean.enumerated() { means[series.labels] = row }
        var variances: [LabelSet: Int] = [:]
        for (row, series) in variance.enumerated() { variances[series.labels] = row }
        var groups: [LabelSet: Group] = [:]
        for (row, series) in count.enumerated() {
            guard let meanRow = means[series.labels] else { continue }
            groups[series.labels.removing(names), default: Group()].rows.append(
                (row, meanRow, variances[series.labels]))
        }
        return groups.keys.sorted().map { labels in
            let rows = groups[labels]?.rows ?? []
            var partials: [Partial] = []
            let values = (0..<grid.count).map { step -> Double in
                partials.removeAll(keepingCapacity: true)
                for row in rows {
                    let count = self.count[row.count].values[step]
                    let mean = self.mean[row.mean].values[step]
                    let variance = row.variance.map { self.variance[$0].values[step] } ?? 0
                    if SampleValue.isAbsent(count) || SampleValue.isAbsent(mean)
                        || SampleValue.isAbsent(variance)
                    {
                        continue
                    }
                    partials.append((count, mean, variance))
                }
                return partials.isEmpty ? SampleValue.absent : pool(partials)
            }
            return StepSeries(labels: labels, values: values)
        }
    }
}
