public import PromQL

/// What an evaluation depends on besides the expression, the grid and the data.
public struct EngineOptions: Sendable, Hashable {
    /// Which ends of range and lookback windows are included.
    public enum RangeBoundary: String, Sendable, Hashable {
        /// Prometheus 3.x: `(t - range, t]`.
        case leftOpen
        /// Prometheus 2.x: `[t - range, t]`.
        case closed
    }

    /// Whose arithmetic is followed where the two differ beyond the window's ends.
    public enum Dialect: String, Sendable, Hashable {
        case prometheus3
        /// As 2.42: sums without compensation, incremental means, extrapolation that looks for the
        /// zero point before it judges the distance, no annotations.
        case prometheus2
    }

    /// Milliseconds.
    public var lookback: Int64 = 300_000
    /// Milliseconds; used where a subquery names no step.
    public var defaultSubqueryStep: Int64 = 60_000
    public var rangeBoundary: RangeBoundary = .leftOpen
    public var dialect: Dialect = .prometheus3
    /// Whose rules are followed where they changed within 3.x.
    public var language = LanguageVersion.current
    /// Metric names are dropped at the end of the query instead of at each operation
    /// (`promql-delayed-name-removal`).
    public var delayedNameRemoval = false
    /// Start timestamps take part in reset detection and extrapolation (`use-start-timestamps`).
    public var useStartTimestamps = false
    /// `__type__` and `__unit__` are judged by `rate` and its like (`type-and-unit-labels`).
    public var typeAndUnitLabels = false
    /// Samples in memory at once before the query fails.
    public var maxSamples = 50_000_000
    /// When the evaluation must have ended; nil for never.
    public var deadline: ContinuousClock.Instant?
    /// Whether the result says what each part of the expression cost.
    public var isTraced = false

    public init() {}
}
