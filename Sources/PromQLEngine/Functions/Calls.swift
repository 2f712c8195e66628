internal import GoText
internal import PromQL
internal import TimeSeries

extension Evaluator {
    /// Evaluates a function call. Argument counts and types were checked with the query.
    mutating func evaluateCall(_ call: Call) throws(EvaluationError) -> EvaluatedValue {
        let arguments = call.arguments
        switch call.function {
        case .time:
            try budget.reserve(grid.count)
            return .scalar((0..<grid.count).map { grid.time(at: $0).seconds })
        case .pi:
            return try constant(.pi)
        case .start:
            return try constant(query.start.seconds)
        case .end:
            return try constant(query.end.seconds)
        case .step:
            return try constant(query.step.seconds)
        case .range:
            return try constant((query.end &- query.start).seconds)
        case .minOf, .maxOf:
            let (a, b) = (try scalar(arguments[0]), try scalar(arguments[1]))
            let choose = call.function == .minOf ? GoMath.min : GoMath.max
            try budget.reserve(grid.count)
            return .scalar(zip(a, b).map { choose($0, $1) })
        case .scalar:
            return .scalar(try scalar(of: try vector(arguments[0])))
        case .vector:
            return .vector([StepSeries(labels: .empty, values: try scalar(arguments[0]))])

        case .abs, .ceil, .floor, .exp, .sqrt, .ln, .log2, .log10, .sin, .cos, .tan, .asin, .acos,
            .atan, .sinh, .cosh, .tanh, .asinh, .acosh, .atanh, .deg, .rad, .sgn, .round, .clamp,
            .clampMin, .clampMax:
            return .vector(try elementwise(call))
        case .minute, .hour, .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .month, .year:
            return .vector(try dateFunction(call))
        case .timestamp, .startTimestamp:
            return .vector(try timestamps(call))

        case .absent:
            return .vector(try absence(of: try vector(arguments[0]), from: arguments[0]))
        case .absentOverTime:
            return .vector(try absentOverTime(arguments[0]))

        case .sort, .sortDesc, .sortByLabel, .sortByLabelDesc:
            return .vector(try sorted(call))
        case .labelReplace:
            return .vector(try labelReplace(arguments))
        case .labelJoin:
            return .vector(try labelJoin(arguments))
        case .info:
            return .vector(try info(arguments))

        case .histogramAvg, .histogramCount, .histogramSum, .histogramStddev, .histogramStdvar,
            .histogramFraction, .histogramQuantile, .histogramQuantiles:
            let outer = detectsResets
            detectsResets = call.function.needsNoBuckets
            defer { detectsResets = outer }
            return .vector(try histogramFunction(call))

        case .avgOverTime, .changes, .countOverTime, .delta, .deriv, .doubleExponentialSmoothing,
            .firstOverTime, .holtWinters, .idelta, .increase, .irate, .lastOverTime,
            .madOverTime, .maxOverTime, .minOverTime, .predictLinear, .presentOverTime,
            .quantileOverTime, .rate, .resets, .stddevOverTime, .stdvarOverTime, .sumOverTime,
            .tsOfFirstOverTime, .tsOfLastOverTime, .tsOfMaxOverTime, .tsOfMinOverTime:
            return .vector(try rangeCall(call))
        }
    }

    func constant(_ value: Double) throws(EvaluationError) -> EvaluatedValue {
        try budget.reserve(grid.count)
        return .scalar([Double](repeating: value, count: grid.count))
    }

    /// The value of the only float at a step, NaN where there is none or several.
    private func scalar(of series: [StepSeries]) throws(EvaluationError) -> [Double] {
        let count = grid.count
        try budget.reserve(count, columns: 2)
        var work = WorkCounter(budget)
        var result = [Double](repeating: .nan, count: count)
        var found = [Int](repeating: 0, count: count)
        for one in series {
            for steps in StepChunks(count) {
                try work.add(steps.count)
                for step in steps where !SampleValue.isAbsent(one.values[step]) {
                    found[step] += 1
                    result[step] = one.values[step]
                }
            }
        }
        for step in 0..<count where found[step] > 1 { result[step] = .nan }
        return result
    }

