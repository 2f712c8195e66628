/// How queries are evaluated; defaults as Prometheus.
public struct QuerySettings: Sendable, Hashable {
    /// Which ends of range and lookback windows are included where the gateway itself looks.
    public enum RangeBoundary: String, Sendable, Hashable, CaseIterable {
        /// As the members' version says.
        case auto
        /// Prometheus 3.x: `(t - range, t]`.
        case leftOpen
        /// Prometheus 2.x: `[t - range, t]`.
        case closed
    }

    /// Parts of the language that Prometheus has behind feature flags, by the flags' names.
    public enum Feature: String, Sendable, Hashable, CaseIterable {
        case experimentalFunctions = "promql-experimental-functions"
        case durationExpressions = "promql-duration-expr"
        case extendedRangeSelectors = "promql-extended-range-selectors"
        case binaryFillModifiers = "promql-binop-fill-modifiers"
        case delayedNameRemoval = "promql-delayed-name-removal"
        case startTimestamps = "use-start-timestamps"
        case typeAndUnitLabels = "type-and-unit-labels"
    }

    /// Milliseconds.
    public var lookback: Int64 = 300_000
    /// Milliseconds a query may take, waiting for its turn included.
    public var timeout: Int64 = 120_000
    /// Samples in memory at once, of one query.
    public var maxSamples = 50_000_000
    /// Queries at once; others wait.
    public var maxConcurrency = 20
    /// Milliseconds; the step of subqueries that name none.
    public var defaultSubqueryStep: Int64 = 60_000
    /// Milliseconds after which a second cluster of a pool is asked beside a slow one.
    public var hedgeAfter: Int64 = 1_000
    public var rangeBoundary: RangeBoundary = .auto
    /// What is switched on.
    public var features: Set<Feature> = []

    public init() {}
}
