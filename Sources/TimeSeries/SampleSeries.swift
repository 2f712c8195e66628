/// Raw samples of one series, in time order, at times of their own.
public struct SampleSeries: Sendable {
    public var labels: LabelSet
    /// Milliseconds since the epoch, strictly ascending.
    public var times: [Int64]
    /// One per time. Where `histograms` has an entry the float is meaningless.
    public var values: [Double]
    /// Native histograms by index into `times`; empty for float series.
    public var histograms: [Int: FloatHistogram]
    /// Start timestamps by index into `times` (0 = none); empty when the source has none.
    public var startTimes: [Int64]

    public init(
        labels: LabelSet, times: [Int64] = [], values: [Double] = [],
        histograms: [Int: FloatHistogram] = [:], startTimes: [Int64] = []
    ) {
        self.labels = labels
        self.times = times
        self.values = values
        self.histograms = histograms
        self.startTimes = startTimes
    }
}
