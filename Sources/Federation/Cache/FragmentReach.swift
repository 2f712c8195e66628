import GoText
import PromQL

/// What times a fragment looks at when it is evaluated at a step.
///
/// There is one only for fragments whose value at a step depends on that step and nothing else of the
/// range that it is asked for: then the values at some steps and those at others, asked apart, are
/// what both together are answered with, errors included.
struct FragmentReach: Equatable {
    /// How far behind a step the newest sample may lie that its value depends on.
    private(set) var ahead: Milliseconds = 0
    /// How far before a step the oldest sample may lie that is read for it, lookback left out; of
    /// what `@` says, before that time.
    private(set) var behind: Milliseconds = 0
    /// The newest sample that the value at every step depends on, as `@` says; nil for none.
    private(set) var fixed: Timestamp?

    /// Times and lengths that can be added to one another; no data is as old or as far ahead.
    static let longest: Int64 = 1 << 52

    /// - Parameter text: As it is sent to a member.
    init?(_ text: String) {
        var options = ParserOptions()
        options.experimentalFunctions = true
        options.extendedRangeSelectors = true
        options.binopFillModifiers = true
        options.holtWinters = true
        guard let expression = try? parseExpression(text, options: options) else { return nil }
        self.init(of: expression)
    }

    private init?(of expression: Expression) {
        // Each with how far behind a step it is evaluated, and the length of the ranges around it.
        var pending: [(expression: Expression, shift: Milliseconds, ranges: Milliseconds)] = [
            (expression, 0, 0)
        ]
        var joinsNames = false
        var checksWholeRanges = false
        while let (expression, shift, ranges) = pending.popLast() {
            var (inner, innerRanges) = (shift, ranges)
            switch expression {
            case .number, .string, .paren: break
            case .unary: checksWholeRanges = true
            case .binary(let binary): if binary.op == .or { joinsNames = true }
            case .aggregation(let aggregation):
                switch aggregation.op {
                // Which elements they take depends on others, of which a range has more.
                case .limitk, .limitRatio: return nil
                case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar, .topk, .bottomk,
                    .quantile, .countValues:
                    break
                }
            case .call(let call): if !Self.isOfOneStep(call.function) { return nil }
            case .vectorSelector(let selector):
                guard selector.extended == nil, Self.namesMetric(selector),
                    let back = Self.length(of: selector.offset)
                else { return nil }
                switch selector.at {
                case .start, .end: return nil
                case .timestamp(let time):
                    guard time.milliseconds.magnitude < UInt64(Self.longest) else { return nil }
                    fixed = max(fixed ?? time - back, time - back)
                    behind = max(behind, ranges)
                case nil:
                    ahead = max(ahead, shift - back)
                    behind = max(behind, Self.sum(ranges, back - shift))
                }
            case .matrixSelector(let matrix):
                guard case .fixed(let window) = matrix.window else { return nil }
                innerRanges = Self.sum(ranges, window)
            case .subquery(let subquery):
                checksWholeRanges = true
                // At a fixed time Prometheus looks on, as far as the range is long.
                guard case .fixed(let window) = subquery.window, subquery.at == nil,
                    let back = Self.length(of: subquery.offset)
                else { return nil }
                if case .expression = subquery.step { return nil }
                inner = shift - back
                guard inner.count.magnitude < UInt64(Self.longest) else { return nil }
                innerRanges = Self.sum(ranges, window)
            }
            for child in expression.children { pending.append((child, inner, innerRanges)) }
        }
        // Two series that are one without their names are an error where both are in the range,
        // and none where each is in a part of it.
        if joinsNames, checksWholeRanges { return nil }
    }

    private static func sum(_ one: Milliseconds, _ other: Milliseconds) -> Milliseconds {
        min(one &+ other, Milliseconds(longest))
    }

    /// nil for one that depends on the range, or that is too long to be added to others.
    private static func length(of offset: DurationValue?) -> Milliseconds? {
        switch offset {
        case .fixed(let length): length.count.magnitude < UInt64(longest) ? length : nil
        case .expression: nil
        case nil: 0
        }
    }

    /// Selectors of several metrics can give series that differ in their names alone, which
    /// functions drop: see above.
    private static func namesMetric(_ selector: VectorSelector) -> Bool {
        selector.matchers.contains {
            $0.name == "__name__" && $0.op == .equal && !$0.value.isEmpty
        }
    }

    private static func isOfOneStep(_ function: Function) -> Bool {
        switch function {
        // The range itself is in their values.
        case .start, .end, .range: false
        // Two series that become one are an error where both are in the range.
        case .labelReplace, .labelJoin: false
        // It looks for series all over the range.
        case .info: false
        case .abs, .absent, .absentOverTime, .acos, .acosh, .asin, .asinh, .atan, .atanh,
            .avgOverTime, .ceil, .changes, .clamp, .clampMax, .clampMin, .cos, .cosh,
            .countOverTime, .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .deg, .delta,
            .deriv, .doubleExponentialSmoothing, .exp, .firstOverTime, .floor, .histogramAvg,
            .histogramCount, .histogramFraction, .histogramQuantile, .histogramQuantiles,
            .histogramStddev, .histogramStdvar, .histogramSum, .holtWinters, .hour, .idelta,
            .increase, .irate, .lastOverTime, .ln, .log10, .log2, .madOverTime, .maxOf,
            .maxOverTime, .minOf, .minOverTime, .minute, .month, .pi, .predictLinear,
            .presentOverTime, .quantileOverTime, .rad, .rate, .resets, .round, .scalar, .sgn, .sin,
            .sinh, .sort, .sortByLabel, .sortByLabelDesc, .sortDesc, .sqrt, .startTimestamp,
            .stddevOverTime, .stdvarOverTime, .step, .sumOverTime, .tan, .tanh, .time, .timestamp,
            .tsOfFirstOverTime, .tsOfLastOverTime, .tsOfMaxOverTime, .tsOfMinOverTime, .vector,
            .year:
            true
        }
    }
}
