internal import GoText
internal import TimeSeries

/// The `*_over_time` functions of floats. Each gives the value of one window that has a float.
enum OverTime {
    typealias Reduction =
        (_ values: ArraySlice<Double>, EvaluationBudget) throws(EvaluationError) -> Double

    static func sum(
        _ values: ArraySlice<Double>, _ budget: EvaluationBudget
    ) throws(EvaluationError) -> Double {
        var sum = KahanSum()
        try values.forEach(within: budget) { sum.add($0) }
        return sum.sum.isInfinite ? sum.sum : sum.total
    }

    static func avg(
        _ values: ArraySlice<Double>, _ budget: EvaluationBudget
    ) throws(EvaluationError) -> Double {
        guard let first = values.first else { return .nan }
        var mean = KahanMean(first)
        try values.dropFirst().forEach(within: budget) { mean.add($0) }
        return mean.mean
    }

    /// As 2.42: a compensated running mean from the beginning.
    static func runningAvg(
        _ values: ArraySlice<Double>, _ budget: EvaluationBudget
    ) throws(EvaluationError) -> Double {
        var mean = KahanSum()
        var count = 0.0
        try values.forEach(within: budget) { value in
            count += 1
            if mean.sum.isInfinite {
                if value.isInfinite, (mean.sum > 0) == (value > 0) { return }
                if value.isFinite { return }
            }
            mean.add(value / count - mean.sum / count)
        }
        return mean.sum.isInfinite ? mean.sum : mean.total
    }

    static func min(
        _ values: ArraySlice<Double>, _ budget: EvaluationBudget
    ) throws(EvaluationError) -> Double {
        try extreme(of: values, budget) { values in
            var result = values[values.startIndex]
            for value in values where value < result || result.isNaN { result = value }
            return result
        }
    }

    static func max(
        _ values: ArraySlice<Double>, _ budget: EvaluationBudget
    ) throws(EvaluationError) -> Double {
        try extreme(of: values, budget) { values in
            var result = values[values.startIndex]
            for value in values where value > result || result.isNaN { result = value }
            return result
        }
    }

    /// Of many values the extreme of the extremes of their runs.
    @inline(__always)
    private static func extreme(
        of values: ArraySlice<Double>, _ budget: EvaluationBudget,
        _ ofRun: (ArraySlice<Double>) -> Double
    ) throws(EvaluationError) -> Double {
        if values.count <= WorkCounter.interval { return ofRun(values) }
        var extremes: [Double] = []
        for run in StepChunks(values.count) {
            if run.lowerBound > 0 { try budget.check() }
            let first = values.startIndex
            extremes.append(ofRun(values[(first + run.lowerBound)..<(first + run.upperBound)]))
        }
        return ofRun(extremes[...])
    }

    static func stdvar(
        _ values: ArraySlice<Double>, _ budget: EvaluationBudget
    ) throws(EvaluationError) -> Double {
        var count = 0.0
        var mean = KahanSum()
        var squares = KahanSum()
        try values.forEach(within: budget) { value in
            count += 1
            let delta = value - mean.total
            mean.add(delta / count)
            squares.add(delta * (value - mean.total))
        }
        return squares.total / count
    }

    /// The median of absolute deviations from the median. Where NaN is not carried, it is the
    /// smallest value and the smallest deviation.
    static func mad(carryingNaN: Bool) -> Reduction {
        { values, budget throws(EvaluationError) in
            if carryingNaN, values.contains(where: \.isNaN) { return .nan }
            return try medianDeviation(values, budget)
        }
    }

    private static func medianDeviation(
        _ values: ArraySlice<Double>, _ budget: EvaluationBudget
    ) throws(EvaluationError) -> Double {
        let cells = budget.cells
        try budget.reserve(values.count, columns: 2)
        let median = try Quantile.value(0.5, of: Array(values), within: budget)
        let deviation = try Quantile.value(
            0.5, of: values.map { ($0 - median).magnitude }, within: budget)
        try budget.settle(cells: cells)
        return deviation
    }

    static func reducing(
        _ reduction: @escaping Reduction, within budget: EvaluationBudget
    ) -> RangeFunction {
        RangeFunction(
            floats: { series in
                { window throws(EvaluationError) in
                    try reduction(series.floats[window.floats], budget)
                }
            }, histograms: .ignored)
    }

