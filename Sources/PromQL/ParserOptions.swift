/// Which optional parts of the language a parser accepts.
public struct ParserOptions: Sendable, Hashable {
    /// Functions and aggregations behind `promql-experimental-functions`.
    public var experimentalFunctions = false
    /// `anchored` and `smoothed` (`promql-extended-range-selectors`).
    public var extendedRangeSelectors = false
    /// `fill`, `fill_left`, `fill_right` (`promql-binop-fill-modifiers`).
    public var binopFillModifiers = false
    /// `holt_winters`, as Prometheus 2.x names `double_exponential_smoothing`.
    public var holtWinters = false
    /// Nesting beyond which a query is refused.
    public var maximumDepth = 1000

    public init() {}

    /// Prometheus with all flags off.
    public static let production = ParserOptions()

    /// Every flag on, and the names of 2.x.
    public static let everything: ParserOptions = {
        var options = ParserOptions()
        options.experimentalFunctions = true
        options.extendedRangeSelectors = true
        options.binopFillModifiers = true
        options.holtWinters = true
        return options
    }()
}
