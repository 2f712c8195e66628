internal import GoText
internal import PromQL
internal import TimeSeries

extension Evaluator {
    /// Evaluates a call of a function that takes a range vector and reduces each window.
    mutating func rangeCall(_ call: Call) throws(EvaluationError) -> [StepSeries] {
        guard
            let rangeIndex = call.arguments.firstIndex(where: {
                switch $0.unwrapped {
                case .matrixSelector, .subquery: true
                default: false
                }
            })
        else { throw .execution("unexpected error: expected a range vector") }
        let argument = call.arguments[rangeIndex]
        var parameters: [[Double]] = []
        for (i, other) in call.arguments.enumerated() where i != rangeIndex {
            parameters.append(try scalar(other))
        }
        let before = budget.samples
        let vector = try rangeVector(argument)
        try refuse(vector.extended, in: call.function)
        // Of a call with one argument it is the argument, parentheses and all.
        let position = position(argument.sourceRange)
        var function = try rangeFunction(
            call, of: vector, parameters: parameters, position: position)
        function.expectsCounter = call.function == .rate || call.function == .increase
        let result = try apply(function, to: vector, position: position)
        try budget.hold(before)
        return result
    }

    private mutating func rangeFunction(
        _ call: Call, of vector: RangeVector, parameters: [[Double]], position: String
    ) throws(EvaluationError) -> RangeFunction {
        switch call.function {
        case .rate: return rateFunction(.rate, vector, position)
        case .increase: return rateFunction(.increase, vector, position)
        case .delta: return rateFunction(.delta, vector, position)
        case .irate: return instantRateFunction(isRate: true, call)
        case .idelta: return instantRateFunction(isRate: false, call)
        case .changes:
            return ChangeCount(
                kind: .changes, isAnchored: vector.extended == .anchored, budget: budget
            ).function
        case .resets:
            return ChangeCount(
                kind: .resets, isAnchored: vector.extended == .anchored, budget: budget
            ).function
        case .sumOverTime:
            return summing(OverTime.sum, goal: .sum, position: position)
        case .avgOverTime:
            let mean = options.dialect == .prometheus2 ? OverTime.runningAvg : OverTime.avg
            return summing(mean, goal: .mean, position: position)
        case .minOverTime: return OverTime.reducing(OverTime.min, within: budget)
        case .maxOverTime: return OverTime.reducing(OverTime.max, within: budget)
        case .stdvarOverTime: return OverTime.reducing(OverTime.stdvar, within: budget)
        case .stddevOverTime:
            return OverTime.reducing(
                { values, budget throws(EvaluationError) in
                    try OverTime.stdvar(values, budget).squareRoot()
                }, within: budget)
        case .madOverTime:
            return OverTime.reducing(
                OverTime.mad(carryingNaN: options.language.carriesNaNIntoDeviations),
                within: budget)
        case .countOverTime: return OverTime.counting { Double($0) }
        case .presentOverTime: return OverTime.counting { _ in 1 }
        case .lastOverTime: return OverTime.edge(newest: true, time: false)
        case .firstOverTime: return OverTime.edge(newest: false, time: false)
        case .tsOfLastOverTime: return OverTime.edge(newest: true, time: true)
        case .tsOfFirstOverTime: return OverTime.edge(newest: false, time: true)
        case .tsOfMaxOverTime: return OverTime.timeOfExtreme(greatest: true, within: budget)
        case .tsOfMinOverTime: return OverTime.timeOfExtreme(greatest: false, within: budget)
        case .quantileOverTime:
            return try quantileOverTime(parameters[0], vector, call)
        case .deriv: return Regression.deriv(within: budget)
        case .predictLinear:
            return Regression.prediction(after: parameters[0], on: grid, within: budget)
        case .doubleExponentialSmoothing, .holtWinters:
            try checkSmoothing(parameters, vector)
            return ExponentialSmoothing.function(
                smoothing: parameters[0], trend: parameters[1], within: budget)
        default:
            throw .execution("unexpected error: \(call.function.rawValue) takes no range vector")
        }
    }

