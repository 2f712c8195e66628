/// What an exposition says of one metric family, as `/api/v1/metadata` gives it.
public struct MetricMetadata: Sendable, Hashable {
    /// As in OpenMetrics: counter, gauge, histogram, gaugehistogram, summary, info, stateset or
    /// unknown.
    public var type: String
    public var unit: String
    public var help: String

    public init(type: String = "unknown", unit: String = "", help: String = "") {
        self.type = type
        self.unit = unit
        self.help = help
    }
}
