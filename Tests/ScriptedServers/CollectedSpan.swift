import Foundation

/// A span as a collector reads it that takes nothing but what OTLP's JSON says: identities of
/// hexadecimal digits in lower case, 64-bit numbers as texts, choices as numbers, attributes with one
/// typed value, and no key that the standard does not have.
package struct CollectedSpan: Sendable {
    package struct Wrong: Error, CustomStringConvertible {
        package var description: String
    }

    package var traceId = ""
    package var spanId = ""
    package var parentSpanId: String?
    package var traceState: String?
    package var name = ""
    package var kind = 0
    /// 0 where it is not set.
    package var status = 0
    package var events = 0
    /// By key, values as JSON.
    package var attributes: [String: String] = [:]

    /// The spans of an `ExportTraceServiceRequest`.
    package static func read(_ bytes: [UInt8]) throws -> [CollectedSpan] {
        let root = try object(
            JSONSerialization.jsonObject(with: Data(bytes)), "request", ["resourceSpans"])
        var spans: [CollectedSpan] = []
        for resource in try list(root["resourceSpans"], "resourceSpans") {
            let resource = try object(resource, "resourceSpans", ["resource", "scopeSpans"])
            let described = try object(resource["resource"], "resource", ["attributes"])
            guard try attributes(described["attributes"])["service.name"] != nil else {
                throw Wrong(description: "the resource has no service.name")
            }
            for scope in try list(resource["scopeSpans"], "scopeSpans") {
                let scope = try object(scope, "scopeSpans", ["scope", "spans"])
                _ = try object(scope["scope"], "scope", ["name", "version"])
                spans += try list(scope["spans"], "spans").map(CollectedSpan.init)
            }
        }
        return spans
    }

    private init(_ value: Any) throws {
        let keys: Set<String> = [
            "traceId", "spanId", "traceState", "parentSpanId", "flags", "name", "kind",
            "startTimeUnixNano", "endTimeUnixNano", "attributes", "events", "links", "status",
        ]
        let span = try Self.object(value, "span", keys)
        traceId = try Self.identity(span["traceId"], digits: 32)
        spanId = try Self.identity(span["spanId"], digits: 16)
        parentSpanId = try span["parentSpanId"].map { try Self.identity($0, digits: 16) }
        traceState = span["traceState"] as? String
        name = try Self.text(span["name"], "name")
        kind = try Self.number(span["kind"], "kind", 1...5)
        _ = try Self.number(span["flags"], "flags", 0...0x3FF)
        let start = try Self.nanoseconds(span["startTimeUnixNano"])
        let end = try Self.nanoseconds(span["endTimeUnixNano"])
        guard start <= end, start > 1_500_000_000_000_000_000 else {
            throw Wrong(description: "the span is from \(start) to \(end)")
        }
        attributes = try Self.attributes(span["attributes"])
        for event in try Self.list(span["events"] ?? [Any](), "events") {
            let event = try Self.object(event, "event", ["timeUnixNano", "name", "attributes"])
            _ = try Self.nanoseconds(event["timeUnixNano"])
            _ = try Self.attributes(event["attributes"])
            events += 1
        }
        if let told = span["status"] {
            let told = try Self.object(told, "status", ["code", "message"])
            status = try Self.number(told["code"], "code", 0...2)
        }
    }

    private static func object(
        _ value: Any?, _ name: String, _ keys: Set<String>
    ) throws -> [String: Any] {
        guard let object = value as? [String: Any] else {
            throw Wrong(description: "\(name) is no object")
        }
        guard keys.isSuperset(of: object.keys) else {
            throw Wrong(description: "\(name) has the keys \(object.keys.sorted())")
        }
        return object
    }

    private static func list(_ value: Any?, _ name: String) throws -> [Any] {
        guard let list = value as? [Any] else { throw Wrong(description: "\(name) is no list") }
        return list
    }

    private static func text(_ value: Any?, _ name: String) throws -> String {
        guard let text = value as? String else { throw Wrong(description: "\(name) is no text") }
        return text
    }

    private static func number(
        _ value: Any?, _ name: String, _ range: ClosedRange<Int>
    ) throws -> Int {
        guard let number = value as? Int, range.contains(number) else {
            throw Wrong(description: "\(name) is no number of \(range)")
        }
        return number
    }

    private static func identity(_ value: Any?, digits: Int) throws -> String {
        let text = try text(value, "identity")
        guard text.utf8.count == digits, text.contains(where: { $0 != "0" }),
            text.allSatisfy({ "0123456789abcdef".contains($0) })
        else { throw Wrong(description: "\(text) is no identity of \(digits) digits") }
        return text
    }

    private static func nanoseconds(_ value: Any?) throws -> UInt64 {
        guard let number = UInt64(try text(value, "time")) else {
            throw Wrong(description: "a time is no number of nanoseconds")
        }
        return number
    }

    private static func attributes(_ value: Any?) throws -> [String: String] {
        var all: [String: String] = [:]
        for pair in try list(value, "attributes") {
            let pair = try object(pair, "attribute", ["key", "value"])
            let key = try text(pair["key"], "key")
            try check(pair["value"])
            let written = try JSONSerialization.data(
                withJSONObject: pair["value"] ?? [:], options: .sortedKeys)
            guard all.updateValue(String(decoding: written, as: UTF8.self), forKey: key) == nil
            else { throw Wrong(description: "the attribute \(key) is there twice") }
        }
        return all
    }

    /// One typed value.
    private static func check(_ value: Any?) throws {
        let kinds: Set<String> = [
            "stringValue", "intValue", "doubleValue", "boolValue", "arrayValue",
        ]
        let typed = try object(value, "value", kinds)
        guard typed.count == 1, let (kind, value) = typed.first else {
            throw Wrong(description: "a value has \(typed.count) types")
        }
        switch kind {
        case "stringValue": _ = try text(value, kind)
        case "intValue":
            guard Int64(try text(value, kind)) != nil else {
                throw Wrong(description: "an integer is no number")
            }
        case "arrayValue":
            for one in try list(object(value, kind, ["values"])["values"], "values") {
                try check(one)
            }
        default:
            guard value is NSNumber || value is Double || value is Bool else {
                throw Wrong(description: "\(kind) is no number")
            }
        }
    }
}
