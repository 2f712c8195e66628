import TimeSeries

extension Plan {
    /// Whether a split average or variance cannot be finished from these answers as the union would
    /// have it: they hold native histograms where numbers were pooled, or numbers so near to the
    /// ends of what doubles hold that the partial results have overflowed or lost their digits. The
    /// query is then to be planned again with `Exactness.strict`.
    ///
    /// - Parameter fetched: indexed as `fetches`.
    public func needsInnerSeries(_ fetched: [FetchedValue]) -> Bool {
        leaves.contains { leaf in
            guard let pooled = leaf.pooled(fetched) else { return false }
            return pooled.needsInnerSeries
                || leaf.fetches.contains { fetched[$0].holdsHistograms }
        }
    }

    /// Whether members answer a fragment with native histograms whose zero buckets differ in width.
    /// Bringing them to one depends on which are added first, which a split aggregation decides
    /// otherwise than the union.
    public func mixesZeroBuckets(_ fetched: [FetchedValue]) -> Bool {
        leaves.contains { leaf in
            guard case .union(let ids) = leaf.combination else { return false }
            var threshold: Double?
            for series in ids.lazy.flatMap({ fetched[$0].steps }) {
                for histogram in series.histograms.values where histogram.zeroCount != 0 {
                    if let threshold, threshold != histogram.zeroThreshold { return true }
                    threshold = histogram.zeroThreshold
                }
            }
            return false
        }
    }

    /// Whether one answer alone says so, whatever the others are: it holds native histograms.
    public func poolsHistograms(_ answer: FetchedValue, of fetch: Int) -> Bool {
        answer.holdsHistograms
            && leaves.contains { leaf in
                switch leaf.combination {
                case .union, .samples, .information: false
                case .average, .variance: leaf.fetches.contains(fetch)
                }
            }
    }
}

extension RemoteNode {
    /// The members' partial aggregates, pooled; nil for a leaf that pools nothing.
    func pooled(_ fetched: [FetchedValue]) -> PartialColumns.Pooled? {
        func column(_ ids: [Int]) -> [StepSeries] { ids.flatMap { fetched[$0].steps } }
        switch combination {
        case .union, .samples, .information: return nil
        case .average(let means, let counts):
            return PartialColumns(count: column(counts), mean: column(means), variance: [])
                .averages(on: grid, without: aggregated)
        case .variance(let counts, let means, let variances, let isDeviation):
            return PartialColumns(
                count: column(counts), mean: column(means), variance: column(variances)
            ).variances(on: grid, without: aggregated, asDeviation: isDeviation)
        }
    }
}

extension FetchedValue {
    fileprivate var holdsHistograms: Bool { steps.contains { !$0.histograms.isEmpty } }

    var steps: [StepSeries] {
        switch self {
        case .steps(let series): series
        case .samples: []
        }
    }
}
