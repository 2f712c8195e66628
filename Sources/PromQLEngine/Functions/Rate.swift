internal import GoText
internal import TimeSeries

/// `rate`, `increase` and `delta` over floats, as Prometheus `promql/functions.go`,
/// `extrapolatedRate`: the order of operations decides the last bits and is theirs.
struct FloatRate {
    enum Kind { case rate, increase, delta }

    let kind: Kind
    let dialect: EngineOptions.Dialect
    /// The range in seconds.
    let seconds: Double

    init(_ kind: Kind, windowLength: Milliseconds, dialect: EngineOptions.Dialect) {
        self.kind = kind
        self.dialect = dialect
        seconds = Self.seconds(windowLength)
    }

    var isCounter: Bool { kind != .delta }

    /// As Go's `Duration.Seconds`: whole seconds plus the rest.
    static func seconds(_ length: Milliseconds) -> Double {
        let (whole, rest) = length.count.quotientAndRemainder(dividingBy: 1000)
        return Double(whole) + Double(rest * 1_000_000) / 1e9
    }

    /// Finds the resets of a series once; windows then visit only those inside them.
    func prepare(
        _ series: RangeSeries, within budget: EvaluationBudget
    ) throws(EvaluationError) -> (Window) -> Double {
        let resets = isCounter ? try Self.resets(of: series, within: budget) : []
        let times = series.floatTimes
        let values = series.floats
        let starts = isCounter ? series.floatStarts : []
        return { window in
            let first = window.floats.lowerBound
            let last = window.floats.upperBound - 1
            var delta = values[last] - values[first]
            if !resets.isEmpty {
                var i = Self.position(after: first, in: resets)
                while i < resets.count, resets[i] <= last {
                    delta += values[resets[i] - 1]
                    i += 1
                }
            }
            let count = last - first + 1
            let beginning = start(
                starts.isEmpty ? 0 : starts[first], before: times[first], in: window)
            if count < 2 && beginning == nil { return SampleValue.absent }
            if beginning != nil { delta += values[first] }
            return delta
                * extrapolation(
                    window: window, firstTime: times[first], lastTime: times[last], count: count,
                    first: values[first], delta: delta, beginning: beginning)
        }
    }

    /// The start time of a window's first sample, where it lies inside the window: the counter was
    /// zero then, and one sample is enough.
    func start(
        _ startTime: Timestamp, before firstTime: Timestamp, in window: Window
    )
        -> Timestamp?
    {
        let isInside = startTime > window.start && startTime < firstTime
        return isCounter && startTime != 0 && isInside ? startTime : nil
    }

    /// What the difference over a window's samples is multiplied with. `delta` includes the first
    /// value in full where the counter's `beginning` is known. Where the extrapolation `isLimited`,
    /// that of a counter ends where it was zero.
    func extrapolation(
        window: Window, firstTime: Timestamp, lastTime: Timestamp, count: Int, first: Double,
        delta: Double, beginning: Timestamp?, isLimited: Bool = true
    ) -> Double {
        var sampled = (lastTime &- firstTime).seconds
        let average = count > 1 ? sampled / Double(count - 1) : 0
        let threshold = average * 1.1
        var toStart = (firstTime &- window.start).seconds
        var toEnd = (window.end &- lastTime).seconds
        if let beginning {
            sampled = (lastTime &- beginning).seconds
            toStart = 0
        } else {
            if dialect == .prometheus3, toStart >= threshold { toStart = average / 2 }
            if isCounter, isLimited, delta > 0, first >= 0 {
                let toZero = sampled * (first / delta)
                if toZero < toStart { toStart = toZero }
            }
            // 2.x looks for the zero point first.
            if dialect == .prometheus2, toStart >= threshold { toStart = average / 2 }
        }
        if toEnd >= threshold { toEnd = average / 2 }
        var factor = (sampled + toStart + toEnd) / sampled
        if kind == .rate { factor /= seconds }
        return factor
    }

    /// Where in ascending indices those greater than `index` begin.
    private static func position(after index: Int, in indices: [Int]) -> Int {
        var (low, high) = (0, indices.count)
        while low < high {
            let middle = (low + high) / 2
            if indices[middle] <= index { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Indices of samples before which the counter began anew.
    private static func resets(
        of series: RangeSeries, within budget: EvaluationBudget
    ) throws(EvaluationError) -> [Int] {
        let values = series.floats
        var resets: [Int] = []
        try values.indices.dropFirst().forEach(within: budget) { i in
            let isReset =
                values[i] < values[i - 1]
                || (!series.floatStarts.isEmpty
                    && StartTimes.isReset(
                        previousStart: series.floatStarts[i - 1],
                        previousTime: series.floatTimes[i - 1], start: series.floatStarts[i],
                        time: series.floatTimes[i]))
            if isReset { resets.append(i) }
        }
        // Until the value of the function is settled.
        try budget.reserve(resets.count)
        return resets
    }
}

/// `irate` and `idelta` over floats: from the last two samples alone.
enum InstantRate {
    static func floats(isRate: Bool) -> (RangeSeries) -> (Window) -> Double {
        { series in
            { window in
                guard window.floats.count > 1 else { return SampleValue.absent }
                let last = window.floats.upperBound - 1
                return value(series, last - 1, last, isRate: isRate) ?? SampleValue.absent
            }
        }
    }

    /// nil when the two samples have the same time.
    static func value(
        _ series: borrowing RangeSeries, _ previous: Int, _ last: Int, isRate: Bool
    ) -> Double? {
        let interval = series.floatTimes[last] &- series.floatTimes[previous]
        if interval == 0 { return nil }
        let before = series.floats[previous]
        let value = series.floats[last]
        guard isRate else { return value - before }
        let isReset =
            value < before
            || (!series.floatStarts.isEmpty
                && StartTimes.isReset(
                    previousStart: series.floatStarts[previous],
                    previousTime: series.floatTimes[previous], start: series.floatStarts[last],
                    time: series.floatTimes[last]))
        let result = isReset ? value : value - before
        return result / (interval.seconds)
    }
}

/// Rules about start timestamps (`use-start-timestamps`). A start time of 0 says nothing.
enum StartTimes {
    /// Whether the counter began anew between two samples.
    ///
    /// A start that equals the previous sample's time is a reset only where the previous sample
    /// had a start before its own time (a delta); otherwise it is a counter of unknown start.
    static func isReset(
        previousStart: Timestamp, previousTime: Timestamp, start: Timestamp, time: Timestamp
    ) -> Bool {
        guard start != 0, start < time else { return false }
        if start == previousTime { return previousStart != 0 && previousStart < previousTime }
        return start > previousTime
    }

    /// Whether a sample claims to cover time that the previous one, of another start, covers too.
    static func isOverlap(
        previousStart: Timestamp, previousTime: Timestamp, start: Timestamp
    ) -> Bool {
        start != 0 && start < previousTime && start != previousStart
    }
}

extension RangeSeries {
    /// Whether a sample of the window claims time of the sample before it.
    func hasOverlap(in window: Window) -> Bool {
        Self.hasOverlap(floatStarts, floatTimes, window.floats)
            || Self.hasOverlap(histogramStarts, histogramTimes, window.histograms)
    }

    private static func hasOverlap(
        _ starts: [Timestamp], _ times: [Timestamp], _ samples: Range<Int>
    ) -> Bool {
        if starts.isEmpty { return false }
        return samples.dropFirst().contains { i in
            StartTimes.isOverlap(
                previousStart: starts[i - 1], previousTime: times[i - 1], start: starts[i])
        }
    }
}
