/// Rules about start timestamps (`use-start-timestamps`). A start time of 0 says nothing.
enum StartTimes {
    /// Whether the counter began anew between two samples.
    ///
    /// A start that equals the previous sample's time is a reset only where the previous sample
    /// had a start before its own time (a delta); otherwise it is a counter of unknown start.
    static func isReset(
        previousStart: Int64, previousTime: Int64, start: Int64, time: Int64
    ) -> Bool {
        guard start != 0, start < time else { return false }
        if start == previousTime { return previousStart != 0 && previousStart < previousTime }
        return start > previousTime
    }

    /// Whether a sample claims to cover time that the previous one, of another start, covers too.
    static func isOverlap(previousStart: Int64, previousTime: Int64, start: Int64) -> Bool {
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
        _ starts: [Int64], _ times: [Int64], _ samples: Range<Int>
    ) -> Bool {
        if starts.isEmpty { return false }
        return samples.dropFirst().contains { i in
            StartTimes.isOverlap(
                previousStart: starts[i - 1], previousTime: times[i - 1], start: starts[i])
        }
    }
}
