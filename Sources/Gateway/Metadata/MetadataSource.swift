import TimeSeries

/// Says which labels and series a member has. Errors are whatever the member or the way
/// to it gave.
protocol MetadataSource: Sendable {
    func labelNames(_ question: MetadataQuestion) async throws -> MetadataReply<String>
    /// - Parameter name: in the member's own naming.
    func labelValues(
        of name: String, _ question: MetadataQuestion
    ) async throws -> MetadataReply<String>
    func series(_ question: MetadataQuestion) async throws -> MetadataReply<LabelSet>
    /// - Parameter metric: one family's name; nil for all.
    func families(
        metric: String?, _ question: MetadataQuestion
    ) async throws -> MetadataReply<MetricFamily>
}
