/// A native histogram as answers print it: populated buckets with their bounds, and no word of
/// schema, spans and hints.
struct PrintedHistogram {
    struct Bucket {
        /// 0 for (lower, upper], 1 for [lower, upper), 2 for open, 3 for closed.
        var rule: UInt8
        var lower: Double
        var upper: Double
        var count: Double
    }

    var count = 0.0
    var sum = 0.0
    /// In ascending order.
    var buckets: [Bucket] = []
}
