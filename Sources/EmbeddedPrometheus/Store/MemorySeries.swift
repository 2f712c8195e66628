import GoText
import TimeSeries

/// One stored series: sealed runs, shared with every snapshot taken since, and a short open run,
/// so that an append after a snapshot copies no more than the open run.
struct MemorySeries: Sendable {
    static let sealedCount = 256

    let labels: LabelSet
    private(set) var sealed: [SampleChunk] = []
    private(set) var open = SampleChunk()

    init(labels: LabelSet) { self.labels = labels }

    var isEmpty: Bool { sealed.isEmpty && open.count == 0 }
    var count: Int { sealed.reduce(open.count) { $0 + $1.count } }
    var firstTime: Timestamp? { sealed.first?.times.first ?? open.times.first }
    var lastTime: Timestamp? { open.times.last ?? sealed.last?.times.last }

    mutating func append(
        time: Timestamp, value: SampleInput, startTime: Timestamp
    ) throws(AppendError) {
        if let last = lastTime, time <= last { throw .outOfOrder(time: time, last: last) }
        open.append(time: time, value: value, startTime: startTime)
        if open.count >= Self.sealedCount { seal() }
    }

    /// Adds samples that may lie anywhere in time; at equal times the new sample wins.
    mutating func merge(_ samples: SampleChunk) {
        guard let first = samples.times.first else { return }
        seal()
        guard let last = lastTime, first <= last else {
            sealed.append(samples)
            return
        }
        var existing = SampleChunk()
        for chunk in sealed { existing.append(0..<chunk.count, of: chunk) }
        sealed = [Self.merged(existing, samples)]
    }

    /// Drops the sealed runs that end before a time.
    mutating func dropRuns(endingBefore time: Timestamp) {
        let kept = sealed.firstIndex { ($0.times.last ?? time) >= time } ?? sealed.count
        sealed.removeFirst(kept)
        if let last = open.times.last, last < time { open = SampleChunk() }
    }

    func overlaps(from: Timestamp, through: Timestamp) -> Bool {
        guard let first = firstTime, let last = lastTime else { return false }
        return first <= through && last >= from
    }

    /// The samples in `from...through` (both ends included); nil when there is none.
    func samples(from: Timestamp, through: Timestamp) -> SampleSeries? {
        guard overlaps(from: from, through: through) else { return nil }
        var out = SampleChunk()
        for chunk in sealed {
            guard let first = chunk.times.first, let last = chunk.times.last else { continue }
            if last < from { continue }
            if first > through { break }
            if first >= from, last <= through, out.count == 0 {
                out = chunk
            } else {
                out.append(chunk.indices(from: from, through: through), of: chunk)
            }
        }
        if open.count > 0 {
            out.append(open.indices(from: from, through: through), of: open)
        }
        guard out.count > 0 else { return nil }
        return SampleSeries(
            labels: labels, times: out.times, values: out.values, histograms: out.histograms,
            startTimes: out.startTimes)
    }

    private mutating func seal() {
        guard open.count > 0 else { return }
        sealed.append(open)
        open = SampleChunk()
    }

    private static func merged(_ a: SampleChunk, _ b: SampleChunk) -> SampleChunk {
        var out = SampleChunk()
        var i = 0
        var j = 0
        while i < a.count || j < b.count {
            let takesNew = i >= a.count || (j < b.count && b.times[j] <= a.times[i])
            if takesNew {
                if i < a.count, a.times[i] == b.times[j] { i += 1 }
                out.append(j..<(j + 1), of: b)
                j += 1
            } else {
                out.append(i..<(i + 1), of: a)
                i += 1
            }
        }
        return out
    }
}

/// A run of samples of one series, in time order. Sealed runs are shared between snapshots.
struct SampleChunk: Sendable {
    var times: [Timestamp] = []
    var values: [Double] = []
    var histograms: [Int: FloatHistogram] = [:]
    /// Empty, or one per time.
    var startTimes: [Timestamp] = []

    var count: Int { times.count }

    mutating func append(time: Timestamp, value: SampleInput, startTime: Timestamp) {
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

    func sample(at index: Int) -> (time: Timestamp, value: SampleInput, startTime: Timestamp) {
        let value = histograms[index].map(SampleInput.histogram) ?? .float(values[index])
        return (times[index], value, startTimes.isEmpty ? 0 : startTimes[index])
    }

    /// The indices of the samples in `from...through` (both ends included).
    func indices(from: Timestamp, through: Timestamp) -> Range<Int> {
        let lower = firstIndex { $0 >= from }
        let upper = firstIndex { $0 > through }
        return lower..<max(lower, upper)
    }

    private func firstIndex(where isBeyond: (Timestamp) -> Bool) -> Int {
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(times[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Names and values in the escaped form of `LabelSet.key`, which compares as Prometheus compares.
enum LabelBytes {
    static func escaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        LabelSet.append(text.utf8, to: &bytes)
        bytes.removeLast()
        return bytes
    }

    static func text(_ escaped: some Collection<UInt8>) -> String {
        guard escaped.contains(1) else { return String(decoding: escaped, as: UTF8.self) }
        var bytes: [UInt8] = []
        var follows = false
        for byte in escaped {
            if follows {
                bytes.append(byte &- 1)
                follows = false
            } else if byte == 1 {
                follows = true
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
