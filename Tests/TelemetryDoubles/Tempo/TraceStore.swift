/// A value of an attribute.
package indirect enum TraceValue: Sendable, Hashable {
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case array([TraceValue])
}

package struct TraceAttribute: Sendable, Hashable {
    package var key: String
    package var value: TraceValue

    package init(_ key: String, _ value: TraceValue) {
        self.key = key
        self.value = value
    }
}

package struct TraceSpan: Sendable, Hashable {
    package struct Event: Sendable, Hashable {
        package var time: UInt64
        package var name: String
        package var attributes: [TraceAttribute]
    }

    package struct Link: Sendable, Hashable {
        package var traceID: [UInt8]
        package var spanID: [UInt8]
        package var attributes: [TraceAttribute]
    }

    /// 16 bytes.
    package var traceID: [UInt8]
    /// 8 bytes.
    package var spanID: [UInt8]
    /// Empty for a root.
    package var parentID: [UInt8] = []
    package var state = ""
    package var name = ""
    /// As OTLP numbers them: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    package var kind = 0
    /// Nanoseconds since 1970.
    package var start: UInt64 = 0
    package var end: UInt64 = 0
    package var attributes: [TraceAttribute] = []
    package var events: [Event] = []
    package var links: [Link] = []
    /// 0 unset, 1 ok, 2 error.
    package var status = 0
    package var statusMessage = ""

    package init(traceID: [UInt8], spanID: [UInt8]) {
        self.traceID = traceID
        self.spanID = spanID
    }

    var duration: Int64 { end > start ? Int64(end - start) : 0 }
}

/// Spans of one resource and one scope.
package struct SpanBatch: Sendable, Hashable {
    package var resource: [TraceAttribute] = []
    package var scopeName = ""
    package var scopeVersion = ""
    package var spans: [TraceSpan] = []

    package init(resource: [TraceAttribute], spans: [TraceSpan]) {
        self.resource = resource
        self.spans = spans
    }
}

/// The spans of one tenant.
package struct TraceStore: Sendable {
    struct Malformed: Error {}

    /// In the order in which they were pushed.
    private(set) var batches: [SpanBatch] = []

    package init() {}

    package mutating func push(_ batch: SpanBatch) { batches.append(batch) }

    /// Adds the body of an OTLP/HTTP request in JSON.
    package mutating func push(otlp json: [UInt8]) throws {
        guard let node = JSONNode(json), node["resourceSpans"] != nil else { throw Malformed() }
        push(otlp: node)
    }

    mutating func push(otlp node: JSONNode) {
        for resource in node["resourceSpans"]?.elements ?? [] {
            for scope in resource["scopeSpans"]?.elements ?? [] {
                var batch = SpanBatch(
                    resource: Self.attributes(resource["resource"]?["attributes"]),
                    spans: (scope["spans"]?.elements ?? []).map(Self.span))
                batch.scopeName = scope["scope"]?["name"]?.text ?? ""
                batch.scopeVersion = scope["scope"]?["version"]?.text ?? ""
                push(batch)
            }
        }
    }

    private static func span(_ node: JSONNode) -> TraceSpan {
        var span = TraceSpan(
            traceID: HexText.bytes(node["traceId"]?.text ?? ""),
            spanID: HexText.bytes(node["spanId"]?.text ?? ""))
        span.parentID = HexText.bytes(node["parentSpanId"]?.text ?? "")
        span.state = node["traceState"]?.text ?? ""
        span.name = node["name"]?.text ?? ""
        span.kind = Int(node["kind"]?.integer ?? 0)
        span.start = UInt64(node["startTimeUnixNano"]?.integer ?? 0)
        span.end = UInt64(node["endTimeUnixNano"]?.integer ?? 0)
        span.attributes = attributes(node["attributes"])
        span.status = Int(node["status"]?["code"]?.integer ?? 0)
        span.statusMessage = node["status"]?["message"]?.text ?? ""
        span.events = (node["events"]?.elements ?? []).map { event in
            TraceSpan.Event(
                time: UInt64(event["timeUnixNano"]?.integer ?? 0),
                name: event["name"]?.text ?? "", attributes: attributes(event["attributes"]))
        }
        span.links = (node["links"]?.elements ?? []).map { link in
            TraceSpan.Link(
                traceID: HexText.bytes(link["traceId"]?.text ?? ""),
                spanID: HexText.bytes(link["spanId"]?.text ?? ""),
                attributes: attributes(link["attributes"]))
        }
        return span
    }

    private static func attributes(_ node: JSONNode?) -> [TraceAttribute] {
        (node?.elements ?? []).map { pair in
            TraceAttribute(pair["key"]?.text ?? "", value(pair["value"] ?? .null))
        }
    }

    private static func value(_ node: JSONNode) -> TraceValue {
        if let text = node["stringValue"]?.text { return .string(text) }
        if let number = node["intValue"]?.integer { return .int(number) }
        if case .bool(let value) = node["boolValue"] { return .bool(value) }
        if case .number(let text) = node["doubleValue"] { return .double(Double(text) ?? 0) }
        return .array((node["arrayValue"]?["values"]?.elements ?? []).map(value))
    }

    // MARK: Traces

    /// All traces, ordered by their ID.
    var traces: [StoredTrace] {
        var places: [[UInt8]: Int] = [:]
        var traces: [StoredTrace] = []
        for batch in batches {
            for span in batch.spans {
                let place = places[span.traceID] ?? traces.count
                if place == traces.count {
                    places[span.traceID] = place
                    traces.append(StoredTrace(id: span.traceID))
                }
                traces[place].spans.append(StoredSpan(span: span, batch: batch))
            }
        }
        return traces.sorted { $0.id.lexicographicallyPrecedes($1.id) }
    }

    /// The batches with the spans of one trace.
    func batches(of id: [UInt8]) -> [SpanBatch] {
        batches.compactMap { batch in
            var batch = batch
            batch.spans.removeAll { $0.traceID != id }
            return batch.spans.isEmpty ? nil : batch
        }
    }
}

/// A span with what it belongs to.
struct StoredSpan: Sendable {
    var span: TraceSpan
    var batch: SpanBatch

    var service: String {
        guard case .string(let name) = batch.resource.value(of: "service.name") else { return "" }
        return name
    }
}

struct StoredTrace: Sendable {
    let id: [UInt8]
    var spans: [StoredSpan] = []

    var start: UInt64 { spans.map(\.span.start).min() ?? 0 }
    var end: UInt64 { spans.map(\.span.end).max() ?? 0 }
    var duration: Int64 { Int64(end - start) }
    var root: StoredSpan? { spans.first { $0.span.parentID.isEmpty } }

    /// Whether a span lies in a window of seconds.
    func isIn(_ window: Range<Int64>) -> Bool {
        spans.contains { span in
            Int64(span.span.start / 1_000_000_000) < window.upperBound
                && Int64(span.span.end / 1_000_000_000) >= window.lowerBound
        }
    }
}

extension [TraceAttribute] {
    func value(of key: String) -> TraceValue? { first { $0.key == key }?.value }
}

/// Bytes as digits of base 16.
enum HexText {
    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// An ID as Tempo's search tells it: without the zeros at its beginning.
    static func short(_ id: [UInt8]) -> String { String(text(id).drop { $0 == "0" }) }

    static func bytes(_ text: String) -> [UInt8] {
        stride(from: 0, to: text.utf8.count - 1, by: 2).compactMap { offset in
            UInt8(text.dropFirst(offset).prefix(2), radix: 16)
        }
    }
}
