public import GatewayLog
import PrometheusWire
public import TraceExport

/// What became of lines of the log and of spans, as metrics.
public struct TelemetryMetrics: Sendable {
    private let log: GatewayLog?
    private let exporter: SpanExporter?

    /// - Parameters:
    ///   - log: nil where lines go elsewhere.
    ///   - exporter: nil where no spans are made.
    public init(log: GatewayLog? = nil, exporter: SpanExporter? = nil) {
        self.log = log
        self.exporter = exporter
    }

    func exposition() -> ExpositionText {
        var text = ExpositionText()
        if let log { text.family(Self.droppedLines, is: Double(log.droppedLines)) }
        if let counts = exporter?.counts {
            text.family(Self.spans)
            text.sample([("outcome", "exported")], Double(counts.exported))
            text.sample([("outcome", "dropped")], Double(counts.dropped))
        }
        return text
    }

    private static let droppedLines = MetricFamily(
        "tributary_log_lines_dropped_total", .counter,
        "Lines of the log and the query log that could not be written in time.")
    private static let spans = MetricFamily(
        "tributary_trace_spans_total", .counter,
        "With tracing, spans that the collector took (exported), and those that were lost (dropped).",
        labels: ["outcome"])

    static let families = [droppedLines, spans]
}
