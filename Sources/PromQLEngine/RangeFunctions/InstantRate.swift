internal import TimeSeries

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
        return result / (Double(interval) / 1000)
    }
}
