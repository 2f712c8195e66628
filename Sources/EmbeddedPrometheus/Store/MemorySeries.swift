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
    var firstTime: Int64? { sealed.first?.times.first ?? open.times.first }
    var lastTime: Int64? { open.times.last ?? sealed.last?.times.last }

    mutating func append(
        time: Int64, value: SampleInput, startTime: Int64
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

    /// Drops the sealed runs that end before a time (ms).
    mutating func dropRuns(endingBefore time: Int64) {
        let kept = sealed.firstIndex { ($0.times.last ?? time) >= time } ?? sealed.count
        sealed.removeFirst(kept)
        if let last = open.times.last, last < time { open = SampleChunk() }
    }

    func overlaps(from: Int64, through: Int64) -> Bool {
        guard let first = firstTime, let last = lastTime else { return false }
        return first <= through && last >= from
    }

    /// The samples in `from...through` (ms, both ends included); nil when there is none.
    func samples(from: Int64, through: Int64) -> SampleSeries? {
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
