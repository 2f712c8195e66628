internal import GoText
internal import PromQL
internal import TimeSeries

/// What is taken from the sample that a selector finds at a step.
enum SelectedField {
    case value
    /// The sample's own time, in seconds.
    case time
    /// The sample's start time, in seconds; 0 for none.
    case startTime
}

extension Evaluator {
    /// The offset and the fixed time of a selector or subquery.
    func reference(
        offset: DurationValue?, at: AtModifier?
    ) throws(EvaluationError) -> (offset: Milliseconds, fixed: Timestamp?) {
        let shift =
            try offset.map { value throws(EvaluationError) in
                try value.fixedLength()
            } ?? 0
        let fixed: Timestamp? =
            switch at {
            case nil: nil
            case .timestamp(let time): time &- shift
            case .start: query.start &- shift
            case .end: query.end &- shift
            }
        return (shift, fixed)
    }

    /// The last step's time; steps do not always meet the grid's end.
    var lastStep: Timestamp { grid.time(at: max(0, grid.count - 1)) }

    /// Evaluates an instant selector: at every step the newest sample within the lookback, unless
    /// that is a stale marker.
    mutating func instantVector(
        _ selector: VectorSelector, giving field: SelectedField
    ) throws(EvaluationError) -> [StepSeries] {
        if grid.count == 0 { return [] }
        if selector.extended == .smoothed { return try smoothedVector(selector) }
        let (offset, fixed) = try reference(offset: selector.offset, at: selector.at)
        let openLeft: Milliseconds = options.rangeBoundary == .leftOpen ? 1 : 0
        let reach = options.lookback &- openLeft
        let found = try fetch(
            selector.matchers, from: (fixed ?? (grid.start &- offset)) &- reach,
            through: fixed ?? (lastStep &- offset))
        // Of a fixed selector, `timestamp` reads at the fixed time itself, not moved by the offset,
        // within what was selected with it: as Prometheus 2.x and 3.x `promql/engine.go`.
        let isUnmoved = field == .time && fixed != nil
        let latest = isUnmoved ? min(0, offset) : 0
        let earliest = (isUnmoved ? max(0, offset) : 0) &- reach
        let count = grid.count
        let base = budget.samples
        var held = 0
        var result: [StepSeries] = []
        result.reserveCapacity(found.count)
        var work = WorkCounter(budget)
        for samples in found {
            let cells = budget.cells
            try budget.reserve(count)
            var column = [Double](repeating: SampleValue.absent, count: count)
            var histograms: [Int: FloatHistogram] = [:]
            let times = samples.times
            var next = 0
            var hits = 0
            for step in 0..<count {
                let time = fixed ?? (grid.time(at: step) &- offset)
                let earlier = next
                while next < times.count, times[next] <= time &+ latest { next += 1 }
                try work.add(1 + next - earlier)
                let newest = next - 1
                guard newest >= 0, times[newest] >= time &+ earliest else { continue }
                if let histogram = samples.histograms.isEmpty ? nil : samples.histograms[newest] {
                    if SampleValue.isStale(histogram.sum) { continue }
                    if field == .value {
                        try budget.reserve(histogram.cells)
                        histograms[step] = histogram
                        hits += histogram.weight
                        continue
                    }
                } else if SampleValue.isStale(samples.values[newest]) {
                    continue
                }
                hits += 1
                column[step] =
                    switch field {
                    case .value: samples.values[newest]
                    case .time: times[newest].seconds
                    case .startTime:
                        samples.startTimes.isEmpty ? 0 : samples.startTimes[newest].seconds
                    }
            }
            if hits == 0 {
                try budget.settle(cells: cells)
                continue
            }
            held += hits
            try budget.hold(base + held)
            result.append(
                StepSeries(labels: samples.labels, values: column, histograms: histograms))
        }
        return result
    }

    func fetch(
        _ matchers: [LabelMatcher], from: Timestamp, through: Timestamp
    ) throws(EvaluationError) -> [SampleSeries] {
        let found: [SampleSeries]
        do {
            found = try source.series(matching: matchers, from: from, through: through)
        } catch {
            throw .expanding(error)
        }
        guard detectsResets else { return found }
        var work = WorkCounter(budget)
        return try found.map { series throws(EvaluationError) in
            try work.add(series.times.count)
            return series.withDetectedResets(from: from)
        }
    }

