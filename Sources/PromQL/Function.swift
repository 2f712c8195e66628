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
