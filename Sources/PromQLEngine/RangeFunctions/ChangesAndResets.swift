internal import TimeSeries

/// `changes` and `resets`: both compare each sample of a window with the one before it.
struct ChangeCount {
    enum Kind { case changes, resets }
    let kind: Kind
    let isAnchored: Bool

    var function: RangeFunction {
        RangeFunction(
            floats: { series in { window in count(series, window) } },
            histograms: .taken { series in
                { window, _ in
                    let result = count(series, window)
                    return SampleValue.isAbsent(result) ? .none : .float(result)
                }
            })
    }

    private func count(_ series: borrowing RangeSeries, _ window: Window) -> Double {
        var previous: MergedSample?
        var result = 0.0
        var latest = Int64.min
        for sample in MergedSamples(copy series, window) {
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
            let (a, b) = (series.floats[i], series.floats[j])
            return kind == .resets ? b < a : b != a && !(a.isNaN && b.isNaN)
        case (.histogram(let i), .histogram(let j)):
            let (a, b) = (series.histograms[i], series.histograms[j])
            return kind == .resets ? b.isReset(after: a) : !b.hasSameFields(as: a)
        case (.float, .histogram), (.histogram, .float):
            return true
        }
    }
}
