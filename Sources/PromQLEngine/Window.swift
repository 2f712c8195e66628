/// The samples of one series that lie in the window of one step: index ranges, nothing copied.
struct Window {
    var step: Int
    /// The window's limits in milliseconds, margins of extended selectors left out.
    var start: Int64
    var end: Int64
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
        _ first: inout Int, _ end: inout Int, in times: [Int64], from: Int64, to: Int64
    ) {
        while end < times.count, times[end] <= to { end += 1 }
        while first < end, times[first] < from { first += 1 }
    }
}
