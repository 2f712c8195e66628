public import TimeSeries

/// What came of one fetch, the partition label already added to every label set.
public enum FetchedValue: Sendable {
    /// Columns on the fetch's grid.
    case steps([StepSeries])
    /// Raw samples at times of their own.
    case samples([SampleSeries])

    /// Whether some series has a native histogram.
    public var hasHistograms: Bool {
        switch self {
        case .steps(let series): series.contains { !$0.histograms.isEmpty }
        case .samples(let series): series.contains { !$0.histograms.isEmpty }
        }
    }

    /// No series at all: what a missing member contributes.
    public static let nothing = FetchedValue.steps([])
}
