import PrometheusWire

/// What a member knows of a trace, as it sent it: protobuf, with the places noted of what a merge
/// touches. Nothing is decoded, and fields that are not known stay in their places.
public struct TraceAnswer: Sendable {
    let bytes: [UInt8]
    private(set) var resources: [ResourceSpans] = []
    private(set) var spans: [Span] = []
    private(set) var scopes: [ScopeSpans] = []
    /// Fields of the trace beside its resources.
    private(set) var otherFields: [Range<Int>] = []
    /// What reading the trace cost, by the number of the field.
    private(set) var statistics: [UInt64: UInt64] = [:]
    /// Whether the member says that its answer is not whole.
    public private(set) var isPartial = false
    /// What the member says of its answer.
    public private(set) var message = ""

    /// The spans of one resource.
    struct ResourceSpans {
        var content: Range<Int>
        /// The fields that are the resource; one, if the message is as it should be.
        var resources: [Range<Int>]
        var scopes: Range<Int>
        var spans: Range<Int>
    }

    /// The spans of one scope.
    struct ScopeSpans {
        /// The whole field.
        var extent: Range<Int>
        var content: Range<Int>
        var spans: Range<Int>
    }

    struct Span {
        /// The whole field.
        var extent: Range<Int>
        /// Nil for a span without an id.
        var key: SpanKey?
    }

    /// Whether there are no spans.
    public var isEmpty: Bool { spans.isEmpty }

    /// Reads the body of an answer with status 200: version 1 is the trace, version 2 has it in a
    /// message with what is said of it.
    public init(_ bytes: [UInt8], version: TraceVersion) throws(TempoAnswerError) {
        self.bytes = bytes
        do throws(WireError) {
            switch version {
            case .v1: try readTrace(bytes.indices)
            case .v2: try readAnswer()
            }
        } catch {
            switch error {
            case .truncated: throw TempoAnswerError("the trace ends within a field")
            case .malformed(let reason): throw TempoAnswerError("the trace has \(reason)")
            }
        }
    }

    private mutating func readAnswer() throws(WireError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let trace)): try readTrace(trace)
            case (2, .bytes(let metrics)): try readStatistics(metrics)
            case (3, .varint(let status)): isPartial = status == 1
            case (4, .bytes(let text)): message = String(decoding: bytes[text], as: UTF8.self)
            default: break
            }
        }
    }

    private mutating func readStatistics(_ range: Range<Int>) throws(WireError) {
        var reader = ProtobufReader(bytes, range)
        while let field = try reader.next() {
            if case .varint(let value) = field.value { statistics[field.number] = value }
        }
    }

    private mutating func readTrace(_ range: Range<Int>) throws(WireError) {
        var reader = ProtobufReader(bytes, range)
        while let field = try reader.next() {
            if field.number == 1, case .bytes(let content) = field.value {
                try readResource(content)
            } else {
                otherFields.append(field.extent)
            }
        }
    }

    private mutating func readResource(_ content: Range<Int>) throws(WireError) {
        var resources: [Range<Int>] = []
        let firstScope = scopes.count
        let firstSpan = spans.count
        var reader = ProtobufReader(bytes, content)
        while let field = try reader.next() {
            guard case .bytes(let inner) = field.value else { continue }
            if field.number == 1 {
                try checkAttributes(inner)
                resources.append(field.extent)
            }
            if field.number == 2 { try readScope(inner, field.extent) }
        }
        self.resources.append(
            ResourceSpans(
                content: content, resources: resources, scopes: firstScope..<scopes.count,
                spans: firstSpan..<spans.count))
    }

    /// Attributes are read again when they are written.
    private func checkAttributes(_ resource: Range<Int>) throws(WireError) {
        var reader = ProtobufReader(bytes, resource)
        while let field = try reader.next() {
            guard field.number == 1, case .bytes(let pair) = field.value else { continue }
            var inside = ProtobufReader(bytes, pair)
            while try inside.next() != nil {}
        }
    }

    private mutating func readScope(
        _ content: Range<Int>, _ extent: Range<Int>
    ) throws(WireError) {
        let firstSpan = spans.count
        var reader = ProtobufReader(bytes, content)
        while let field = try reader.next() {
            guard field.number == 2, case .bytes(let inner) = field.value else { continue }
            spans.append(Span(extent: field.extent, key: try spanKey(inner)))
        }
        scopes.append(
            ScopeSpans(extent: extent, content: content, spans: firstSpan..<spans.count))
    }

    private func spanKey(_ range: Range<Int>) throws(WireError) -> SpanKey? {
        var id: Range<Int>?
        var kind: UInt64 = 0
        var reader = ProtobufReader(bytes, range)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (2, .bytes(let range)): id = range
            case (6, .varint(let value)): kind = value
            default: break
            }
        }
        return id.flatMap { SpanKey(bytes[$0], kind: kind) }
    }
}

/// Which span it is: its id, and its kind, for the two sides of a call may share an id.
struct SpanKey: Hashable {
    private var id: UInt64 = 0
    private var length: UInt8
    private var kind: UInt64

    /// Nil where there is no id, or none that OpenTelemetry knows.
    init?(_ bytes: ArraySlice<UInt8>, kind: UInt64) {
        guard !bytes.isEmpty, bytes.count <= 8 else { return nil }
        for byte in bytes { id = id << 8 | UInt64(byte) }
        length = UInt8(bytes.count)
        self.kind = kind
    }

    /// Spans that differ in their kinds alone are few.
    func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
