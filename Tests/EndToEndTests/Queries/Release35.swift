/// Where Prometheus 3.5 is not yet what the gateway follows, which are the releases after it.
enum Release35 {
    /// Annotations that 3.5 does not have.
    static func lacks(_ annotation: String) -> Bool {
        annotation.hasPrefix("PromQL warning: sort is ineffective for range queries")
    }

    /// An annotation in the words that both have: later releases count raised buckets, and do not
    /// name a metric whose name is gone.
    static func worded(_ annotation: String) -> String {
        annotation.replacing(#/, from buckets .*$/#, with: "")
            .replacing(#/ for metric name ""$/#, with: "")
    }

    /// 3.5 takes the info series of the wrong element where series have gaps between the steps.
    static func confuses(_ query: String, isRange: Bool) -> Bool {
        query.contains("info(") && (isRange || query.contains(#/\[[^\]]*:/#))
    }

    /// Later releases look for duplicates before a comparison drops elements.
    static func overlooks(_ refusal: String, of query: String) -> Bool {
        guard refusal.hasPrefix("multiple matches for labels: ") else { return false }
        return query.contains(#/==|!=|[<>]=?/#)
    }
}
