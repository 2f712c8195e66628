import GatewayConfiguration
import GoText
import PrometheusWire
import RequestTelemetry
import Tracing

/// Spans as OTLP takes them in JSON: an `ExportTraceServiceRequest`.
///
/// Identities are hexadecimal digits in lower case, 64-bit numbers are strings, and choices are
/// numbers, as the standard wants it.
enum TraceDocument {
    /// Bytes of a text; the rest is cut off.
    private static let longestText = 4096

    static func bytes(of spans: [FinishedSpan]) -> [UInt8] {
        let resource: JSONValue = .object([
            (
                "attributes",
                .array([
                    pair("service.name", .string("tributary")),
                    pair("service.version", .string(ProductVersion.text)),
                ])
            )
        ])
        let scope: JSONValue = .strings(of: [
            ("name", "tributary"), ("version", ProductVersion.text),
        ])
        let ofScope: JSONValue = .object([
            ("scope", scope), ("spans", .array(spans.map(span))),
        ])
        return JSONValue.object([
            (
                "resourceSpans",
                .array([.object([("resource", resource), ("scopeSpans", .array([ofScope]))])])
            )
        ]).bytes
    }

    private static func span(_ span: FinishedSpan) -> JSONValue {
        var pairs: [(key: String, value: JSONValue)] = [
            ("traceId", .string(span.trace.traceID)), ("spanId", .string(span.trace.spanID)),
        ]
        if let state = span.trace.state { pairs.append(("traceState", .string(state))) }
        if let parent = span.parent { pairs.append(("parentSpanId", .string(parent))) }
        pairs += [
            ("flags", .integer(1)), ("name", .string(cut(span.name))),
            ("kind", .integer(number(of: span.kind))),
            ("startTimeUnixNano", .string(String(span.start))),
            ("endTimeUnixNano", .string(String(span.end))),
            ("attributes", attributes(span.attributes)),
        ]
        if !span.events.isEmpty { pairs.append(("events", .array(span.events.map(event)))) }
        if !span.links.isEmpty {
            let links = span.links.map { link in
                JSONValue.strings(of: [("traceId", link.traceID), ("spanId", link.spanID)])
            }
            pairs.append(("links", .array(links)))
        }
        if let status = span.status {
            var told: [(key: String, value: JSONValue)] = []
            if let message = status.message { told.append(("message", .string(cut(message)))) }
            told.append(("code", .integer(status.code == .ok ? 1 : 2)))
            pairs.append(("status", .object(told)))
        }
        return .object(pairs)
    }

    private static func event(_ event: SpanEvent) -> JSONValue {
        .object([
            ("timeUnixNano", .string(String(event.nanosecondsSinceEpoch))),
            ("name", .string(cut(event.name))), ("attributes", attributes(event.attributes)),
        ])
    }

    private static func number(of kind: SpanKind) -> Int64 {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }

    private static func attributes(_ attributes: SpanAttributes) -> JSONValue {
        var pairs: [(key: String, value: JSONValue)] = []
        attributes.forEach { name, attribute in pairs.append((name, value(attribute))) }
        pairs.sort { $0.key < $1.key }
        return .array(pairs.map { pair($0.key, typed: $0.value) })
    }

    private static func pair(_ name: String, _ value: JSONValue) -> JSONValue {
        pair(name, typed: .object([("stringValue", value)]))
    }

    private static func pair(_ name: String, typed value: JSONValue) -> JSONValue {
        .object([("key", .string(name)), ("value", value)])
    }

    /// An `AnyValue`.
    private static func value(_ attribute: SpanAttribute) -> JSONValue {
        switch attribute {
        case .int32(let number): integer(Int64(number))
        case .int64(let number): integer(number)
        case .double(let number): double(number)
        case .bool(let flag): .object([("boolValue", .bool(flag))])
        case .string(let text): string(text)
        case .stringConvertible(let text): string("\(text)")
        case .int32Array(let all): array(all.map { integer(Int64($0)) })
        case .int64Array(let all): array(all.map(integer))
        case .doubleArray(let all): array(all.map(double))
        case .boolArray(let all): array(all.map { .object([("boolValue", .bool($0))]) })
        case .stringArray(let all): array(all.map(string))
        case .stringConvertibleArray(let all): array(all.map { string("\($0)") })
        default: string("")
        }
    }

    private static func integer(_ number: Int64) -> JSONValue {
        .object([("intValue", .string(String(number)))])
    }

    /// JSON has no number for those that are not finite; protobuf's has words.
    private static func double(_ number: Double) -> JSONValue {
        let value: JSONValue
        if number.isFinite {
            value = .number(GoFloat.text(number))
        } else if number.isNaN {
            value = .string("NaN")
        } else {
            value = .string(number < 0 ? "-Infinity" : "Infinity")
        }
        return .object([("doubleValue", value)])
    }

    private static func string(_ text: String) -> JSONValue {
        .object([("stringValue", .string(cut(text)))])
    }

    private static func array(_ values: [JSONValue]) -> JSONValue {
        .object([("arrayValue", .object([("values", .array(values))]))])
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count > longestText
            ? String(decoding: text.utf8.prefix(longestText), as: UTF8.self) : text
    }
}

/// What a collector answers: an `ExportTraceServiceResponse`.
enum TraceAnswer {
    /// How many spans it did not take; 0 where it says nothing that can be read.
    static func rejected(in bytes: [UInt8]) -> Int {
        guard let answer = try? JSONValue(parsing: bytes),
            case .object(let pairs) = answer,
            case .object(let partial)? = pairs.first(where: { $0.key == "partialSuccess" })?.value
        else { return 0 }
        switch partial.first(where: { $0.key == "rejectedSpans" })?.value {
        case .string(let digits)?, .number(let digits)?: return max(0, Int(digits) ?? 0)
        default: return 0
        }
    }
}
