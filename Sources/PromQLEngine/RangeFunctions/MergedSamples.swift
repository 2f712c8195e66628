internal import TimeSeries

/// One sample of a window that may hold both kinds.
enum MergedSample {
    case float(Int)
    case histogram(Int)
}

/// The samples of a window in time order, floats and histograms together.
struct MergedSamples: Sequence, IteratorProtocol {
    private let floatTimes: [Int64]
    private let histogramTimes: [Int64]
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
    func time(of sample: MergedSample) -> Int64 {
        switch sample {
        case .float(let i): floatTimes[i]
        case .histogram(let i): histogramTimes[i]
        }
    }

    /// 0 for none.
    func startTime(of sample: MergedSample) -> Int64 {
        switch sample {
        case .float(let i): floatStarts.isEmpty ? 0 : floatStarts[i]
        case .histogram(let i): histogramStarts.isEmpty ? 0 : histogramStarts[i]
        }
    }

    var hasStartTimes: Bool { !floatStarts.isEmpty || !histogramStarts.isEmpty }
}
