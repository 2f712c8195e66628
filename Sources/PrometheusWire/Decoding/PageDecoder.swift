import GoText
public import TimeSeries

/// Numbers out of the series of a page, which the scanner has validated and spelled.
public struct PageDecoder: Sendable {
    public init() {}

    /// Every series of a page on a grid: each sample at the step whose time it has, to the
    /// millisecond. A vector stands on a grid of one step.
    ///
    /// Histograms know only of themselves yet (`withSettledLayouts`).
    ///
    /// - Throws: when a sample does not stand on a step of the grid, when samples are not in
    ///   order, or `unrecognizableHistogram`.
    public func steps(of page: SeriesPage, on grid: StepGrid) throws(ScanError) -> [StepSeries] {
        var all: [StepSeries] = []
        all.reserveCapacity(page.series.count)
        var column = StepColumn(grid: grid)
        for extent in page.series {
            column.begin()
            if extent.hasHistograms {
                let samples = try HistogramSampleDecoder.samples(of: page, extent)
                for (time, value) in samples.floats { try column.set(value, at: time) }
                for (time, histogram) in samples.histograms {
                    try column.set(histogram, at: time)
                }
            } else {
                try FloatSampleDecoder.read(page, extent) { (time, value) throws(ScanError) in
                    try column.set(value, at: time)
                }
            }
            all.append(
                StepSeries(
                    labels: LabelSet(key: Array(page.keys[extent.key])), values: column.values,
                    histograms: column.histograms))
        }
        return all
    }

    /// Every series of a page with its raw samples.
    ///
    /// - Throws: when samples are not in order, or `unrecognizableHistogram`.
    public func samples(of page: SeriesPage) throws(ScanError) -> [SampleSeries] {
        var all: [SampleSeries] = []
        all.reserveCapacity(page.series.count)
        for extent in page.series {
            var series = SampleSeries(labels: LabelSet(key: Array(page.keys[extent.key])))
            if extent.hasHistograms {
                try merge(HistogramSampleDecoder.samples(of: page, extent), into: &series)
            } else {
                var last = Timestamp.min
                try FloatSampleDecoder.read(page, extent) { (time, value) throws(ScanError) in
                    guard time > last else { throw .disorderedSamples }
                    last = time
                    series.times.append(time)
                    series.values.append(value)
                }
            }
            all.append(series)
        }
        return all
    }

    /// Floats and histograms in one order of time.
    private func merge(
        _ samples: HistogramSampleDecoder.Samples, into series: inout SampleSeries
    ) throws(ScanError) {
        var histograms = samples.histograms[...]
        var last = Timestamp.min
        func follow(_ time: Timestamp) throws(ScanError) {
            guard time > last else { throw .disorderedSamples }
            last = time
            series.times.append(time)
        }
        func takeHistograms(before time: Timestamp?) throws(ScanError) {
            while let next = histograms.first, time.map({ next.time < $0 }) ?? true {
                series.histograms[series.times.count] = next.value
                try follow(next.time)
                series.values.append(0)
                histograms.removeFirst()
            }
        }
        for (time, value) in samples.floats {
            try takeHistograms(before: time)
            try follow(time)
            series.values.append(value)
        }
        try takeHistograms(before: nil)
    }
}

extension ScanError {
    static let disorderedSamples = ScanError.malformed(
        "samples of a series are not in ascending order of time")
}

/// One series on a grid, while it is filled.
private struct StepColumn {
    private let grid: StepGrid
    private let count: Int
    private(set) var values: [Double] = []
    private(set) var histograms: [Int: FloatHistogram] = [:]
    /// The step of the last float, and the time of the step behind it.
    private var last = -1
    private var next: Timestamp = 0

    init(grid: StepGrid) {
        self.grid = grid
        count = grid.count
    }

    mutating func begin() {
        values = [Double](repeating: SampleValue.absent, count: count)
        histograms = [:]
        last = -1
        next = grid.start
    }

    mutating func set(_ value: Double, at time: Timestamp) throws(ScanError) {
        // Most series have a sample at every step.
        let step = time == next && last + 1 < count ? last + 1 : try self.step(at: time)
        guard step > last else { throw .disorderedSamples }
        last = step
        next = time &+ grid.step
        values[step] = value
    }

    mutating func set(_ histogram: FloatHistogram, at time: Timestamp) throws(ScanError) {
        let step = try step(at: time)
        guard histograms[step] == nil, SampleValue.isAbsent(values[step]) else {
            throw .disorderedSamples
        }
        histograms[step] = histogram
    }

    private func step(at time: Timestamp) throws(ScanError) -> Int {
        guard let distance = time.distance(from: grid.start), distance >= .zero,
            grid.step == .zero ? distance == .zero : distance % grid.step == .zero,
            case let step = grid.step == .zero ? 0 : distance / grid.step, step < count
        else {
            throw .malformed("a sample at \(time) ms, where no step was asked for")
        }
        return Int(step)
    }
}
