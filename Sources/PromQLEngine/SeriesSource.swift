public import PromQL
public import TimeSeries

/// Where the engine finds values. Synchronous and pure: whatever needs the network was fetched
/// before the engine runs.
public protocol SeriesSource: Sendable {
    /// The series that satisfy every matcher, in label order, with at least their samples in
    /// `from...through` (ms, both ends included; more is harmless, stale markers included).
    func series(
        matching matchers: [LabelMatcher], from: Int64, through: Int64
    ) throws
        -> [SampleSeries]

    /// The values of a fragment on exactly this grid, in label order. A fetched point stands for
    /// its own step alone; no lookback is applied to it.
    func values(of fragment: FragmentReference, on grid: StepGrid) throws -> [StepSeries]
}
