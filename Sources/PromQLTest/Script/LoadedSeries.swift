public import TimeSeries

extension LoadCommand {
    /// The samples that the command adds. Of a series written twice the last line counts.
    ///
    /// Native histograms get the counter reset hints that a Prometheus gives them when it reads
    /// what it stored: a histogram that continues the one before is no reset, gauges and resets
    /// that were said to be such stay so, of all others nothing is known.
    public func series() -> [SampleSeries] {
        var order: [LabelSet] = []
        var byLabels: [LabelSet: SampleSeries] = [:]
        for entry in entries {
            if byLabels[entry.series.labels] == nil { order.append(entry.series.labels) }
            byLabels[entry.series.labels] = samples(of: entry)
        }
        var all = order.compactMap { byLabels[$0] }
        if addsCustomHistograms { all += CustomHistograms(of: all).series }
        return all.map(\.withStoredHints)
    }

    private func samples(of entry: Entry) -> SampleSeries {
        var samples = SampleSeries(labels: entry.series.labels)
        for (i, value) in entry.series.values.enumerated() {
            let time = Int64(i) &* step
            switch value {
            case .omitted: continue
            case .float(let float):
                samples.values.append(float)
            case .histogram(let histogram, _):
                samples.histograms[samples.times.count] = histogram
                samples.values.append(SampleValue.normalNaN)
            }
            samples.times.append(time)
            if !entry.startOffsets.isEmpty {
                samples.startTimes.append(entry.startOffsets[i].map { time &+ $0 } ?? 0)
            }
        }
        return samples
    }
}

extension SampleSeries {
    fileprivate var withStoredHints: SampleSeries {
        guard !histograms.isEmpty else { return self }
        var out = self
        var previous: FloatHistogram?
        for i in times.indices {
            guard var histogram = histograms[i] else {
                previous = nil
                continue
            }
            switch histogram.counterResetHint {
            case .gauge, .reset: break
            case .unknown, .notReset: histogram.counterResetHint = .unknown
            }
            if histogram.counterResetHint == .unknown, let previous,
                previous.counterResetHint != .gauge, !histogram.isReset(after: previous)
            {
                histogram.counterResetHint = .notReset
            }
            out.histograms[i] = histogram
            previous = histogram
        }
        return out
    }
}
