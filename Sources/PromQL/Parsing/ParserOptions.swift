/// Which optional parts of the language a parser accepts.
public struct ParserOptions: Sendable, Hashable {
    /// Functions and aggregations behind `promql-experimental-functions`.
    public var experimentalFunctions = false
    /// Arithmetic in `[…]` and after `offset`; without a flag since Prometheus 3.14.
    public var durationExpressions = true
    /// `anchored` and `smoothed` (`promql-extended-range-selectors`).
    public var extendedRangeSelectors = false
    /// `fill`, `fill_left`, `fill_right` (`promql-binop-fill-modifiers`).
    public var binopFillModifiers = false
    /// `holt_winters`, as Prometheus 2.x names `double_exponential_smoothing`.
    public var holtWinters = false
    /// The greatest height of the tree; higher ones are refused, so that no walk over a tree
    /// exhausts the stack. Prometheus has no such limit.
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