    /// The time, in seconds, of the last of the least or greatest values.
    static func timeOfExtreme(
        greatest: Bool, within budget: EvaluationBudget
    ) -> RangeFunction {
        RangeFunction(
            floats: { series in
                { window throws(EvaluationError) in
                    var best = window.floats.lowerBound
                    try window.floats.dropFirst().forEach(within: budget) { i in
                        let (value, known) = (series.floats[i], series.floats[best])
                        if (greatest ? value >= known : value <= known) || known.isNaN { best = i }
                    }
                    return series.floatTimes[best].seconds
                }
            }, histograms: .ignored)
    }

    /// Counts samples of both kinds, or says that there is one.
    static func counting(_ value: @escaping (Int) -> Double) -> RangeFunction {
        RangeFunction(
            floats: { _ in { value($0.floats.count) } },
            histograms: .taken { _ in
                { window, _ in .float(value(window.floats.count + window.histograms.count)) }
            })
    }

    /// The oldest or newest sample, of either kind: its value, or its time in seconds.
    static func edge(newest: Bool, time: Bool) -> RangeFunction {
        func index(_ range: Range<Int>) -> Int {
            newest ? range.upperBound - 1 : range.lowerBound
        }
        var function = RangeFunction(
            floats: { series in
                { window in
                    let i = index(window.floats)
                    return time ? series.floatTimes[i].seconds : series.floats[i]
                }
            },
            histograms: .taken { series in
                { window, _ in
                    let float = window.floats.isEmpty ? nil : index(window.floats)
                    let histogram = window.histograms.isEmpty ? nil : index(window.histograms)
                    if let float {
                        let floatTime = series.floatTimes[float]
                        let other = histogram.map { series.histogramTimes[$0] }
                        if other.map({ newest ? floatTime > $0 : floatTime < $0 }) ?? true {
                            return .float(
                                time ? floatTime.seconds : series.floats[float])
                        }
                    }
                    guard let histogram else { return .none }
                    return time
                        ? .float(series.histogramTimes[histogram].seconds)
                        : .histogram(series.histograms[histogram])
                }
            })
        function.keepsName = !time
        return function
    }
}

/// One sample of a window that may hold both kinds.
enum MergedSample {
    case float(Int)
    case histogram(Int)
}

/// The samples of a window in time order, floats and histograms together.
struct MergedSamples: Sequence, IteratorProtocol {
    private let floatTimes: [Timestamp]
    private let histogramTimes: [Timestamp]
    private var floats: Range<Int>
    private var histograms: Range<Int>

    init(_ series: RangeSeries, _ window: Window) {
        floatTimes = series.floatTimes
        histogramTimes = series.histogramTimes
        floats = window.floats
        histograms = window.histograms
    }

    mutating func next() -> MergedSample? {
        if floats.isEmpty && histograms.isEmpty { return nil }
        let takesFloat =
            histograms.isEmpty
            || (!floats.isEmpty
                && floatTimes[floats.lowerBound] <= histogramTimes[histograms.lowerBound])
        if takesFloat {
            defer { floats = (floats.lowerBound + 1)..<floats.upperBound }
            return .float(floats.lowerBound)
        }
        defer { histograms = (histograms.lowerBound + 1)..<histograms.upperBound }
        return .histogram(histograms.lowerBound)
    }
}

extension RangeSeries {
    /// The last samples of a window in time order, at most two.
    func lastTwo(in window: Window) -> [MergedSample] {
        var newest = window
        newest.floats = window.floats.suffix(2)
        newest.histograms = window.histograms.suffix(2)
        return Array(MergedSamples(self, newest)).suffix(2)
    }

    func time(of sample: MergedSample) -> Timestamp {
        switch sample {
        case .float(let i): floatTimes[i]
        case .histogram(let i): histogramTimes[i]
        }
    }

    /// 0 for none.
    func startTime(of sample: MergedSample) -> Timestamp {
        switch sample {
        case .float(let i): floatStarts.isEmpty ? 0 : floatStarts[i]
        case .histogram(let i): histogramStarts.isEmpty ? 0 : histogramStarts[i]
        }
    }

    var hasStartTimes: Bool { !floatStarts.isEmpty || !histogramStarts.isEmpty }
}
