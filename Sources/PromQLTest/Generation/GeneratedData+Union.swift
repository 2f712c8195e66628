public import Federation
public import TimeSeries

extension GeneratedData {
    /// All series, as one Prometheus holds them that has a label for the partition.
    public func union(by partition: PartitionLabel) -> [SampleSeries] {
        zip(members, series).flatMap { member, series in
            series.map { one in
                var copy = one
                copy.labels = partition.injecting(member, into: one.labels)
                return copy
            }
        }
    }

    /// The union without native histograms and staleness markers, which no text format loads.
    public func floatsOfUnion() -> [SampleSeries] {
        union(by: PartitionLabel()).filter(\.histograms.isEmpty).map { one in
            var copy = one
            if let last = copy.values.last, SampleValue.isStale(last) {
                copy.values.removeLast()
                copy.times.removeLast()
            }
            return copy
        }
    }

    /// An instant or a range query's grid within the data, or a little beyond.
    public func grid(_ random: inout SeededRandom) -> StepGrid {
        let start = self.start + Int64.random(in: 0...900, using: &random) * 1000
        if Bool.random(using: &random) { return .instant(start) }
        let step = random.pick([15_000, 30_000, 60_000, 7_000, 97_500] as [Int64])
        return StepGrid(
            start: start, end: start + step * Int64.random(in: 0...12, using: &random), step: step)
    }
}