    /// The value of an expression of type range vector.
    mutating func rangeVector(
        _ expression: Expression
    ) throws(EvaluationError) -> RangeVector {
        let began = traceNanoseconds
        let vector: RangeVector
        switch expression {
        case .matrixSelector(let matrix):
            vector = try rangeVector(matrix)
        case .subquery(let subquery):
            vector = try rangeVector(subquery)
        case .paren(let paren):
            vector = try rangeVector(paren.expression)
        case .number, .string, .unary, .binary, .aggregation, .call, .vectorSelector:
            throw .execution("unexpected error: expected a range vector")
        }
        if began > 0 { state.trace?.add(.range(vector), of: expression, since: began) }
        return vector
    }

    private mutating func rangeVector(
        _ matrix: MatrixSelector
    ) throws(EvaluationError) -> RangeVector {
        let selector = matrix.selector
        let (offset, fixed) = try reference(offset: selector.offset, at: selector.at)
        var windows = Windows(
            grid: grid, length: try matrix.window.fixedLength(), offset: offset,
            fixedEnd: fixed, boundary: options.rangeBoundary)
        switch selector.extended {
        case nil: break
        case .anchored: windows.leftMargin = options.lookback
        case .smoothed:
            windows.leftMargin = options.lookback
            windows.rightMargin = options.lookback
        }
        guard grid.count > 0 else {
            return RangeVector(series: [], windows: windows, extended: selector.extended)
        }
        let found = try fetch(
            selector.matchers, from: windows.earliest(endingAt: windows.end(at: 0)),
            through: windows.end(at: grid.count - 1) &+ windows.rightMargin)
        let usesStarts = options.useStartTimestamps
        var work = WorkCounter(budget)
        return RangeVector(
            series: try found.map { samples throws(EvaluationError) in
                try work.add(samples.times.count)
                let perSample = usesStarts && !samples.startTimes.isEmpty ? 3 : 2
                try budget.reserve(samples.times.count, columns: perSample)
                for histogram in samples.histograms.values {
                    try budget.reserve(histogram.cells)
                }
                return RangeSeries(samples, withStartTimes: usesStarts)
            }, windows: windows, extended: selector.extended)
    }
}

extension DurationValue {
    /// The length; expressions were resolved before the evaluation began.
    func fixedLength() throws(EvaluationError) -> Milliseconds {
        switch self {
        case .fixed(let length): return length
        case .expression:
            throw .execution("unexpected error: duration expression was not resolved")
        }
    }
}

extension SampleSeries {
    /// With a hint at every histogram that has none, from a comparison with the one before it.
    func withDetectedResets(from: Timestamp) -> SampleSeries {
        if histograms.isEmpty { return self }
        var result = self
        var previous: FloatHistogram?
        for (i, time) in times.enumerated() where time >= from {
            guard let histogram = histograms[i], !SampleValue.isStale(histogram.sum) else {
                continue
            }
            if histogram.counterResetHint == .unknown, let previous {
                result.histograms[i]?.counterResetHint =
                    histogram.isReset(after: previous) ? .reset : .notReset
            }
            previous = histogram
        }
        return result
    }
}

/// The samples of one series that lie in the window of one step: index ranges, nothing copied.
struct Window {
    var step: Int
    /// The window's limits, margins of extended selectors left out.
    var start: Timestamp
    var end: Timestamp
    var floats: Range<Int>
    var histograms: Range<Int>

    var isEmpty: Bool { floats.isEmpty && histograms.isEmpty }
}

/// Moves over the windows of one series, step by step.
struct WindowCursor {
    private let windows: Windows
    private var firstFloat = 0
    private var endFloat = 0
    private var firstHistogram = 0
    private var endHistogram = 0

    init(_ windows: Windows) { self.windows = windows }

    /// The window of a step. Steps must be asked in ascending order.
    mutating func window(at step: Int, of series: borrowing RangeSeries) -> Window {
        let end = windows.end(at: step)
        let earliest = windows.earliest(endingAt: end)
        let latest = end &+ windows.rightMargin
        Self.advance(&firstFloat, &endFloat, in: series.floatTimes, from: earliest, to: latest)
        if !series.histogramTimes.isEmpty {
            Self.advance(
                &firstHistogram, &endHistogram, in: series.histogramTimes, from: earliest,
                to: latest)
        }
        return Window(
            step: step, start: end &- windows.length, end: end, floats: firstFloat..<endFloat,
            histograms: firstHistogram..<endHistogram)
    }

    private static func advance(
        _ first: inout Int, _ end: inout Int, in times: [Timestamp], from: Timestamp, to: Timestamp
    ) {
        while end < times.count, times[end] <= to { end += 1 }
        while first < end, times[first] < from { first += 1 }
    }
}
