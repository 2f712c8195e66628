/// The values of one series on a step grid: an instant vector element, over all steps.
public struct StepSeries: Sendable {
    public var labels: LabelSet
    /// One per step; `SampleValue.absent` where there is no float.
    public var values: [Double]
    /// Native histograms by step; a step has a float or a histogram, never both.
    public var histograms: [Int: FloatHistogram]
    /// The metric name is still in `labels` but goes at the end of the query (Prometheus'
    /// `promql-delayed-name-removal`).
    public var dropsName: Bool

    public init(
        labels: LabelSet, values: [Double], histograms: [Int: FloatHistogram] = [:],
        dropsName: Bool = false
    ) {
        self.labels = labels
        self.values = values
        self.histograms = histograms
        self.dropsName = dropsName
    }

    /// A series without a value at any of `count` steps.
    public init(labels: LabelSet, absentFor count: Int, dropsName: Bool = false) {
        self.init(
            labels: labels, values: [Double](repeating: SampleValue.absent, count: count),
            dropsName: dropsName)
    }

    /// Whether the step has a float or a histogram.
    public func hasValue(at step: Int) -> Bool {
        !SampleValue.isAbsent(values[step]) || histograms[step] != nil
    }

    /// Whether no step has a value.
    public var isEmpty: Bool {
        histograms.isEmpty && values.allSatisfy(SampleValue.isAbsent)
    }
}
