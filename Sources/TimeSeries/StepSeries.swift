/// The values of one series on a step grid: an instant vector element, over all steps.
public struct StepSeries: Sendable {
    public var labels: LabelSet
    /// One per step; `SampleValue.absent` where there is no float.
    public var values: [Double]
    /// Native histograms by step; a step has a float or a histogram, never both.
    public var histograms: [Int: FloatHistogram]

    public init(labels: LabelSet, values: [Double], histograms: [Int: FloatHistogram] = [:]) {
        self.labels = labels
        self.values = values
        self.histograms = histograms
    }
}
