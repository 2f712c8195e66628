internal import PromQL
internal import TimeSeries

extension Evaluator {
    /// Evaluates a whole query: names marked for removal go, and series come in the promised order.
    mutating func evaluateRoot(
        _ expression: Expression
    ) throws(EvaluationError) -> QueryResult.Value {
        try state.refuse(steps: grid.count)
        switch try evaluate(expression) {
        case .scalar(let values):
            return .scalar(values)
        case .string(let text):
            return .string(text)
        case .vector(let series):
            var result = try removingMarkedNames(series)
            result.removeAll(where: \.isEmpty)
            if !(grid.isInstant && expression.ordersItsResult) {
                result.sort { $0.labels < $1.labels }
            }
            return .vector(result)
        case .range(let vector):
            return .rangeVector(try rootSamples(vector))
        }
    }

    private mutating func rootSamples(
        _ vector: RangeVector
    ) throws(EvaluationError) -> [SampleSeries] {
        var result: [SampleSeries] = []
        for series in vector.series {
            var cursor = WindowCursor(vector.windows)
            var window = cursor.window(at: 0, of: series)
            if let extended = vector.extended {
                guard let samples = series.extended(extended, in: window) else { continue }
                result.append(samples)
                continue
            }
            if window.isEmpty { continue }
            var samples = SampleSeries(
                labels: series.dropsName ? series.labels.withoutReserved : series.labels)
            while !window.isEmpty {
                let floatComesNext =
                    window.histograms.isEmpty
                    || (!window.floats.isEmpty
                        && series.floatTimes[window.floats.lowerBound]
                            <= series.histogramTimes[window.histograms.lowerBound])
                if floatComesNext {
                    let i = window.floats.lowerBound
                    samples.times.append(series.floatTimes[i])
                    samples.values.append(series.floats[i])
                    window.floats = (i + 1)..<window.floats.upperBound
                } else {
                    let i = window.histograms.lowerBound
                    samples.histograms[samples.times.count] = series.histograms[i]
                    samples.times.append(series.histogramTimes[i])
                    samples.values.append(0)
                    window.histograms = (i + 1)..<window.histograms.upperBound
                }
            }
            try state.hold(state.samples + samples.times.count)
            result.append(samples)
        }
        result.sort { $0.labels < $1.labels }
        for (one, next) in zip(result, result.dropFirst()) where one.labels == next.labels {
            throw .sameLabels
        }
        return result
    }
}

extension Expression {
    /// Whether an instant query returns its series in an order of the expression's own making.
    var ordersItsResult: Bool {
        switch self {
        case .paren(let paren): return paren.expression.ordersItsResult
        case .aggregation(let aggregation):
            switch aggregation.op {
            case .topk, .bottomk: return true
            case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar, .quantile, .limitk,
                .countValues, .limitRatio:
                return false
            }
        case .call(let call):
            switch call.function {
            case .sort, .sortDesc, .sortByLabel, .sortByLabelDesc: return true
            default: return call.arguments.contains(where: \.ordersItsResult)
            }
        case .unary(let unary): return unary.operand.ordersItsResult
        case .binary(let binary):
            return binary.matching == nil
                && (binary.lhs.ordersItsResult || binary.rhs.ordersItsResult)
        case .number, .string, .vectorSelector, .matrixSelector, .subquery, .fragment:
            return false
        }
    }
}
