import TimeSeries

/// A run of samples of one series, in time order. Sealed runs are shared between snapshots.
struct SampleChunk: Sendable {
    var times: [Int64] = []
    var values: [Double] = []
    var histograms: [Int: FloatHistogram] = [:]
    /// Empty, or one per time.
    var startTimes: [Int64] = []

    var count: Int { times.count }

    mutating func append(time: Int64, value: SampleInput, startTime: Int64) {
        if startTime != 0 || !startTimes.isEmpty {
            while startTimes.count < times.count { startTimes.append(0) }
            startTimes.append(startTime)
        }
        switch value {
        case .float(let float):
            values.append(float)
        case .histogram(let histogram):
            histograms[times.count] = histogram
            values.append(SampleValue.normalNaN)
        }
        times.append(time)
    }

    /// Appends the samples of another run at the given indices.
    mutating func append(_ range: Range<Int>, of other: SampleChunk) {
        let base = times.count
        if !other.startTimes.isEmpty || !startTimes.isEmpty {
            while startTimes.count < base { startTimes.append(0) }
            if other.startTimes.isEmpty {
                startTimes.append(contentsOf: repeatElement(0, count: range.count))
            } else {
                startTimes.append(contentsOf: other.startTimes[range])
            }
        }
        times.append(contentsOf: other.times[range])
        values.append(contentsOf: other.values[range])
        for (index, histogram) in other.histograms where range.contains(index) {
            histograms[base + index - range.lowerBound] = histogram
        }
    }

    func sample(at index: Int) -> (time: Int64, value: SampleInput, startTime: Int64) {
        let value = histograms[index].map(SampleInput.histogram) ?? .float(values[index])
        return (times[index], value, startTimes.isEmpty ? 0 : startTimes[index])
    }

    /// The indices of the samples in `from...through` (ms, both ends included).
    func indices(from: Int64, through: Int64) -> Range<Int> {
        let lower = firstIndex { $0 >= from }
        let upper = firstIndex { $0 > through }
        return lower..<max(lower, upper)
    }

    private func firstIndex(where isBeyond: (Int64) -> Bool) -> Int {
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(times[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
