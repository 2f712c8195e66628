public import GoText
public import PromQL
public import TimeSeries

/// A range vector over a whole step grid: every series once, with the rule that says which of its
/// samples lie in the window of a step.
struct RangeVector {
    var series: [RangeSeries]
    var windows: Windows
    /// Of the range selector; a subquery has none.
    var extended: VectorSelector.Extension?

    var weight: Int { series.reduce(0) { $0 + $1.floats.count + $1.histogramWeight } }
}

/// The windows of a range vector, one a step.
struct Windows {
    var grid: StepGrid
    var length: Milliseconds
    /// Subtracted from the step's time, unless `fixedEnd` is given.
    var offset: Milliseconds
    /// Set by `@` (its offset already subtracted): the same window at every step.
    var fixedEnd: Timestamp?
    var boundary: EngineOptions.RangeBoundary
    /// Added to the left and right of the window by `anchored` and `smoothed`.
    var leftMargin: Milliseconds = 0
    var rightMargin: Milliseconds = 0

    func end(at step: Int) -> Timestamp { fixedEnd ?? (grid.time(at: step) &- offset) }

    /// The earliest time that belongs to the window ending at `end`, margins included.
    func earliest(endingAt end: Timestamp) -> Timestamp {
        let left = end &- length &- leftMargin
        return boundary == .leftOpen ? left &+ 1 : left
    }
}

/// One series of a range vector, stale markers removed, floats and histograms apart.
struct RangeSeries {
    var labels: LabelSet
    var dropsName = false
    var floatTimes: [Timestamp] = []
    var floats: [Double] = []
    /// Start times of the floats (0 for none); empty when they are not to be used.
    var floatStarts: [Timestamp] = []
    var histogramTimes: [Timestamp] = []
    var histograms: [FloatHistogram] = []
    var histogramStarts: [Timestamp] = []

    init(labels: LabelSet, dropsName: Bool = false) {
        self.labels = labels
        self.dropsName = dropsName
    }

    var histogramWeight: Int { histograms.reduce(0) { $0 + $1.weight } }

    /// Samples as a source delivered them.
    init(_ samples: SampleSeries, withStartTimes: Bool) {
        labels = samples.labels
        let usesStarts = withStartTimes && !samples.startTimes.isEmpty
        if samples.histograms.isEmpty, !samples.values.contains(where: SampleValue.isStale) {
            floatTimes = samples.times
            floats = samples.values
            if usesStarts { floatStarts = samples.startTimes }
            return
        }
        floatTimes.reserveCapacity(samples.times.count)
        floats.reserveCapacity(samples.times.count)
        for (i, time) in samples.times.enumerated() {
            if let histogram = samples.histograms[i] {
                if SampleValue.isStale(histogram.sum) { continue }
                histogramTimes.append(time)
                histograms.append(histogram)
                if usesStarts { histogramStarts.append(samples.startTimes[i]) }
            } else if !SampleValue.isStale(samples.values[i]) {
                floatTimes.append(time)
                floats.append(samples.values[i])
                if usesStarts { floatStarts.append(samples.startTimes[i]) }
            }
        }
    }

    /// The values of a subquery's inner expression, at the steps of its grid.
    ///
    /// - Parameter floats: How many there are.
    init(_ series: StepSeries, on grid: StepGrid, reserving floats: Int) {
        labels = series.labels
        dropsName = series.dropsName
        floatTimes.reserveCapacity(floats)
        self.floats.reserveCapacity(floats)
        for (step, value) in series.values.enumerated() {
            if SampleValue.isAbsent(value) {
                guard var histogram = series.histograms[step] else { continue }
                // Hints speak of neighbours that need not be neighbours on the subquery's grid.
                switch histogram.counterResetHint {
                case .reset, .notReset: histogram.counterResetHint = .unknown
                case .unknown, .gauge: break
                }
                histogramTimes.append(grid.time(at: step))
                histograms.append(histogram)
            } else if !SampleValue.isStale(value) {
                floatTimes.append(grid.time(at: step))
                self.floats.append(value)
            }
        }
    }
}

extension StepSeries {
    /// Takes the cells that its floats need with their times, and counts the floats.
    fileprivate func reserveFloats(within budget: EvaluationBudget) throws(EvaluationError) -> Int {
        var floats = 0
        for value in values where !SampleValue.isAbsent(value) && !SampleValue.isStale(value) {
            floats += 1
        }
        try budget.reserve(2 * floats)
        for histogram in histograms.values { try budget.reserve(histogram.cells) }
        return floats
    }
}

extension Engine {
    /// The grid on which a subquery's inner expression is evaluated, for all steps of `outer` at
    /// once: absolute multiples of its step, from the first that lies in the first window to the
    /// last in the last one. Durations must be resolved.
    ///
    /// `query` is the grid of the whole query, for `@ start()` and `@ end()`.
    public static func subqueryGrid(
        of subquery: Subquery, on outer: StepGrid, query: StepGrid, options: EngineOptions
    ) throws(EvaluationError) -> StepGrid {
        let offset =
            try subquery.offset.map { value throws(EvaluationError) in
                try value.fixedLength()
            } ?? 0
        let window = try subquery.window.fixedLength()
        let step =
            try subquery.step.map { value throws(EvaluationError) in
                try value.fixedLength()
            } ?? options.defaultSubqueryStep
        let first: Timestamp
        let last: Timestamp
        switch subquery.at {
        case nil:
            first = outer.start
            last = outer.time(at: max(0, outer.count - 1))
        case .timestamp(let time): (first, last) = (time, time)
        case .start: (first, last) = (query.start, query.start)
        case .end: (first, last) = (query.end, query.end)
        }
        return subqueryGrid(
            first: first, last: last, window: window, step: step, offset: offset,
            boundary: options.rangeBoundary)
    }

    /// As above, from plain times: `first` and `last` are the outer evaluation
    /// times, before the offset.
    public static func subqueryGrid(
        first: Timestamp, last: Timestamp, window: Milliseconds, step: Milliseconds,
        offset: Milliseconds,
        boundary: EngineOptions.RangeBoundary
    ) -> StepGrid {
        let step = max(1, step)
        let left = first &- offset &- window
        // Truncating division, as Go's; it matters before 1970 only.
        var start = Timestamp(milliseconds: step.count * (left.milliseconds / step.count))
        if start < left || (boundary == .leftOpen && start == left) { start = start &+ step }
        return StepGrid(start: start, end: last &- offset, step: step)
    }
}

extension Evaluator {
    /// Evaluates a subquery's inner expression on its own grid; the windows of the outer steps are
    /// cut from that.
    mutating func rangeVector(_ subquery: Subquery) throws(EvaluationError) -> RangeVector {
        let (offset, fixed) = try reference(offset: subquery.offset, at: subquery.at)
        let windows = Windows(
            grid: grid, length: try subquery.window.fixedLength(), offset: offset,
            fixedEnd: fixed, boundary: options.rangeBoundary)
        guard grid.count > 0 else { return RangeVector(series: [], windows: windows) }
        let innerGrid = try Engine.subqueryGrid(
            of: subquery, on: grid, query: query, options: options)
        let series = try on(innerGrid) { inner throws(EvaluationError) in
            inner.detectsResets = false
            return try inner.vector(subquery.expression)
        }
        var work = WorkCounter(budget)
        return RangeVector(
            series: try series.map { one throws(EvaluationError) in
                try work.add(innerGrid.count)
                let samples = try one.reserveFloats(within: budget)
                return RangeSeries(one, on: innerGrid, reserving: samples)
            }, windows: windows)
    }
}
