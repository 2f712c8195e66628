internal import GoText
public import PromQL

/// What each part of an expression cost while it was evaluated. Equal parts are counted together.
public struct EvaluationTrace: Sendable {
    public struct Cost: Sendable, Hashable {
        /// Those of the parts below included.
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

    private static let origin = ContinuousClock.now

    /// Above 0.
    fileprivate static var nanoseconds: Int64 {
        let passed = origin.duration(to: .now).components
        return 1 + passed.seconds * 1_000_000_000 + passed.attoseconds / 1_000_000_000
    }

    /// Nil for what was not evaluated by itself.
    public func cost(of part: Expression) -> Cost? { costs[part] }

    /// - Parameter began: `Evaluator.traceNanoseconds` before.
    mutating func add(_ value: EvaluatedValue, of part: Expression, since began: Int64) {
        let elapsed = Double(Self.nanoseconds - began) / 1e6
        var cost = costs[part] ?? Cost(milliseconds: 0, series: 0, samples: 0)
        cost.milliseconds += elapsed
        cost.series += value.seriesCount
        cost.samples += value.weight
        costs[part] = cost
    }
}

// The recursion over an expression has little stack: what is only for tracing stays out of its way.
extension Evaluator {
    /// Of some clock; 0 unless the caller wants it.
    var traceNanoseconds: Int64 { options.isTraced ? EvaluationTrace.nanoseconds : 0 }

    /// Range vectors are counted where they are made: few of them are made by this way.
    mutating func trace(_ value: EvaluatedValue, of part: Expression, since began: Int64) {
        if case .range = value { return }
        state.trace?.add(value, of: part, since: began)
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