    /// `timestamp` and `start_timestamp`: of a selector the sample's time, else the step's.
    private mutating func timestamps(_ call: Call) throws(EvaluationError) -> [StepSeries] {
        let argument = call.arguments[0]
        let isStart = call.function == .startTimestamp
        if isStart, !options.useStartTimestamps { return [] }
        if case .vectorSelector(var selector) = argument.unwrapped,
            source.supplied(for: selector) == nil
        {
            selector.extended = nil
            return try droppingNames(
                try instantVector(selector, giving: isStart ? .startTime : .time))
        }
        let series = try vector(argument)
        if isStart { return [] }
        var work = WorkCounter(budget)
        let result = try series.map { one throws(EvaluationError) in
            try budget.reserve(grid.count)
            var stamped = one
            stamped.histograms = [:]
            for steps in StepChunks(grid.count) {
                try work.add(steps.count)
                for step in steps where one.hasValue(at: step) {
                    stamped.values[step] = grid.time(at: step).seconds
                }
            }
            return stamped
        }
        return try droppingNames(result)
    }

    /// The text of a string argument.
    func string(_ expression: Expression) throws(EvaluationError) -> String {
        guard case .string(let literal) = expression.unwrapped else {
            throw .execution("unexpected error: expected a string literal")
        }
        return literal.value
    }
}

extension Function {
    /// Whether a histogram's count and sum are enough.
    fileprivate var needsNoBuckets: Bool {
        switch self {
        case .histogramCount, .histogramSum, .histogramAvg: true
        default: false
        }
    }
}

extension Evaluator {
    /// 1 at the steps where no series has a value.
    func absence(
        of series: [StepSeries], from argument: Expression
    ) throws(EvaluationError) -> [StepSeries] {
        try budget.reserve(grid.count)
        var work = WorkCounter(budget)
        var values = [Double](repeating: 1, count: grid.count)
        for one in series {
            for steps in StepChunks(values.count) {
                try work.add(steps.count)
                for step in steps where one.hasValue(at: step) {
                    values[step] = SampleValue.absent
                }
            }
        }
        if values.allSatisfy(SampleValue.isAbsent) { return [] }
        return [StepSeries(labels: Self.labelsWhereAbsent(argument), values: values)]
    }

    mutating func absentOverTime(
        _ argument: Expression
    ) throws(EvaluationError) -> [StepSeries] {
        let vector = try rangeVector(argument)
        try refuse(vector.extended, in: .absentOverTime)
        try budget.reserve(grid.count)
        var work = WorkCounter(budget)
        var values = [Double](repeating: 1, count: grid.count)
        for series in vector.series {
            var cursor = WindowCursor(vector.windows)
            for step in values.indices {
                try work.add(1)
                if !cursor.window(at: step, of: series).isEmpty {
                    values[step] = SampleValue.absent
                }
            }
        }
        if values.allSatisfy(SampleValue.isAbsent) { return [] }
        return [StepSeries(labels: Self.labelsWhereAbsent(argument), values: values)]
    }

    /// The labels that a selector asks for by `=`; a label named twice is left out.
    private static func labelsWhereAbsent(_ argument: Expression) -> LabelSet {
        let matchers: [LabelMatcher]
        switch argument.unwrapped {
        case .vectorSelector(let selector): matchers = selector.matchers
        case .matrixSelector(let matrix): matchers = matrix.selector.matchers
        case .number, .string, .paren, .unary, .binary, .aggregation, .call, .subquery:
            return .empty
        }
        var labels = LabelSet.empty
        var seen: Set<String> = []
        for matcher in matchers where matcher.name != "__name__" {
            let isFirst = !seen.contains(matcher.name)
            if matcher.op == .equal, isFirst {
                labels = labels.setting(matcher.name, to: matcher.value)
                seen.insert(matcher.name)
            } else {
                labels = labels.setting(matcher.name, to: "")
            }
        }
        return labels
    }
}
