import GoText
import PrometheusWire

/// Series that a query of metrics gave, at each step of a range or over the whole of it.
public struct TraceMetricsAnswer: Sendable, Equatable {
    var series: [TraceSeries] = []
    var statistics = AnswerStatistics()
    /// Whether something is missing.
    public internal(set) var isPartial = false
    private(set) var sentences: [String] = []

    init() {}

    /// Reads a member's body. Fields that are not known are left out.
    public init(parsing bytes: [UInt8]) throws(TempoAnswerError) {
        let document = try AnswerDocument.read(bytes)
        series = []
        for item in document["series"]?.items ?? [] {
            series.append(try TraceSeries(item))
        }
        statistics = AnswerStatistics(document)
        isPartial = document["status"]?.text == "PARTIAL"
        if let message = document["message"]?.text, !message.isEmpty { sentences = [message] }
    }

    /// Says of members that are missing. The answer is partial then.
    public mutating func note(missing sentences: [String]) {
        guard !sentences.isEmpty else { return }
        isPartial = true
        self.sentences += sentences
    }

    mutating func addNotes(of other: TraceMetricsAnswer) {
        isPartial = isPartial || other.isPartial
        for sentence in other.sentences where !sentences.contains(sentence) {
            sentences.append(sentence)
        }
    }

    /// As Tempo writes it.
    public var body: [UInt8] {
        var pairs: [(key: String, value: JSONValue)] = [
            ("series", .array(series.map(\.json))), ("metrics", statistics.json),
        ]
        if isPartial { pairs.append(("status", .string("PARTIAL"))) }
        if !sentences.isEmpty {
            pairs.append(("message", .string(sentences.joined(separator: "; "))))
        }
        return JSONValue.object(pairs).bytes
    }
}

/// One series.
struct TraceSeries: Sendable, Equatable {
    struct Label: Sendable, Equatable {
        /// As the query names the attribute.
        var key: String
        /// The value and its type, as in a span's attribute.
        var value: JSONValue
    }

    struct Sample: Sendable, Equatable {
        /// Since the epoch.
        var milliseconds: Int64
        var value: Double
    }

    struct Exemplar: Sendable, Equatable {
        var labels: [JSONValue]
        /// Nil where it is left out, which means zero.
        var value: Double?
        /// Since the epoch.
        var milliseconds: Int64

        /// The id of the trace that it is of.
        var trace: String? {
            let label = labels.first { $0["key"]?.text == "trace:id" }
            return label?["value"]?["stringValue"]?.text
        }
    }

    var labels: [Label]
    /// Those of a range, oldest first. A step without a sample has no value.
    var samples: [Sample] = []
    /// That of an instant query.
    var value: Double?
    var exemplars: [Exemplar] = []

    init(labels: [Label]) { self.labels = labels }

    init(_ document: JSONValue) throws(TempoAnswerError) {
        labels = (document["labels"]?.items ?? []).map {
            Label(key: $0["key"]?.text ?? "", value: $0["value"] ?? .object([]))
        }
        for item in document["samples"]?.items ?? [] {
            samples.append(
                Sample(
                    milliseconds: try Self.milliseconds(item), value: try Self.number(item) ?? 0))
        }
        for item in document["exemplars"]?.items ?? [] {
            exemplars.append(
                Exemplar(
                    labels: item["labels"]?.items ?? [], value: try Self.number(item),
                    milliseconds: try Self.milliseconds(item)))
        }
        value = try Self.number(document)
        samples.sort { $0.milliseconds < $1.milliseconds }
    }

    private static func milliseconds(_ document: JSONValue) throws(TempoAnswerError) -> Int64 {
        let field = document["timestampMs"]
        guard let time = field.map({ $0.integer ?? $0.text.flatMap { Int64($0) } }) ?? 0 else {
            throw TempoAnswerError("a sample without a time")
        }
        return time
    }

    private static func number(_ document: JSONValue) throws(TempoAnswerError) -> Double? {
        guard let field = document["value"] else { return nil }
        guard let number = field.float else { throw TempoAnswerError("a value that is no number") }
        return number
    }

    /// The labels as one text, by which series are told apart and put in order.
    var identity: ByteString {
        var out: [UInt8] = []
        for label in labels {
            out.append(contentsOf: label.key.utf8)
            out.append(UInt8(ascii: "="))
            label.value.append(to: &out)
            out.append(0)
        }
        return ByteString(String(decoding: out, as: UTF8.self))
    }

    var json: JSONValue {
        var pairs: [(key: String, value: JSONValue)] = [
            (
                "labels",
                .array(
                    labels.map { .object([("key", .string($0.key)), ("value", $0.value)]) })
            )
        ]
        if !samples.isEmpty {
            let list = samples.map { sample in
                JSONValue.object(
                    [("timestampMs", .string(String(sample.milliseconds)))]
                        + Self.value(sample.value))
            }
            pairs.append(("samples", .array(list)))
        }
        pairs += Self.value(value)
        if !exemplars.isEmpty {
            let list = exemplars.map { exemplar in
                JSONValue.object(
                    [("labels", .array(exemplar.labels))] + Self.value(exemplar.value)
                        + [("timestampMs", .string(String(exemplar.milliseconds)))])
            }
            pairs.append(("exemplars", .array(list)))
        }
        return .object(pairs)
    }

    /// Zero is left out, as an absent field.
    private static func value(_ value: Double?) -> [(key: String, value: JSONValue)] {
        guard let value, value != 0 else { return [] }
        if value.isNaN { return [("value", .string("NaN"))] }
        if value.isInfinite { return [("value", .string(value < 0 ? "-Infinity" : "Infinity"))] }
        var digits: [UInt8] = []
        GoFloat.appendJSON(value, to: &digits)
        return [("value", .number(String(decoding: digits, as: UTF8.self)))]
    }
}
