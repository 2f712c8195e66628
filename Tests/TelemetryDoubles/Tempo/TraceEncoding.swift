import GoText

/// Traces in protobuf, and in the JSON of protobuf.
enum TraceEncoding {
    // MARK: JSON

    static func json(_ batches: [SpanBatch]) -> JSONNode {
        .array(
            batches.map { batch in
                .object([
                    .init("resource", .object([.init("attributes", attributes(batch.resource))])),
                    .init(
                        "scopeSpans",
                        .array([
                            .object([
                                .init("scope", scope(batch)),
                                .init("spans", .array(batch.spans.map(span))),
                            ])
                        ])),
                ])
            })
    }

    private static func scope(_ batch: SpanBatch) -> JSONNode {
        var members: [JSONNode.Member] = []
        if !batch.scopeName.isEmpty { members.append(.init("name", .string(batch.scopeName))) }
        if !batch.scopeVersion.isEmpty {
            members.append(.init("version", .string(batch.scopeVersion)))
        }
        return .object(members)
    }

    private static let kinds = [
        "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT",
        "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER",
    ]

    private static func span(_ span: TraceSpan) -> JSONNode {
        var members: [JSONNode.Member] = [
            .init("traceId", base64(span.traceID)), .init("spanId", base64(span.spanID)),
        ]
        if !span.state.isEmpty { members.append(.init("traceState", .string(span.state))) }
        if !span.parentID.isEmpty { members.append(.init("parentSpanId", base64(span.parentID))) }
        if !span.name.isEmpty { members.append(.init("name", .string(span.name))) }
        if kinds.indices.contains(span.kind), span.kind > 0 {
            members.append(.init("kind", .string(kinds[span.kind])))
        }
        members.append(.init("startTimeUnixNano", .string(String(span.start))))
        members.append(.init("endTimeUnixNano", .string(String(span.end))))
        if !span.attributes.isEmpty {
            members.append(.init("attributes", attributes(span.attributes)))
        }
        if !span.events.isEmpty { members.append(.init("events", .array(span.events.map(event)))) }
        if !span.links.isEmpty { members.append(.init("links", .array(span.links.map(link)))) }
        var status: [JSONNode.Member] = []
        if !span.statusMessage.isEmpty {
            status.append(.init("message", .string(span.statusMessage)))
        }
        if span.status > 0 {
            let code = span.status == 1 ? "STATUS_CODE_OK" : "STATUS_CODE_ERROR"
            status.append(.init("code", .string(code)))
        }
        members.append(.init("status", .object(status)))
        return .object(members)
    }

    private static func event(_ event: TraceSpan.Event) -> JSONNode {
        .object([
            .init("timeUnixNano", .string(String(event.time))), .init("name", .string(event.name)),
            .init("attributes", attributes(event.attributes)),
        ])
    }

    private static func link(_ link: TraceSpan.Link) -> JSONNode {
        .object([
            .init("traceId", base64(link.traceID)), .init("spanId", base64(link.spanID)),
            .init("attributes", attributes(link.attributes)),
        ])
    }

    static func attributes(_ attributes: [TraceAttribute]) -> JSONNode {
        .array(
            attributes.map { attribute in
                .object([
                    .init("key", .string(attribute.key)), .init("value", value(attribute.value)),
                ])
            })
    }

    static func value(_ value: TraceValue) -> JSONNode {
        switch value {
        case .string(let text): .object([.init("stringValue", .string(text))])
        case .bool(let value): .object([.init("boolValue", .bool(value))])
        case .int(let number): .object([.init("intValue", .string(String(number)))])
        case .double(let number): .object([.init("doubleValue", .number(GoFloat.text(number)))])
        case .array(let values):
            .object([
                .init("arrayValue", .object([.init("values", .array(values.map(Self.value)))]))
            ])
        }
    }

    private static func base64(_ bytes: [UInt8]) -> JSONNode {
        .string(Base64Text.text(bytes))
    }

    // MARK: Protobuf

    /// The message Trace, whose field 1 are batches.
    static func protobuf(_ batches: [SpanBatch]) -> [UInt8] {
        var trace = ProtobufWriter()
        for batch in batches {
            trace.message(1) { resourceSpans in
                resourceSpans.message(1) { append(batch.resource, 1, to: &$0) }
                resourceSpans.message(2) { scopeSpans in
                    scopeSpans.message(1) { scope in
                        scope.text(1, batch.scopeName)
                        scope.text(2, batch.scopeVersion)
                    }
                    for span in batch.spans { scopeSpans.message(2) { append(span, to: &$0) } }
                }
            }
        }
        return trace.bytes
    }

    private static func append(_ span: TraceSpan, to out: inout ProtobufWriter) {
        out.bytes(1, span.traceID)
        out.bytes(2, span.spanID)
        out.text(3, span.state)
        out.bytes(4, span.parentID)
        out.text(5, span.name)
        out.number(6, UInt64(span.kind))
        out.fixed(7, span.start)
        out.fixed(8, span.end)
        append(span.attributes, 9, to: &out)
        for event in span.events {
            out.message(11) { message in
                message.fixed(1, event.time)
                message.text(2, event.name)
                append(event.attributes, 3, to: &message)
            }
        }
        for link in span.links {
            out.message(13) { message in
                message.bytes(1, link.traceID)
                message.bytes(2, link.spanID)
                append(link.attributes, 4, to: &message)
            }
        }
        out.message(15) { status in
            status.text(2, span.statusMessage)
            status.number(3, UInt64(span.status))
        }
    }

    private static func append(
        _ attributes: [TraceAttribute], _ field: Int, to out: inout ProtobufWriter
    ) {
        for attribute in attributes {
            out.message(field) { pair in
                pair.text(1, attribute.key)
                pair.message(2) { append(attribute.value, to: &$0) }
            }
        }
    }

    /// A value is one of several fields, which is written though it may be empty or zero.
    private static func append(_ value: TraceValue, to out: inout ProtobufWriter) {
        switch value {
        case .string(let text): out.message(1) { $0.raw(Array(text.utf8)) }
        case .bool(let value): out.number(2, value ? 1 : 0, evenZero: true)
        case .int(let number): out.number(3, UInt64(bitPattern: number), evenZero: true)
        case .double(let number): out.fixed(4, number.bitPattern)
        case .array(let values):
            out.message(5) { list in
                for value in values { list.message(1) { append(value, to: &$0) } }
            }
        }
    }
}
