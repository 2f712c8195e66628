import PromQL
import PromQLEngine
import RealServers

/// Where our answer may differ from that of Prometheus 2.42, or of 3.5, and why that is no fault of
/// ours.
enum KnownDeviation: String {
    /// Measured: of `predict_linear(x[1m] @ T, 0)` 2.42 gives the first steps only. It reads the
    /// samples of the fixed window, then looks for them in a window that moves on with the steps;
    /// so with every function of a fixed window whose other arguments are not fixed. 3.x gives
    /// every step, and so do we.
    case movingWindow = "a fixed window moves with the steps"
    /// Seen: `count_values by (job, project) ("exported_project", x)` gives elements without the
    /// label `project`. Only where the value's label sorts before a label that is grouped by, as
    /// if it were appended to sorted names of which order is then expected.
    case unsortedGrouping = "count_values by labels that sort after the value's own"
    /// Of cumulative counts that sums left unequal in their last bits, 3.x and we make equal ones
    /// first; 2.42 finds the last observations behind a bound where there are none.
    case smallDeltas = "quantiles of added buckets heed rounding"
    /// In 2.42 the compensation of a regression's sums is NaN once a sum is infinite; 3.x and we
    /// leave it out then.
    case infiniteRegression = "regressions over infinite values"
    /// The last bit of a mean, a quotient or a transcendental function becomes another label.
    case printedLastBit = "count_values prints the last bit of computed values"
    /// The last bit of a power, or of a sum of large numbers in another order, is not small beside
    /// what it is divided by.
    case remainderOfLarge = "the remainder of a large power or sum"
    /// The last bit of a large number is not small beside a circle.
    case angleOfLarge = "trigonometry of a large power or sum"
    /// Prometheus moves `x @ t` by the offset of the subquery around it, or by its `@`, when that
    /// subquery's first step is the very time the subquery is evaluated at, where its moving by
    /// them is not taken back. Measured: of `(x @ t)[2m:30s] @ end()` as `y`,
    /// `avg_over_time(avg_over_time(y)[2m:30s] @ end())` reads `x` elsewhere than with `[5m:30s]`.
    case coincidingStart = "a fixed selector in a moved subquery that starts where it is evaluated"
    /// Of `predict_linear(x[5m:] @ t, 1)` in a range query Prometheus goes on evaluating `x` after
    /// `t`, as long as the range is, over samples that end at about `t`; so with every function
    /// that is evaluated at each step over a fixed subquery. No value depends on it, only infos and
    /// warnings of steps that nothing reads.
    case idleSteps = "annotations of steps after the fixed end of a subquery"
    /// 3.5 takes the info series of the wrong element where series have gaps between the steps, and
    /// drops elements that have the labels asked for already.
    case confusedInfo = "info of 3.5 in ranges, and for labels that are there"
    /// Seen: of two texts of which one is empty, Prometheus puts neither first. Where some elements
    /// lack a label that they are sorted by, their order then follows from how sorting goes on.
    case missingSortLabel = "sort_by_label of a label that some elements lack"
    /// A mean that stays the same but for its last bit is a counter that was reset.
    case resetOfMean = "counters that are computed means seem to be reset"

    struct Circumstances {
        var version: PrometheusVersion
        /// Whether the query is an instant one, and the part is not in a subquery.
        var isInstant: Bool
    }

    /// The first deviation that a part of the expression gives rise to.
    ///
    /// - Parameter difference: of the answers, in words.
    init?(in expression: Expression, explaining difference: String, _ circumstances: Circumstances)
    {
        let isOld = circumstances.version == .two
        switch expression {
        case .call(let call)
        where !circumstances.isInstant && difference.hasPrefix("no PromQL ")
            && !Engine.isStepInvariant(expression) && Self.readsFixedSubquery(call):
            self = .idleSteps
            return
        case .call(let call) where isOld && Self.movesItsWindow(call):
            self = .movingWindow
            return
        case .call(let call) where isOld && [.deriv, .predictLinear].contains(call.function):
            if difference.contains("inf"), difference.contains("nan") {
                self = .infiniteRegression
                return
            }
        case .call(let call) where isOld && call.function == .histogramQuantile:
            if call.arguments.contains(where: Self.isAdded) {
                self = .smallDeltas
                return
            }
        case .aggregation(let aggregation) where aggregation.op == .countValues:
            if isOld, !aggregation.isWithout, case .string(let label)? = aggregation.parameter,
                aggregation.grouping.contains(where: { $0 > label.value })
            {
                self = .unsortedGrouping
                return
            }
            if Self.isComputed(aggregation.expression) {
                self = .printedLastBit
                return
            }
        case .call(let call) where [.sortByLabel, .sortByLabelDesc].contains(call.function):
            if difference.hasPrefix("order: "), Self.lacksLabel(call, in: difference) {
                self = .missingSortLabel
                return
            }
        case .call(let call) where !isOld && call.function == .info:
            let asksForPartition = call.arguments.dropFirst().contains {
                $0.description.contains("project=")
            }
            if !circumstances.isInstant || asksForPartition {
                self = .confusedInfo
                return
            }
        case .binary(let binary) where binary.op == .modulo:
            if Self.isLarge(expression) {
                self = .remainderOfLarge
                return
            }
        case .call(let call) where [.sin, .cos, .tan].contains(call.function):
            if Self.isLarge(expression) {
                self = .angleOfLarge
                return
            }
        case .subquery(let subquery) where subquery.offset != nil || subquery.at != nil:
            if Self.holdsFixedSelector(subquery.expression) {
                self = .coincidingStart
                return
            }
        case .call(let call) where Self.counters.contains(call.function):
            if call.arguments.contains(where: Self.isMeanInSubquery) {
                self = .resetOfMean
                return
            }
        default: break
        }
        for child in expression.children {
            var inside = circumstances
            if case .subquery = expression { inside.isInstant = false }
            if let found = KnownDeviation(in: child, explaining: difference, inside) {
                self = found
                return
            }
        }
        return nil
    }

