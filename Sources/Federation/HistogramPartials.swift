import TimeSeries

extension Plan {
    /// Whether the answers hold native histograms where a split aggregation pooled numbers: its
    /// average or variance then differs from the union's, and the query is to be planned again
    /// with `FederationScope.Exactness.strict`.
    public func poolsHistograms(_ fetched: [FetchedValue]) -> Bool {
        leaves.contains { leaf in
            Self.poolsNumbers(leaf) && leaf.fetches.contains { Self.holdsHistograms(fetched[$0]) }
        }
    }

    /// Whether one answer alone says so, whatever the others are.
    public func poolsHistograms(_ answer: FetchedValue, of fetch: Int) -> Bool {
        Self.holdsHistograms(answer)
            && leaves.contains { Self.poolsNumbers($0) && $0.fetches.contains(fetch) }
    }

    private static func poolsNumbers(_ leaf: Leaf) -> Bool {
        switch leaf.combination {
        case .union, .samples, .information: false
        case .average, .variance: true
        }
    }

    private static func holdsHistograms(_ answer: FetchedValue) -> Bool {
        guard case .steps(let series) = answer else { return false }
        return series.contains { !$0.histograms.isEmpty }
    }
}
