public import Projects
public import PromQL

extension ParserOptions {
    /// The language with the configured features switched on.
    public init(features: Set<QuerySettings.Feature>) {
        self.init()
        for feature in features {
            switch feature {
            case .experimentalFunctions: experimentalFunctions = true
            case .extendedRangeSelectors: extendedRangeSelectors = true
            case .binaryFillModifiers: binopFillModifiers = true
            // Matters of evaluation, or always on.
            case .durationExpressions, .delayedNameRemoval, .startTimestamps, .typeAndUnitLabels:
                break
            }
        }
    }
}