    private static func movesItsWindow(_ call: Call) -> Bool {
        let isFixed = call.arguments.contains { argument in
            switch withoutParens(argument) {
            case .matrixSelector(let matrix): matrix.selector.at != nil
            case .subquery(let subquery): subquery.at != nil
            default: false
            }
        }
        return isFixed && (call.function == .predictLinear || call.arguments.count > 1)
    }

    private static func readsFixedSubquery(_ call: Call) -> Bool {
        call.arguments.contains { argument in
            if case .subquery(let subquery) = withoutParens(argument) {
                subquery.at != nil
            } else {
                false
            }
        }
    }

    private static func isSum(_ expression: Expression) -> Bool {
        switch expression {
        case .aggregation(let aggregation) where aggregation.op == .sum: true
        case .call(let call) where call.function == .sumOverTime: true
        default: expression.children.contains(where: isSum)
        }
    }

    private static func isAdded(_ expression: Expression) -> Bool {
        if case .aggregation(let aggregation) = expression, [.sum, .avg].contains(aggregation.op) {
            return true
        }
        return expression.children.contains(where: isAdded)
    }

    /// Whether a mean is moved from value to value, in the order of the series.
    private static func isMean(_ expression: Expression) -> Bool {
        switch expression {
        case .aggregation(let aggregation)
        where [.avg, .stddev, .stdvar].contains(aggregation.op):
            true
        case .call(let call)
        where [.avgOverTime, .stddevOverTime, .stdvarOverTime].contains(call.function):
            true
        default: expression.children.contains(where: isMean)
        }
    }

    /// Whether one of the two elements that a difference names lacks a label that the call sorts by.
    private static func lacksLabel(_ call: Call, in difference: String) -> Bool {
        call.arguments.dropFirst().contains { argument in
            guard case .string(let name) = argument else { return false }
            return difference.ranges(of: "(name: \"\(name.value)\"").count == 1
        }
    }

    private static func isMeanInSubquery(_ expression: Expression) -> Bool {
        guard case .subquery(let subquery) = withoutParens(expression) else { return false }
        return isMean(subquery.expression)
    }

    private static let counters: Set<Function> = [.rate, .increase, .irate, .resets, .changes]

    private static func isLarge(_ expression: Expression) -> Bool {
        contains(.power, in: expression) || isSum(expression) || isMean(expression)
    }

    /// Whether values are rounded on the way, in an order or by a library of Prometheus's own.
    private static func isComputed(_ expression: Expression) -> Bool {
        if case .call(let call) = expression, rounding.contains(call.function) { return true }
        return contains(.divide, in: expression) || isLarge(expression)
            || expression.children.contains(where: isComputed)
    }

    private static func holdsFixedSelector(_ expression: Expression) -> Bool {
        switch expression {
        case .vectorSelector(let selector): selector.at != nil
        default: expression.children.contains(where: holdsFixedSelector)
        }
    }

    private static let rounding: Set<Function> = [
        .rate, .increase, .delta, .deriv, .predictLinear, .quantileOverTime, .histogramQuantile,
        .exp, .ln, .log2, .log10, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .tanh,
        .asinh, .acosh, .atanh,
    ]

    private static func contains(_ op: Binary.Operator, in expression: Expression) -> Bool {
        if case .binary(let binary) = expression, binary.op == op { return true }
        return expression.children.contains { contains(op, in: $0) }
    }

    private static func withoutParens(_ expression: Expression) -> Expression {
        var inner = expression
        while case .paren(let paren) = inner { inner = paren.expression }
        return inner
    }
}
