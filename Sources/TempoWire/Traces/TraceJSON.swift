import GoText
import PrometheusWire

/// A trace as Tempo's JSON has it: the mapping of protobuf to JSON, with base64 for bytes (ids too)
/// and strings for numbers of 64 bits. Fields that are not known are left out.
enum TraceJSON {
    /// What is said of a trace beside it.
    struct Header {
        var statistics: [UInt64: UInt64]
        var isPartial: Bool
        var message: String
    }

    /// The body of an answer.
    static func body(
        trace: [UInt8], version: TraceVersion, header: Header
    ) throws(TempoAnswerError) -> [UInt8] {
        var writer = MessageWriter(bytes: trace)
        writer.out.reserveCapacity(trace.count * 3)
        do throws(WireError) {
            switch version {
            case .v1: try writer.write(trace.indices, .traceInBatches, depth: 0)
            case .v2:
                writer.append("{\"trace\":")
                try writer.write(trace.indices, .trace, depth: 0)
            }
        } catch {
            throw TempoAnswerError("a span is no message of OpenTelemetry")
        }
        if version == .v1 { return writer.out }
        writer.append(",\"metrics\":{")
        if let inspected = header.statistics[1], inspected > 0 {
            writer.append("\"inspectedBytes\":\"\(inspected)\"")
        }
        writer.append("}")
        if header.isPartial { writer.append(",\"status\":\"PARTIAL\"") }
        if !header.message.isEmpty {
            writer.append(",\"message\":")
            JSONText.append(header.message, to: &writer.out)
        }
        writer.append("}")
        return writer.out
    }
}

/// The fields of a message that JSON shows.
private struct MessageShape {
    struct Field {
        var number: UInt64
        var name: StaticString
        var kind: Kind
        var isRepeated = false
    }

    enum Kind {
        case text, base64, bool
        /// A number of 32 bits.
        case number
        /// A number of 64 bits.
        case longNumber
        case fixedLong, fixedNumber, double
        case name([StaticString])
        case message(Shape)
    }

    /// Shapes that have shapes of their own in them.
    enum Shape {
        case trace, traceInBatches, resourceSpans, resource, scopeSpans, scope, span, event, link
        case status, keyValue, value, list, pairs, entity
    }

    /// In the order in which they are written.
    var fields: [Field]
    /// Whether one field alone is there, which is shown whatever its value.
    var isChoice = false
}

/// Writes messages as objects. Numbers and texts that are zero or empty are left out, as the mapping
/// wants it.
private struct MessageWriter {
    let bytes: [UInt8]
    var out: [UInt8] = []
    private var found: [[Found]] = []
    /// Values within values; deeper ones are empty objects.
    private static let maximumDepth = 64

    private struct Found {
        var place: Int
        var value: ProtobufReader.Value
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func append(_ text: String) { out.append(contentsOf: text.utf8) }

