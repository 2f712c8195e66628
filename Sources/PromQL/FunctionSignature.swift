/// What a function takes and gives, as Prometheus 3.x `promql/parser/functions.go`.
public struct FunctionSignature: Sendable, Hashable {
    public var arguments: [ValueType]
    /// How many further arguments of the last type may follow, or be left out: 0 for none, 1 for
    /// one optional, -1 for any number.
    public var variadic: Int
    public var result: ValueType
    public var isExperimental: Bool
}

extension Function {
    public var signature: FunctionSignature {
        func make(
            _ arguments: [ValueType], variadic: Int = 0, _ result: ValueType = .instantVector,
            experimental: Bool = false
        ) -> FunctionSignature {
            FunctionSignature(
                arguments: arguments, variadic: variadic, result: result,
                isExperimental: experimental)
        }
        return switch self {
        case .abs, .absent, .acos, .acosh, .asin, .asinh, .atan, .atanh, .ceil, .cos, .cosh, .deg,
            .exp, .floor, .histogramAvg, .histogramCount, .histogramStddev, .histogramStdvar,
            .histogramSum, .ln, .log10, .log2, .rad, .sgn, .sin, .sinh, .sort, .sortDesc, .sqrt,
            .tan, .tanh, .timestamp:
            make([.instantVector])
        case .startTimestamp: make([.instantVector], experimental: true)
        case .absentOverTime, .avgOverTime, .changes, .countOverTime, .delta, .deriv, .idelta,
            .increase, .irate, .firstOverTime, .lastOverTime, .maxOverTime, .minOverTime,
            .presentOverTime, .rate,
            .resets, .stddevOverTime, .stdvarOverTime, .sumOverTime:
            make([.rangeVector])
        case .madOverTime, .tsOfFirstOverTime, .tsOfLastOverTime,
            .tsOfMaxOverTime, .tsOfMinOverTime:
            make([.rangeVector], experimental: true)
        case .clamp: make([.instantVector, .scalar, .scalar])
        case .clampMax, .clampMin: make([.instantVector, .scalar])
        case .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .hour, .minute, .month, .year:
            make([.instantVector], variadic: 1)
        case .doubleExponentialSmoothing:
            make([.rangeVector, .scalar, .scalar], experimental: true)
        case .holtWinters: make([.rangeVector, .scalar, .scalar])
        case .end, .start, .step, .range: make([], .scalar, experimental: true)
        case .maxOf, .minOf: make([.scalar, .scalar], .scalar, experimental: true)
        case .histogramFraction: make([.scalar, .scalar, .instantVector])
        case .histogramQuantile: make([.scalar, .instantVector])
        case .histogramQuantiles:
            make(
                [.instantVector, .string, .scalar, .scalar], variadic: 9, experimental: true)
        case .info: make([.instantVector, .instantVector], variadic: 1, experimental: true)
        case .labelJoin: make([.instantVector, .string, .string, .string], variadic: -1)
        case .labelReplace: make([.instantVector, .string, .string, .string, .string])
        case .pi, .time: make([], .scalar)
        case .predictLinear: make([.rangeVector, .scalar])
        case .quantileOverTime: make([.scalar, .rangeVector])
        case .round: make([.instantVector, .scalar], variadic: 1)
        case .scalar: make([.instantVector], .scalar)
        case .sortByLabel, .sortByLabelDesc:
            make([.instantVector, .string], variadic: -1, experimental: true)
        case .vector: make([.scalar])
        }
    }
}
