internal import PromQL
internal import TimeSeries

extension Evaluator {
    /// Evaluates a whole query: names marked for removal go, and series come in the promised order.
    mutating func evaluateRoot(
        _ expression: Expression
    ) throws(EvaluationError) -> QueryResult.Value {
        try budget.refuse(steps: grid.count)
        switch try evaluate(expression) {
        case .scalar(let values):
            return .scalar(values)
        case .string(let text):
            return .string(text)
        case .vector(let series):
            var result = try removingMarkedNames(series)
            result.removeAll(where: \.isEmpty)
            if !(grid.isInstant && expression.ordersItsResult) {
                try result.sort(within: budget, effort: 16) { $0.labels < $1.labels }
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
        var work = WorkCounter(budget)
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
            try budget.reserve(2 * window.floats.count)
            while !window.isEmpty {
                try work.add()
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
            try budget.hold(budget.samples + samples.times.count)
            result.append(samples)
        }
        try result.sort(within: budget, effort: 16) { $0.labels < $1.labels }
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
        case .number, .string, .vectorSelector, .matrixSelector, .subquery:
            return false
        }
    }
}

extension Evaluator {
    /// `sort`, `sort_desc`, `sort_by_label`, `sort_by_label_desc`.
    mutating func sorted(_ call: Call) throws(EvaluationError) -> [StepSeries] {
        var series = try vector(call.arguments[0])
        if !isSingleStep, options.language.warnsOfIneffectiveSorting {
            state.annotations.add(.ineffectiveSort, at: position(call.range))
        }
        switch call.function {
        case .sort, .sortDesc:
            for i in series.indices { series[i].histograms = [:] }
            guard isSingleStep else { return series }
            series.removeAll(where: \.isEmpty)
            let isDescending = call.function == .sortDesc
            try series.stableSort(within: budget, effort: 16) { first, second in
                let (a, b) = (first.values[0], second.values[0])
                if a.isNaN { return false }
                return b.isNaN || (isDescending ? a > b : a < b)
            }
        default:
            guard isSingleStep else { return series }
            let names = try call.arguments.dropFirst().map { name throws(EvaluationError) in
                try string(name)
            }
            let isDescending = call.function == .sortByLabelDesc
            try series.stableSort(within: budget, effort: 16) { first, second in
                for name in names {
                    let (a, b) = (first.labels[name] ?? "", second.labels[name] ?? "")
                    if Array(a.utf8) == Array(b.utf8) { continue }
                    return isDescending
                        ? NaturalOrder.precedes(b, a) : NaturalOrder.precedes(a, b)
                }
                return isDescending
                    ? second.labels < first.labels : first.labels < second.labels
            }
        }
        return series
    }
}

/// Order of texts in which runs of digits count as numbers.
enum NaturalOrder {
    static func precedes(_ a: String, _ b: String) -> Bool {
        let (first, second) = (chunks(a), chunks(b))
        for (x, y) in zip(first, second) where x != y {
            if isDigit(x[0]), isDigit(y[0]) {
                let (i, j) = (x.drop { $0 == 0x30 }, y.drop { $0 == 0x30 })
                if i.count != j.count { return i.count < j.count }
                if i.elementsEqual(j) { return x.count < y.count }
                return i.lexicographicallyPrecedes(j)
            }
            return x.lexicographicallyPrecedes(y)
        }
        return first.count < second.count
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// Splits into runs of digits and runs of others.
    private static func chunks(_ text: String) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for byte in text.utf8 {
            if let last = result.last?.last, isDigit(last) == isDigit(byte) {
                result[result.count - 1].append(byte)
            } else {
                result.append([byte])
            }
        }
        return result
    }
}
