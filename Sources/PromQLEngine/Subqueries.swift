public import PromQL
public import TimeSeries

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
                try value.fixedMilliseconds()
            } ?? 0
        let window = try subquery.window.fixedMilliseconds()
        let step =
            try subquery.step.map { value throws(EvaluationError) in
                try value.fixedMilliseconds()
            } ?? options.defaultSubqueryStep
        let first: Int64
        let last: Int64
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

    /// As above, from plain numbers (milliseconds): `first` and `last` are the outer evaluation
    /// times, before the offset.
    public static func subqueryGrid(
        first: Int64, last: Int64, window: Int64, step: Int64, offset: Int64,
        boundary: EngineOptions.RangeBoundary
    ) -> StepGrid {
        let step = max(1, step)
        let left = first &- offset &- window
        // Truncating division, as Go's; it matters before 1970 only.
        var start = step * (left / step)
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
            grid: grid, length: try subquery.window.fixedMilliseconds(), offset: offset,
            fixedEnd: fixed, boundary: options.rangeBoundary)
        guard grid.count > 0 else { return RangeVector(series: [], windows: windows) }
        let innerGrid = try Engine.subqueryGrid(
            of: subquery, on: grid, query: query, options: options)
        let series = try on(innerGrid) { inner throws(EvaluationError) in
            inner.detectsResets = false
            return try inner.vector(subquery.expression)
        }
        return RangeVector(
            series: series.map { RangeSeries($0, on: innerGrid) }, windows: windows)
    }
}
