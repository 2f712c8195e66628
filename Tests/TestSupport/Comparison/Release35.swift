/// Where Prometheus 3.5 is not yet what the gateway follows, which are the releases after it.
public enum Release35 {
    /// Annotations that 3.5 does not have.
    public static func lacks(_ annotation: String) -> Bool {
        annotation.hasPrefix("PromQL warning: sort is ineffective for range queries")
    }

    /// An annotation in the words that both have: later releases count raised buckets, and do not
    /// name a metric whose name is gone.
    public static func worded(_ annotation: String) -> String {
        annotation.replacing(#/, from buckets .*$/#, with: "")
            .replacing(#/ for metric name ""$/#, with: "")
    }

    /// 3.5 takes the info series of the wrong element where series have gaps between the steps.
    public static func confuses(_ query: String, isRange: Bool) -> Bool {
        query.contains("info(") && (isRange || query.contains(#/\[[^\]]*:/#))
    }

    /// Later releases look for duplicates before a comparison drops elements.
    public static func overlooks(_ refusal: String, of query: String) -> Bool {
        guard refusal.hasPrefix("multiple matches for labels: ") else { return false }
        return query.contains(#/==|!=|[<>]=?/#)
    }

    /// Of operands whose types do not go together 3.5 tells one pair for each step, the last one.
    public static func omits(_ annotation: String, besides others: Set<String>) -> Bool {
        let types =
            #/^PromQL info: incompatible sample types encountered for binary operator "[^"]+": /#
        guard let start = annotation.prefixMatch(of: types)?.output else { return false }
        return others.contains { $0.hasPrefix(start) }
    }

    /// Around `histogram_avg`, `histogram_count` and `histogram_sum` 3.5 reads the buckets of
    /// histograms or leaves them out by where the selector stands in the text: only those of the
    /// first one are left out, and only if the function is not outermost. Where `rate` is taken of
    /// gauges, some resets show in the buckets alone, so the two differ.
    public static func readsBucketsByPlace(_ query: String, _ warnings: Set<String>) -> Bool {
        query.contains(#/histogram_(avg|count|sum)/#)
            && warnings.contains {
                $0.hasPrefix("PromQL warning: this native histogram metric is not a counter: ")
            }
    }

    /// Where zero buckets of different widths meet in coarse schemas, 3.5 can count what one bucket
    /// holds in the zero bucket too, or in the one beside it: the buckets then hold more than the
    /// count.
    public static func countsTwice(_ isWhole: Bool, _ isUnionWhole: Bool) -> Bool {
        isWhole && !isUnionWhole
    }

    /// 3.5 takes running means, whose last digits are others: where nothing changed from step to
    /// step, a bucket may seem to have fallen, which is a reset; and among buckets of differences,
    /// which hold more and less than nothing, a quantile may be found in another one.
    public static func roundsMeans(_ query: String) -> Bool {
        query.contains(#/\b(rate|increase|irate|resets|changes)\(.*\bavg\b.*\[[^\]]*:/#)
            || query.contains(#/\bhistogram_quantile\(.*\bavg\b.*\bi?delta\(/#)
    }
}
