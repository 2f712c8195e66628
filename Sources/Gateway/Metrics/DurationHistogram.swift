/// Durations counted into fixed buckets.
struct DurationHistogram: Sendable {
    static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

    /// Each bucket's own count; the last one is for everything above the bounds.
    private var counts = [Int](repeating: 0, count: bounds.count + 1)
    private var sum = 0.0

    mutating func observe(_ seconds: Double) {
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        counts[bucket] += 1
        sum += seconds
    }

    func append(labels: [(String, String)], to text: inout ExpositionText) {
        var cumulative = 0
        for (bound, count) in zip(Self.bounds, counts) {
            cumulative += count
            text.sample(suffix: "_bucket", labels + [("le", "\(bound)")], Double(cumulative))
        }
        let total = counts.reduce(0, +)
        text.sample(suffix: "_bucket", labels + [("le", "+Inf")], Double(total))
        text.sample(suffix: "_sum", labels, sum)
        text.sample(suffix: "_count", labels, Double(total))
    }
}