    private mutating func append(_ text: StaticString) {
        out.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func write(
        _ range: Range<Int>, _ name: MessageShape.Shape, depth: Int
    ) throws(WireError) {
        out.append(UInt8(ascii: "{"))
        if depth < Self.maximumDepth { try writeFields(range, MessageShape.of(name), depth) }
        out.append(UInt8(ascii: "}"))
    }

    private mutating func writeFields(
        _ range: Range<Int>, _ shape: MessageShape, _ depth: Int
    ) throws(WireError) {
        var found = found.popLast() ?? []
        defer {
            found.removeAll(keepingCapacity: true)
            self.found.append(found)
        }
        var isSorted = true
        var reader = ProtobufReader(bytes, range)
        while let field = try reader.next() {
            guard let place = shape.fields.firstIndex(where: { $0.number == field.number }) else {
                continue
            }
            if let last = found.last, last.place > place { isSorted = false }
            found.append(Found(place: place, value: field.value))
        }
        // Of a choice, the last field counts.
        if shape.isChoice { found.removeFirst(max(0, found.count - 1)) }
        if !isSorted {
            // Those of one field stay in their order.
            let order = found.indices.sorted {
                (found[$0].place, $0) < (found[$1].place, $1)
            }
            found = order.map { found[$0] }
        }
        var index = 0
        var isFirst = true
        while index < found.count {
            let place = found[index].place
            var end = index
            while end < found.count, found[end].place == place { end += 1 }
            let field = shape.fields[place]
            if field.isRepeated {
                writeName(field, &isFirst)
                out.append(UInt8(ascii: "["))
                for number in index..<end {
                    if number > index { out.append(UInt8(ascii: ",")) }
                    try writeValue(found[number].value, field.kind, depth)
                }
                out.append(UInt8(ascii: "]"))
            } else if shape.isChoice || !isDefault(found[end - 1].value, field.kind) {
                writeName(field, &isFirst)
                try writeValue(found[end - 1].value, field.kind, depth)
            }
            index = end
        }
    }

    private mutating func writeName(_ field: MessageShape.Field, _ isFirst: inout Bool) {
        if !isFirst { out.append(UInt8(ascii: ",")) }
        isFirst = false
        out.append(UInt8(ascii: "\""))
        append(field.name)
        append("\":" as StaticString)
    }

    private func isDefault(_ value: ProtobufReader.Value, _ kind: MessageShape.Kind) -> Bool {
        if case .message = kind { return false }
        return switch value {
        case .varint(let number): number == 0
        case .bytes(let range): range.isEmpty
        case .fixed(let range): bytes[range].allSatisfy { $0 == 0 }
        }
    }

    private mutating func writeValue(
        _ value: ProtobufReader.Value, _ kind: MessageShape.Kind, _ depth: Int
    ) throws(WireError) {
        switch (kind, value) {
        case (.text, .bytes(let range)): writeText(range)
        case (.base64, .bytes(let range)): writeBase64(range)
        case (.bool, .varint(let number)):
            append(number == 0 ? "false" as StaticString : "true")
        case (.number, .varint(let number)): append(String(UInt32(truncatingIfNeeded: number)))
        case (.longNumber, .varint(let number)):
            out.append(UInt8(ascii: "\""))
            GoFloat.appendInteger(Int64(bitPattern: number), to: &out)
            out.append(UInt8(ascii: "\""))
        case (.fixedLong, .fixed(let range)) where range.count == 8:
            out.append(UInt8(ascii: "\""))
            appendNumber(bits(range))
            out.append(UInt8(ascii: "\""))
        case (.fixedNumber, .fixed(let range)) where range.count == 4: appendNumber(bits(range))
        case (.double, .fixed(let range)) where range.count == 8:
            writeDouble(Double(bitPattern: bits(range)))
        case (.name(let names), .varint(let number)):
            guard let index = Int(exactly: number), index < names.count else {
                append(String(Int32(truncatingIfNeeded: number)))
                return
            }
            out.append(UInt8(ascii: "\""))
            append(names[index])
            out.append(UInt8(ascii: "\""))
        case (.message(let shape), .bytes(let range)): try write(range, shape, depth: depth + 1)
        default: throw .malformed("a field of another type")
        }
    }

    private mutating func appendNumber(_ number: UInt64) {
        if let signed = Int64(exactly: number) {
            GoFloat.appendInteger(signed, to: &out)
        } else {
            append(String(number))
        }
    }

    private mutating func writeText(_ range: Range<Int>) {
        let isPlain = bytes[range].allSatisfy {
            switch $0 {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"),
                UInt8(ascii: "&"):
                false
            default: $0 >= 0x20 && $0 < 0x7F
            }
        }
        guard isPlain else {
            JSONText.append(String(decoding: bytes[range], as: UTF8.self), to: &out)
            return
        }
        out.append(UInt8(ascii: "\""))
        out.append(contentsOf: bytes[range])
        out.append(UInt8(ascii: "\""))
    }

    private func bits(_ range: Range<Int>) -> UInt64 {
        bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func writeDouble(_ value: Double) {
        if value.isFinite {
            GoFloat.appendJSON(value, to: &out)
        } else {
            append(
                value.isNaN
                    ? "\"NaN\"" as StaticString : value < 0 ? "\"-Infinity\"" : "\"Infinity\"")
        }
    }

    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private mutating func writeBase64(_ range: Range<Int>) {
        out.append(UInt8(ascii: "\""))
        var index = range.lowerBound
        while index < range.upperBound {
            let count = min(3, range.upperBound - index)
            var group: UInt32 = 0
            for offset in 0..<3 {
                group = group << 8 | (offset < count ? UInt32(bytes[index + offset]) : 0)
            }
            for offset in 0..<4 {
                let digit = Self.digits[Int(group >> (18 - 6 * UInt32(offset)) & 63)]
                out.append(offset <= count ? digit : UInt8(ascii: "="))
            }
            index += 3
        }
        out.append(UInt8(ascii: "\""))
    }
}

extension MessageShape {
    static func of(_ shape: Shape) -> MessageShape {
        switch shape {
        case .trace: trace
        case .traceInBatches: traceInBatches
        case .resourceSpans: resourceSpans
        case .resource: resource
        case .scopeSpans: scopeSpans
        case .scope: scope
        case .span: span
        case .event: event
        case .link: link
        case .status: status
        case .keyValue: keyValue
        case .value: value
        case .list: list
        case .pairs: pairs
        case .entity: entity
        }
    }

    private static let trace = MessageShape(fields: [
        Field(number: 1, name: "resourceSpans", kind: .message(.resourceSpans), isRepeated: true)
    ])
    private static let traceInBatches = MessageShape(fields: [
        Field(number: 1, name: "batches", kind: .message(.resourceSpans), isRepeated: true)
    ])
    private static let resourceSpans = MessageShape(fields: [
        Field(number: 1, name: "resource", kind: .message(.resource)),
        Field(number: 2, name: "scopeSpans", kind: .message(.scopeSpans), isRepeated: true),
        Field(number: 3, name: "schemaUrl", kind: .text),
    ])
    private static let attributes = Field(
        number: 1, name: "attributes", kind: .message(.keyValue), isRepeated: true)
    private static let resource = MessageShape(fields: [
        attributes,
        Field(number: 2, name: "droppedAttributesCount", kind: .number),
        Field(number: 3, name: "entityRefs", kind: .message(.entity), isRepeated: true),
    ])
    private static let entity = MessageShape(fields: [
        Field(number: 1, name: "schemaUrl", kind: .text),
        Field(number: 2, name: "type", kind: .text),
        Field(number: 3, name: "idKeys", kind: .text, isRepeated: true),
        Field(number: 4, name: "descriptionKeys", kind: .text, isRepeated: true),
    ])
    private static let scopeSpans = MessageShape(fields: [
        Field(number: 1, name: "scope", kind: .message(.scope)),
        Field(number: 2, name: "spans", kind: .message(.span), isRepeated: true),
        Field(number: 3, name: "schemaUrl", kind: .text),
    ])
    private static let scope = MessageShape(fields: [
        Field(number: 1, name: "name", kind: .text),
        Field(number: 2, name: "version", kind: .text),
        Field(number: 3, name: "attributes", kind: .message(.keyValue), isRepeated: true),
        Field(number: 4, name: "droppedAttributesCount", kind: .number),
    ])
    private static let span = MessageShape(fields: [
        Field(number: 1, name: "traceId", kind: .base64),
        Field(number: 2, name: "spanId", kind: .base64),
        Field(number: 3, name: "traceState", kind: .text),
        Field(number: 4, name: "parentSpanId", kind: .base64),
        Field(number: 16, name: "flags", kind: .fixedNumber),
        Field(number: 5, name: "name", kind: .text),
        Field(
            number: 6, name: "kind",
            kind: .name([
                "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
                "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER",
            ])),
        Field(number: 7, name: "startTimeUnixNano", kind: .fixedLong),
        Field(number: 8, name: "endTimeUnixNano", kind: .fixedLong),
        Field(number: 9, name: "attributes", kind: .message(.keyValue), isRepeated: true),
        Field(number: 10, name: "droppedAttributesCount", kind: .number),
        Field(number: 11, name: "events", kind: .message(.event), isRepeated: true),
        Field(number: 12, name: "droppedEventsCount", kind: .number),
        Field(number: 13, name: "links", kind: .message(.link), isRepeated: true),
        Field(number: 14, name: "droppedLinksCount", kind: .number),
        Field(number: 15, name: "status", kind: .message(.status)),
    ])
    private static let event = MessageShape(fields: [
        Field(number: 1, name: "timeUnixNano", kind: .fixedLong),
        Field(number: 2, name: "name", kind: .text),
        Field(number: 3, name: "attributes", kind: .message(.keyValue), isRepeated: true),
        Field(number: 4, name: "droppedAttributesCount", kind: .number),
    ])
    private static let link = MessageShape(fields: [
        Field(number: 1, name: "traceId", kind: .base64),
        Field(number: 2, name: "spanId", kind: .base64),
        Field(number: 3, name: "traceState", kind: .text),
        Field(number: 4, name: "attributes", kind: .message(.keyValue), isRepeated: true),
        Field(number: 5, name: "droppedAttributesCount", kind: .number),
        Field(number: 6, name: "flags", kind: .fixedNumber),
    ])
    private static let status = MessageShape(fields: [
        Field(number: 2, name: "message", kind: .text),
        Field(
            number: 3, name: "code",
            kind: .name(["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"])),
    ])
    private static let keyValue = MessageShape(fields: [
        Field(number: 1, name: "key", kind: .text),
        Field(number: 2, name: "value", kind: .message(.value)),
    ])
    private static let value = MessageShape(
        fields: [
            Field(number: 1, name: "stringValue", kind: .text),
            Field(number: 2, name: "boolValue", kind: .bool),
            Field(number: 3, name: "intValue", kind: .longNumber),
            Field(number: 4, name: "doubleValue", kind: .double),
            Field(number: 5, name: "arrayValue", kind: .message(.list)),
            Field(number: 6, name: "kvlistValue", kind: .message(.pairs)),
            Field(number: 7, name: "bytesValue", kind: .base64),
        ], isChoice: true)
    private static let list = MessageShape(fields: [
        Field(number: 1, name: "values", kind: .message(.value), isRepeated: true)
    ])
    private static let pairs = MessageShape(fields: [
        Field(number: 1, name: "values", kind: .message(.keyValue), isRepeated: true)
    ])
}
