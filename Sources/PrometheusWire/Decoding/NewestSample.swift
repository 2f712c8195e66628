import GoText
public import TimeSeries

/// The newest sample of a series, whatever it is of a native histogram.
public struct NewestSample: Sendable, Hashable {
    public var labels: LabelSet
    public var time: Timestamp
    /// Nil for a native histogram, which JSON does not give wholly.
    public var value: Double?
}

extension PageDecoder {
    /// The newest sample of every series of a page; series without samples are left out. Histograms
    /// are not rebuilt, so that none can be unrecognizable.
    ///
    /// - Throws: when the bytes are not those of a scanner.
    public func newest(of page: SeriesPage) throws(ScanError) -> [NewestSample] {
        var all: [NewestSample] = []
        for extent in page.series {
            var newest: (time: Timestamp, value: Double?)?
            func take(_ time: Timestamp, _ value: Double?) {
                if newest.map({ $0.time < time }) ?? true { newest = (time, value) }
            }
            if extent.hasHistograms {
                let printed = try HistogramSampleDecoder.printed(of: page, extent)
                for (time, value) in printed.floats { take(time, value) }
                for (time, _) in printed.histograms { take(time, nil) }
            } else {
                try FloatSampleDecoder.read(page, extent) { (time, value) throws(ScanError) in
                    take(time, value)
                }
            }
            guard let newest else { continue }
            all.append(
                NewestSample(
                    labels: LabelSet(key: Array(page.keys[extent.key])), time: newest.time,
                    value: newest.value))
        }
        return all
    }
}
