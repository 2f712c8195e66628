public import TimeSeries

/// What came of one fetch, the partition label already added to every label set.
public enum FetchedValue: Sendable {
    /// Columns on the fetch's grid.
    case steps([StepSeries])
    /// Raw samples at times of their own.
    case samples([SampleSeries])

    /// No series at all: what a missing member contributes.
    public static let nothing = FetchedValue.steps([])
}
