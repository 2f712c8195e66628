import TimeSeries

extension Plan {
    /// Whether the answers hold native histograms where a split aggregation pooled numbers: its
    /// average or variance then differs from the union's, and the query is to be planned again
    /// with `FederationScope.Exactness.strict`.
    public func poolsHistograms(_ fetched: [FetchedValue]) -> Bool {
        leaves.contains { leaf in
            switch leaf.combination {
            case .union, .samples, .information: false
            case .average, .variance:
                leaf.fetches.contains { id in
                    guard case .steps(let series) = fetched[id] else { return false }
                    return series.contains { !$0.histograms.isEmpty }
                }
            }
        }
    }
}
