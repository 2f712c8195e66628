/// A PromQL function, as Prometheus 3.x `promql/parser/functions.go`. Raw values are the names.
public enum Function: String, Sendable, Hashable, CaseIterable {
    case abs, absent, absentOverTime = "absent_over_time", acos, acosh, asin, asinh, atan, atanh
    case avgOverTime = "avg_over_time"
    case ceil, changes, clamp, clampMax = "clamp_max", clampMin = "clamp_min", cos, cosh
    case countOverTime = "count_over_time"
    case dayOfMonth = "day_of_month", dayOfWeek = "day_of_week", dayOfYear = "day_of_year"
    case daysInMonth = "days_in_month", deg, delta, deriv
    case doubleExponentialSmoothing = "double_exponential_smoothing"
    case end, exp, firstOverTime = "first_over_time", floor
    case histogramAvg = "histogram_avg", histogramCount = "histogram_count"
    case histogramFraction = "histogram_fraction", histogramQuantile = "histogram_quantile"
    case histogramQuantiles = "histogram_quantiles", histogramStddev = "histogram_stddev"
    case histogramStdvar = "histogram_stdvar", histogramSum = "histogram_sum"
    /// The 2.x name of `double_exponential_smoothing`; parsed only when the dialect has it.
    case holtWinters = "holt_winters"
    case hour, idelta, increase, info, irate, labelJoin = "label_join"
    case labelReplace = "label_replace", lastOverTime = "last_over_time", ln, log10, log2
    case madOverTime = "mad_over_time", maxOf = "max_of", maxOverTime = "max_over_time"
    case minOf = "min_of", minOverTime = "min_over_time", minute, month, pi
    case predictLinear = "predict_linear", presentOverTime = "present_over_time"
    case quantileOverTime = "quantile_over_time", rad, range, rate, resets, round, scalar, sgn
    case sin, sinh, sort, sortByLabel = "sort_by_label"
    case sortByLabelDesc = "sort_by_label_desc", sortDesc = "sort_desc", sqrt, start
    case startTimestamp = "start_timestamp", stddevOverTime = "stddev_over_time"
    case stdvarOverTime = "stdvar_over_time", step, sumOverTime = "sum_over_time", tan, tanh
    case time, timestamp, tsOfFirstOverTime = "ts_of_first_over_time"
    case tsOfLastOverTime = "ts_of_last_over_time", tsOfMaxOverTime = "ts_of_max_over_time"
    case tsOfMinOverTime = "ts_of_min_over_time", vector, year
}

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
