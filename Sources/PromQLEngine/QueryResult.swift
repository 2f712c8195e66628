public import TimeSeries

/// The value of a query.
public struct QueryResult: Sendable {
    public enum Value: Sendable {
        /// One value a step.
        case scalar([Double])
        case string(String)
        /// An instant vector over the grid. For an instant query: in the order of evaluation
        /// (label order unless `sort*`, `topk` or `bottomk` made another). For a range query:
        /// label order, series without any value left out.
        case vector([StepSeries])
        /// Raw samples (`x[5m]` at the root of an instant query), label order.
        case rangeVector([SampleSeries])
    }
    public var value: Value
    public var grid: StepGrid
    public var annotations: Annotations
    /// The most samples that were in memory at once.
    public var peakSamples = 0
    /// When the options ask for it.
    public var trace: EvaluationTrace?

    public init(value: Value, grid: StepGrid, annotations: Annotations) {
        self.value = value
        self.grid = grid
        self.annotations = annotations
    }
}
