internal import GoText
internal import TimeSeries

/// What a function makes of one window.
enum PointValue {
    case none
    case float(Double)
    case histogram(FloatHistogram)
}

/// Prepares a series whose samples are all floats. The result gives the value of a window that is not
/// empty, `SampleValue.absent` for none.
typealias FloatFunction =
    (RangeSeries) throws(EvaluationError) -> (Window) throws(EvaluationError) -> Double

/// The same for a series that has histograms.
typealias MixedFunction =
    (RangeSeries) throws(EvaluationError) ->
    (Window, inout Annotations) throws(EvaluationError) -> PointValue

/// A function of range vectors: evaluated series by series, window by window.
struct RangeFunction {
    var floats: FloatFunction

    /// What happens in a series that has histograms.
    enum Histograms {
        /// The function speaks of floats only: windows without any give nothing, histograms beside
        /// floats are ignored and reported.
        case ignored
        /// The function takes both.
        case taken(MixedFunction)

        func prepared(
            _ series: RangeSeries
        ) throws(EvaluationError) -> (
            (Window, inout Annotations) throws(EvaluationError) -> PointValue
        )? {
            switch self {
            case .ignored: nil
            case .taken(let prepare): try prepare(series)
            }
        }
    }
    var histograms: Histograms
    var keepsName = false
    /// Results from metrics whose name is not a counter's are to be reported.
    var expectsCounter = false
}

extension Evaluator {
    /// Applies a function to every window of every series.
    mutating func apply(
        _ function: RangeFunction, to vector: RangeVector, position: String
    ) throws(EvaluationError) -> [StepSeries] {
        let count = grid.count
        let before = budget.samples
        var held = 0
        var result: [StepSeries] = []
        result.reserveCapacity(vector.series.count)
        var work = WorkCounter(budget)
        for series in vector.series {
            try work.add(series.floats.count + series.histograms.count)
            let cells = budget.cells
            try budget.reserve(count)
            var column = [Double](repeating: SampleValue.absent, count: count)
            var histograms: [Int: FloatHistogram] = [:]
            var cursor = WindowCursor(vector.windows)
            var widest = 0
            let value = try function.floats(series)
            if series.histograms.isEmpty && series.floatStarts.isEmpty {
                for step in 0..<count {
                    let window = cursor.window(at: step, of: series)
                    try work.add(1 + window.floats.count)
                    if window.floats.isEmpty { continue }
                    widest = max(widest, window.floats.count)
                    column[step] = try value(window)
                }
            } else {
                let point = try function.histograms.prepared(series)
                for step in 0..<count {
                    let window = cursor.window(at: step, of: series)
                    try work.add(1 + window.floats.count + 16 * window.histograms.count)
                    if window.isEmpty { continue }
                    widest = max(widest, window.floats.count + window.histograms.count)
                    if let point {
                        switch try point(window, &state.annotations) {
                        case .none: break
                        case .float(let float): column[step] = float
                        case .histogram(let histogram):
                            try budget.reserve(histogram.cells)
                            histograms[step] = histogram
                        }
                        continue
                    }
                    if window.floats.isEmpty { continue }
                    if !window.histograms.isEmpty {
                        state.annotations.add(
                            .ignoredHistogramsInRange(metricName: series.labels.metricName),
                            at: position)
                    }
                    column[step] = try value(window)
                }
                widest *= series.histograms.first?.weight ?? 1
            }
            try budget.hold(before + held + widest)
            var output = StepSeries(
                labels: series.labels, values: column, histograms: histograms,
                dropsName: series.dropsName)
            if output.isEmpty {
                try budget.settle(cells: cells)
                continue
            }
            if function.expectsCounter { noteUnlikelyCounter(series, output, position) }
            if !function.keepsName {
                if options.delayedNameRemoval {
                    output.dropsName = true
                } else {
                    output.labels = output.labels.withoutReserved
                }
            }
            held += output.sampleWeight
            try budget.hold(before + held)
            result.append(output)
        }
        // Stricter than elsewhere: equal series are refused even where they never meet in time.
        if !options.delayedNameRemoval { try refuseEqualLabels(result) }
        return result
    }

    private func refuseEqualLabels(_ series: [StepSeries]) throws(EvaluationError) {
        if series.count < 2 { return }
        var seen = Set<LabelSet>(minimumCapacity: series.count)
        var work = WorkCounter(budget)
        for one in series {
            try work.add(16)
            if !seen.insert(one.labels).inserted { throw .sameLabels }
        }
    }
}

/// `changes` and `resets`: both compare each sample of a window with the one before it.
struct ChangeCount {
    enum Kind { case changes, resets }
    let kind: Kind
    let isAnchored: Bool
    let budget: EvaluationBudget

    var function: RangeFunction {
        RangeFunction(
            floats: { series in
                { window throws(EvaluationError) in try count(series, window) }
            },
            histograms: .taken { series in
                { window, _ throws(EvaluationError) in
                    let result = try count(series, window)
                    return SampleValue.isAbsent(result) ? .none : .float(result)
                }
            })
    }

    private func count(
        _ series: borrowing RangeSeries, _ window: Window
    ) throws(EvaluationError) -> Double {
        if window.histograms.isEmpty, !isAnchored, !series.hasStartTimes {
            return try count(series.floats[window.floats])
        }
        var work = WorkCounter(budget)
        var previous: MergedSample?
        var result = 0.0
        var latest = Timestamp.min
        for sample in MergedSamples(copy series, window) {
            try work.add()
            let time = series.time(of: sample)
            latest = time
            // Of the samples up to the window's start only the newest is compared.
            if let before = previous, !(isAnchored && time <= window.start),
                differs(series, before, sample)
            {
                result += 1
            }
            previous = sample
        }
        if isAnchored, latest <= window.start { return SampleValue.absent }
        return result
    }

    /// Of floats alone.
    private func count(_ values: ArraySlice<Double>) throws(EvaluationError) -> Double {
        var previous = values.first ?? 0
        var result = 0.0
        try values.forEach(within: budget) { value in
            if differs(previous, value) { result += 1 }
            previous = value
        }
        return result
    }

    private func differs(_ before: Double, _ value: Double) -> Bool {
        kind == .resets ? value < before : value != before && !(before.isNaN && value.isNaN)
    }

    private func differs(
        _ series: borrowing RangeSeries, _ before: MergedSample, _ sample: MergedSample
    ) -> Bool {
        if kind == .resets, series.hasStartTimes,
            StartTimes.isReset(
                previousStart: series.startTime(of: before),
                previousTime: series.time(of: before), start: series.startTime(of: sample),
                time: series.time(of: sample))
        {
            return true
        }
        switch (before, sample) {
        case (.float(let i), .float(let j)):
            return differs(series.floats[i], series.floats[j])
        case (.histogram(let i), .histogram(let j)):
            let (a, b) = (series.histograms[i], series.histograms[j])
            return kind == .resets ? b.isReset(after: a) : !b.hasSameFields(as: a)
        case (.float, .histogram), (.histogram, .float):
            return true
        }
    }
}
