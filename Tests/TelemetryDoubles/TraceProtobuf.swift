/// Messages of Tempo in protobuf as JSON, so that they can be compared: every field is a list.
package struct TraceProtobuf: Sendable {
    indirect enum Kind: Sendable {
        case text
        case bytes
        case number
        case message(TraceProtobuf)
    }

    var fields: [Int: (name: String, kind: Kind)]

    /// Nil where the bytes are no such message.
    package func node(_ message: [UInt8]) -> JSONNode? {
        guard let found = ProtobufField.fields(of: message) else { return nil }
        var lists: [(String, [JSONNode])] = []
        for field in found {
            let (name, kind) = fields[field.number] ?? ("field \(field.number)", .bytes)
            let value: JSONNode?
            switch kind {
            case .text: value = .string(field.text)
            case .bytes: value = .array(field.bytes.map { JSONNode($0) })
            case .number: value = .string(String(field.number64))
            case .message(let shape): value = shape.node(field.bytes)
            }
            guard let value else { return nil }
            if let index = lists.firstIndex(where: { $0.0 == name }) {
                lists[index].1.append(value)
            } else {
                lists.append((name, [value]))
            }
        }
        return .object(lists.map { .init($0.0, .array($0.1)) })
    }

    /// The answer of the second version of the API.
    package static let answer = TraceProtobuf(
        fields: [1: ("trace", .message(trace)), 2: ("metrics", .bytes)])

    package static let trace = TraceProtobuf(
        fields: [
            1: (
                "resourceSpans",
                .message(
                    TraceProtobuf(fields: [
                        1: ("resource", .message(TraceProtobuf(fields: [1: ("attributes", pair)]))),
                        2: ("scopeSpans", .message(scopeSpans)), 3: ("schemaUrl", .text),
                    ]))
            )
        ])

    private static let scopeSpans = TraceProtobuf(
        fields: [
            1: (
                "scope",
                .message(TraceProtobuf(fields: [1: ("name", .text), 2: ("version", .text)]))
            ),
            2: ("spans", .message(span)), 3: ("schemaUrl", .text),
        ])

    private static let span = TraceProtobuf(
        fields: [
            1: ("traceId", .bytes), 2: ("spanId", .bytes), 3: ("traceState", .text),
            4: ("parentSpanId", .bytes), 5: ("name", .text), 6: ("kind", .number),
            7: ("start", .number), 8: ("end", .number), 9: ("attributes", pair),
            11: (
                "events",
                .message(
                    TraceProtobuf(fields: [
                        1: ("time", .number), 2: ("name", .text), 3: ("attributes", pair),
                    ]))
            ),
            13: (
                "links",
                .message(
                    TraceProtobuf(fields: [
                        1: ("traceId", .bytes), 2: ("spanId", .bytes), 4: ("attributes", pair),
                    ]))
            ),
            15: (
                "status",
                .message(TraceProtobuf(fields: [2: ("message", .text), 3: ("code", .number)]))
            ),
        ])

    private static let pair = Kind.message(
        TraceProtobuf(
            fields: [
                1: ("key", .text),
                2: (
                    "value",
                    .message(
                        TraceProtobuf(fields: [
                            1: ("string", .text), 2: ("bool", .number), 3: ("int", .number),
                            4: ("double", .number), 5: ("list", .bytes),
                        ]))
                ),
            ]))
}
