internal import GoText
internal import PromQL
internal import TimeSeries

extension Evaluator {
    /// `rate`, `increase` and `delta`.
    func rateFunction(
        _ kind: FloatRate.Kind, _ vector: RangeVector, _ position: String
    ) -> RangeFunction {
        let rate = FloatRate(
            kind, windowLength: vector.windows.length, dialect: options.dialect)
        let language = options.language
        let floats: FloatFunction
        let budget = budget
        let extendedHistograms = vector.extended.map {
            ExtendedHistogramRate(
                rate: rate, smoothed: $0 == .smoothed, position: position)
        }
        if let extended = vector.extended {
            floats = ExtendedRange.rate(rate, smoothed: extended == .smoothed)
        } else {
            floats = { [budget] series throws(EvaluationError) in
                try rate.prepare(series, within: budget)
            }
        }
        return RangeFunction(
            floats: floats,
            histograms: .taken { series throws(EvaluationError) in
                let ofFloats = try floats(series)
                let histogramRate = try HistogramRate(
                    series, isCounter: rate.isCounter, language: language, position: position,
                    budget: budget)
                return { window, annotations throws(EvaluationError) in
                    if rate.isCounter, series.hasOverlap(in: window) {
                        annotations.addOverlap(ofMetric: series.labels.metricName, at: position)
                    }
                    if window.histograms.isEmpty {
                        let value = try ofFloats(window)
                        return SampleValue.isAbsent(value) ? .none : .float(value)
                    }
                    if !window.floats.isEmpty {
                        annotations.add(
                            .mixedFloatsAndHistograms(metricName: series.labels.metricName),
                            at: position)
                        return .none
                    }
                    if let extendedHistograms {
                        return extendedHistograms.value(series, window, &annotations)
                    }
                    return try rate.ofHistograms(
                        series, window, histogramRate,
                        isLimited: language.limitsHistogramExtrapolation, &annotations)
                }
            })
    }

    /// `irate` and `idelta`: of the last two samples, whatever they are.
    func instantRateFunction(isRate: Bool, _ call: Call) -> RangeFunction {
        let budget = budget
        let position = position(call.argumentsRange)
        let language = options.language
        return RangeFunction(
            floats: InstantRate.floats(isRate: isRate),
            histograms: .taken { series throws(EvaluationError) in
                let histogramRate = try HistogramRate(
                    series, isCounter: isRate, language: language, position: position,
                    budget: budget)
                return { window, annotations in
                    let samples = series.lastTwo(in: window)
                    guard samples.count == 2, let before = samples.first,
                        let last = samples.last
                    else { return .none }
                    switch (before, last) {
                    case (.float(let i), .float(let j)):
                        return InstantRate.value(series, i, j, isRate: isRate)
                            .map(PointValue.float) ?? .none
                    case (.histogram(let i), .histogram(let j)):
                        let interval = series.histogramTimes[j] &- series.histogramTimes[i]
                        guard interval != 0,
                            let step = histogramRate.step(from: i, to: j, &annotations)
                        else { return .none }
                        return .histogram(
                            isRate ? step.divided(by: interval.seconds) : step)
                    case (.float, .histogram), (.histogram, .float):
                        annotations.add(
                            .mixedFloatsAndHistograms(metricName: series.labels.metricName),
                            at: position)
                        return .none
                    }
                }
            })
    }
}

extension FloatRate {
    /// The same over histograms; where the extrapolation `isLimited`, the count decides how far.
    func ofHistograms(
        _ series: RangeSeries, _ window: Window, _ histograms: HistogramRate, isLimited: Bool,
        _ annotations: inout Annotations
    ) throws(EvaluationError) -> PointValue {
        let range = window.histograms
        let first = range.lowerBound
        let times = series.histogramTimes
        let beginning = start(
            series.histogramStarts.isEmpty ? 0 : series.histogramStarts[first],
            before: times[first], in: window)
        if range.count < 2 && beginning == nil { return .none }
        guard
            let increase = try histograms.increase(
                over: range, countsFirst: beginning != nil, &annotations)
        else { return .none }
        let factor = extrapolation(
            window: window, firstTime: times[first], lastTime: times[range.upperBound - 1],
            count: range.count, first: series.histograms[first].count, delta: increase.count,
            beginning: beginning, isLimited: isLimited)
        return .histogram(increase.scaled(by: factor))
    }
}

extension Call {
    /// From the first argument to the last.
    var argumentsRange: SourceRange {
        guard let first = arguments.first, let last = arguments.last else { return range }
        return SourceRange(start: first.sourceRange.start, end: last.sourceRange.end)
    }
}
