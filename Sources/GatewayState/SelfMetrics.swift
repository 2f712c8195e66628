import GoText
public import PrometheusServer
public import PrometheusWire
import RegularExpressions

/// `status/self_metrics`: the gateway's own metrics as a list of metric families in the JSON of
/// protocol buffers.
public struct SelfMetrics: Sendable {
    private let metrics: ExpositionText

    public init(_ metrics: ExpositionText) { self.metrics = metrics }

    /// - Throws: 400 for a `metric_name_pattern` that is no regular expression.
    public func response(to request: PrometheusRequest) throws(APIError) -> PrometheusResponse {
        var families = metrics.families.filter { !$0.samples.isEmpty }
        let pattern = request.parameter("metric_name_pattern")
        if !pattern.isEmpty {
            let expression: RegularExpression
            do throws(RegularExpressionError) {
                expression = try RegularExpression(pattern)
            } catch {
                throw .badData("invalid metric_name_pattern: \(error.description)")
            }
            families.removeAll { !expression.matches($0.declared.name) }
        }
        families.sort { ByteString($0.declared.name) < ByteString($1.declared.name) }
        let json = JSONValue.array(families.map(Self.json))
        return .json(Envelope.head + json.bytes + [UInt8(ascii: "}")])
    }

    private static func json(_ family: ExpositionText.Family) -> JSONValue {
        let metrics: [JSONValue]
        switch family.declared.kind {
        case .counter, .gauge:
            metrics = family.samples.map { sample in
                .object([
                    ("label", labels(sample.labels)),
                    (family.declared.kind.rawValue, .object([("value", number(sample.value))])),
                ])
            }
        case .histogram: metrics = histograms(family.samples)
        }
        return .object([
            ("name", .string(family.declared.name)), ("help", .string(family.declared.help)),
            ("type", .string(family.declared.kind.rawValue.uppercased())),
            ("metric", .array(metrics)),
        ])
    }

    /// The samples of one histogram follow each other, its count last.
    private static func histograms(_ samples: [ExpositionText.Sample]) -> [JSONValue] {
        var all: [JSONValue] = []
        var buckets: [JSONValue] = []
        var sum = 0.0
        for sample in samples {
            switch sample.suffix {
            case "_bucket":
                let bound = sample.labels.last?.value ?? ""
                if bound == "+Inf" { continue }
                buckets.append(
                    .object([
                        ("cumulativeCount", .string(whole(sample.value))),
                        ("upperBound", .number(bound)),
                    ]))
            case "_sum": sum = sample.value
            default:
                all.append(
                    .object([
                        ("label", labels(sample.labels)),
                        (
                            "histogram",
                            .object([
                                ("sampleCount", .string(whole(sample.value))),
                                ("sampleSum", number(sum)), ("bucket", .array(buckets)),
                            ])
                        ),
                    ]))
                buckets = []
            }
        }
        return all
    }

    private static func labels(_ labels: [(name: String, value: String)]) -> JSONValue {
        .array(
            labels.sorted { ByteString($0.name) < ByteString($1.name) }.map {
                .object([("name", .string($0.name)), ("value", .string($0.value))])
            })
    }

    /// 64-bit integers are strings in this format.
    private static func whole(_ value: Double) -> String {
        Int64(exactly: value).map(String.init) ?? GoFloat.text(value)
    }

    private static func number(_ value: Double) -> JSONValue {
        if value.isNaN { return .string("NaN") }
        if value.isInfinite { return .string(value < 0 ? "-Infinity" : "Infinity") }
        return .number(GoFloat.text(value))
    }
}
