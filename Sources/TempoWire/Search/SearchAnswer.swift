import GoText
import PrometheusWire

/// What a search found: traces, and spans of them.
public struct SearchAnswer: Sendable, Equatable {
    var traces: [FoundTrace] = []
    var statistics = AnswerStatistics()

    init() {}

    /// Reads a member's body. Fields that are not known are left out, except those of spans.
    public init(parsing bytes: [UInt8]) throws(TempoAnswerError) {
        let document = try AnswerDocument.read(bytes)
        traces = (document["traces"]?.items ?? []).map(FoundTrace.init)
        statistics = AnswerStatistics(document)
    }

    /// The newest first; of equal age, as they were.
    mutating func sortRows() {
        let order = traces.indices.sorted {
            (traces[$1].start, $0) < (traces[$0].start, $1)
        }
        traces = order.map { traces[$0] }
    }

    /// As Tempo writes it.
    public var body: [UInt8] {
        JSONValue.object([
            ("traces", .array(traces.map(\.json))), ("metrics", statistics.json),
        ]).bytes
    }
}

/// A trace, as much as the search found of it.
struct FoundTrace: Sendable, Equatable {
    /// As a member wrote it: without zeros at the beginning.
    var id: String
    var rootServiceName: String
    var rootTraceName: String
    /// Nanoseconds since the epoch.
    var start: UInt64
    var durationMilliseconds: UInt64
    var spanSets: [FoundSpanSet]
    var services: [Service]

    struct Service: Sendable, Equatable {
        var name: String
        var spans: UInt64
        var errors: UInt64
    }

    /// What Tempo says where the root has not come.
    static let unknownRoot = "<root span not yet received>"

    init(_ document: JSONValue) {
        id = document["traceID"]?.text ?? ""
        rootServiceName = document["rootServiceName"]?.text ?? ""
        rootTraceName = document["rootTraceName"]?.text ?? ""
        start = document["startTimeUnixNano"]?.unsigned ?? 0
        durationMilliseconds = document["durationMs"]?.unsigned ?? 0
        // Before version 2.2 there is one set alone.
        let sets = document["spanSets"]?.items ?? []
        spanSets = (sets.isEmpty ? document["spanSet"].map { [$0] } ?? [] : sets)
            .map(FoundSpanSet.init)
        services = []
        if case .object(let pairs)? = document["serviceStats"] {
            services = pairs.map {
                Service(
                    name: $0.key, spans: $0.value["spanCount"]?.unsigned ?? 0,
                    errors: $0.value["errorCount"]?.unsigned ?? 0)
            }
        }
    }

    /// Nanoseconds since the epoch.
    var end: UInt64 {
        start.addingReportingOverflow(
            durationMilliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue
        ).partialValue
    }

    var hasRoot: Bool {
        !(rootServiceName.isEmpty && rootTraceName.isEmpty) && rootServiceName != Self.unknownRoot
    }

    var json: JSONValue {
        var pairs: [(key: String, value: JSONValue)] = [("traceID", .string(id))]
        if !rootServiceName.isEmpty { pairs.append(("rootServiceName", .string(rootServiceName))) }
        if !rootTraceName.isEmpty { pairs.append(("rootTraceName", .string(rootTraceName))) }
        if start > 0 { pairs.append(("startTimeUnixNano", .string(String(start)))) }
        if durationMilliseconds > 0 {
            pairs.append(("durationMs", .number(String(durationMilliseconds))))
        }
        if let first = spanSets.first {
            pairs.append(("spanSet", first.json))
            pairs.append(("spanSets", .array(spanSets.map(\.json))))
        }
        if !services.isEmpty {
            let services = services.map { service in
                var numbers: [(key: String, value: JSONValue)] = []
                if service.spans > 0 {
                    numbers.append(("spanCount", .number(String(service.spans))))
                }
                if service.errors > 0 {
                    numbers.append(("errorCount", .number(String(service.errors))))
                }
                return (key: service.name, value: JSONValue.object(numbers))
            }
            pairs.append(("serviceStats", .sortedObject(services)))
        }
        return .object(pairs)
    }
}

/// Spans of a trace that match together.
struct FoundSpanSet: Sendable, Equatable {
    /// As the member wrote them.
    var spans: [JSONValue]
    /// All that match, of which `spans` are the first.
    var matched: UInt64
    var attributes: [Attribute]

    struct Attribute: Sendable, Equatable {
        var key: String
        var value: JSONValue
    }

    init(_ document: JSONValue) {
        spans = document["spans"]?.items ?? []
        matched = document["matched"]?.unsigned ?? 0
        attributes = (document["attributes"]?.items ?? []).map {
            Attribute(key: $0["key"]?.text ?? "", value: $0["value"] ?? .object([]))
        }
    }

    /// Sets of equal identity are one set: what they are grouped by is the same.
    var identity: String {
        attributes.filter { $0.key.hasPrefix("by(") }
            .map { FieldText.of([$0.key, String(decoding: $0.value.bytes, as: UTF8.self)]) }
            .joined()
    }

    var json: JSONValue {
        var pairs: [(key: String, value: JSONValue)] = []
        if !spans.isEmpty { pairs.append(("spans", .array(spans))) }
        if matched > 0 { pairs.append(("matched", .number(String(matched)))) }
        if !attributes.isEmpty {
            let list = attributes.map {
                JSONValue.object([("key", .string($0.key)), ("value", $0.value)])
            }
            pairs.append(("attributes", .array(list)))
        }
        return .object(pairs)
    }
}
