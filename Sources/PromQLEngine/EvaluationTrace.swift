public import PromQL

/// What each part of an expression cost while it was evaluated. Equal parts are counted together.
public struct EvaluationTrace: Sendable {
    public struct Cost: Sendable, Hashable {
        /// Milliseconds, those of the parts below included.
        public var milliseconds: Double
        /// Of the value; 0 for scalars and strings.
        public var series: Int
        /// Of the value: one a series and step, more for a native histogram.
        public var samples: Int

        public init(milliseconds: Double, series: Int, samples: Int) {
            self.milliseconds = milliseconds
            self.series = series
            self.samples = samples
        }
    }

    private var costs: [Expression: Cost] = [:]

    /// Nil for what was not evaluated by itself.
    public func cost(of part: Expression) -> Cost? { costs[part] }

    mutating func add(
        _ value: EvaluatedValue, of part: Expression, since began: ContinuousClock.Instant
    ) {
        let elapsed = began.duration(to: .now) / .milliseconds(1)
        var cost = costs[part] ?? Cost(milliseconds: 0, series: 0, samples: 0)
        cost.milliseconds += elapsed
        cost.series += value.seriesCount
        cost.samples += value.weight
        costs[part] = cost
    }
}

extension EvaluatedValue {
    fileprivate var seriesCount: Int {
        switch self {
        case .scalar, .string: 0
        case .vector(let series): series.count
        case .range(let vector): vector.series.count
        }
    }
}