    private mutating func quantileOverTime(
        _ quantiles: [Double], _ vector: RangeVector, _ call: Call
    ) throws(EvaluationError) -> RangeFunction {
        if quantiles.contains(where: Quantile.isOutside) {
            let hasFloats = try steps(of: vector) { !$0.floats.isEmpty }
            for (step, quantile) in quantiles.enumerated()
            where hasFloats[step] && Quantile.isOutside(quantile) {
                state.annotations.add(
                    .quantileOutOfRange(quantile), at: position(call.arguments[0].sourceRange))
            }
        }
        return RangeFunction(
            floats: { [budget] series in
                { window throws(EvaluationError) in
                    let cells = budget.cells
                    try budget.reserve(window.floats.count)
                    let value = try Quantile.value(
                        quantiles[window.step], of: Array(series.floats[window.floats]),
                        within: budget)
                    try budget.settle(cells: cells)
                    return value
                }
            }, histograms: .ignored)
    }

    /// The factors matter only where there is something to smooth.
    private func checkSmoothing(
        _ factors: [[Double]], _ vector: RangeVector
    ) throws(EvaluationError) {
        // NaN is none of the factors that are refused.
        func isOutside(_ factor: Double) -> Bool { factor <= 0 || factor >= 1 }
        guard factors.contains(where: { $0.contains(where: isOutside) }) else { return }
        let hasSamples = try steps(of: vector) { !$0.isEmpty }
        for (factors, name, symbol) in [
            (factors[0], "smoothing", "sf"), (factors[1], "trend", "tf"),
        ] {
            for (step, factor) in factors.enumerated()
            where hasSamples[step] && isOutside(factor) {
                throw .execution(
                    "invalid \(name) factor. Expected: 0 < \(symbol) < 1, got: "
                        + GoFloat.fixed(factor))
            }
        }
    }

    /// For each step, whether any series has a window for which the condition holds.
    private func steps(
        of vector: RangeVector, where holds: (Window) -> Bool
    ) throws(EvaluationError) -> [Bool] {
        try budget.reserve(grid.count)
        var work = WorkCounter(budget)
        var result = [Bool](repeating: false, count: grid.count)
        for series in vector.series {
            var cursor = WindowCursor(vector.windows)
            for step in 0..<grid.count {
                try work.add()
                if holds(cursor.window(at: step, of: series)) { result[step] = true }
            }
        }
        return result
    }

    /// Extended selectors suit few functions.
    func refuse(
        _ extended: VectorSelector.Extension?, in function: Function
    ) throws(EvaluationError) {
        guard let extended else { return }
        let allowed: [Function] =
            switch extended {
            case .anchored: [.changes, .delta, .increase, .rate, .resets]
            case .smoothed: [.delta, .increase, .rate]
            }
        if allowed.contains(function) { return }
        let names = allowed.map(\.rawValue).joined(separator: ", ")
        throw .execution(
            "\(extended.rawValue) modifier can only be used with: \(names) - not with "
                + function.rawValue)
    }

    /// `rate` and `increase` of something whose name is not a counter's.
    mutating func noteUnlikelyCounter(
        _ series: RangeSeries, _ result: StepSeries, _ position: String
    ) {
        let name = series.labels.metricName
        if name.isEmpty || result.values.allSatisfy(SampleValue.isAbsent) { return }
        if options.typeAndUnitLabels {
            let type = series.labels["__type__"] ?? ""
            if type == "counter" || type == "histogram" { return }
            state.annotations.add(.unlikelyCounterType(type, metricName: name), at: position)
        } else if !["_total", "_sum", "_count", "_bucket"].contains(where: name.hasSuffix) {
            state.annotations.add(.unlikelyCounterName(metricName: name), at: position)
        }
    }
}
