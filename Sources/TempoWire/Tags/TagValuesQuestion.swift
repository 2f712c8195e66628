import GoText
public import PrometheusWire
public import TimeSeries

/// A question for the values of an attribute.
public struct TagValuesQuestion: Sendable {
    private let version: TraceVersion
    private let tag: String
    private let query: String?
    private let others: [RequestPair]
    /// Values at most; 0 for all.
    private let limit: Int

    /// - Parameter tag: as the path has it, decoded once. Grafana encodes it twice, which one Tempo
    ///   refuses.
    /// - Throws: what Tempo says of wrong parameters.
    public init(
        tag: String, _ reader: ParameterReader, version: TraceVersion
    ) throws(TempoError) {
        let parameters = TempoParameters(reader: reader)
        self.version = version
        self.tag = Self.decoded(tag)
        limit = try parameters.unsigned("limit") ?? 0
        query = version == .v1 ? nil : parameters.text("q")
        others = parameters.pairs("start", "end", "limit")
    }

    /// `%XX` undone; what is no such escape stays.
    static func decoded(_ text: String) -> String {
        var out: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                rest.first != UInt8(ascii: "+"), rest.first != UInt8(ascii: "-")
            {
                out.append(value)
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// What a member is asked.
    public struct Requests: Sendable, Equatable {
        /// Below the member's address. There may be none: then the member is not contacted, and yet
        /// counts.
        public var paths: [String]
        let values: [RequestPair]
        /// Parameters, the same for each path.
        public var pairs: [(name: String, value: String)] { values.tuples }
    }

    /// The requests to a member; nil where none of its spans can match.
    ///
    /// - Throws: where the query uses an attribute of the gateway as it cannot be used.
    public func requests(to labels: LabelInjection) throws(TempoError) -> Requests? {
        var values = others
        if let query {
            guard let own = try TagFilter.text(query, labels) else { return nil }
            values.append(RequestPair(name: "q", value: own))
        }
        return Requests(paths: paths(labels), values: values)
    }

    /// The attribute that the path names, if it is one that may be of the gateway.
    private var attribute: TraceQLAttribute? {
        if version == .v1 { return TraceQLAttribute(scope: .any, name: tag) }
        guard let tokens = try? TraceQLLexer.tokens(tag), tokens.count == 1,
            case .attribute(let attribute) = tokens[0].kind
        else { return nil }
        return attribute
    }

    private func paths(_ labels: LabelInjection) -> [String] {
        let same = [Self.path(version, tag)]
        guard let attribute, labels.renames(attribute.name.utf8) else { return same }
        var inResource = TraceQLAttribute(scope: .resource, name: attribute.name)
        let inSpan = TraceQLAttribute(scope: .span, name: attribute.name)
        let isAdded = labels.value(of: attribute.name).map { !$0.isEmpty } ?? false
        if !labels.isName(attribute.name) {
            inResource.name = labels.memberName(of: attribute.name)
        }
        switch attribute.scope {
        case .resource where labels.isName(attribute.name): return []
        case .resource: return [Self.path(.v2, inResource.text)]
        case .any where labels.isName(attribute.name) || isAdded:
            return [Self.path(.v2, inSpan.text)]
        case .any: return [Self.path(.v2, inResource.text), Self.path(.v2, inSpan.text)]
        default: return same
        }
    }

    private static let rootTags: Set = [
        "rootName", "rootServiceName", "trace:rootName", "trace:rootService",
    ]

    private static func path(_ version: TraceVersion, _ tag: String) -> String {
        "/api/\(version == .v1 ? "" : "v2/")search/tag/\(FormText.encoded(tag))/values"
    }

    /// The body of the answer: values in order.
    ///
    /// - Parameter answers: in the order of the members, with what each path gave. A member that was
    ///   not contacted has none.
    public func body(_ answers: [MemberAnswer<[TagValuesAnswer]>]) -> [UInt8] {
        var values: Set<TagValuesAnswer.Value> = []
        var statistics = AnswerStatistics()
        for answer in answers {
            if let attribute, attribute.scope == .any || attribute.scope == .resource,
                let value = answer.labels.value(of: attribute.name), !value.isEmpty
            {
                values.insert(TagValuesAnswer.Value(type: "string", text: value))
            }
            for one in answer.value {
                values.formUnion(one.values)
                statistics.add(one.statistics)
            }
        }
        if Self.rootTags.contains(tag) {
            // What a member says that does not have the root.
            values = values.filter { !$0.text.isEmpty && $0.text != FoundTrace.unknownRoot }
        }
        var sorted = values.sorted()
        if limit > 0 { sorted = Array(sorted.prefix(limit)) }
        let list: JSONValue
        switch version {
        case .v1: list = .strings(sorted.map(\.text))
        case .v2:
            list = .array(
                sorted.map { .object([("type", .string($0.type)), ("value", .string($0.text))]) })
        }
        return JSONValue.object([("tagValues", list), ("metrics", statistics.json)]).bytes
    }
}

/// The values of an attribute that a member has.
public struct TagValuesAnswer: Sendable, Equatable {
    struct Value: Sendable, Hashable, Comparable {
        /// Such as `string` and `int`.
        var type: String
        var text: String

        private var key: (ByteString, ByteString) { (ByteString(text), ByteString(type)) }

        static func == (lhs: Value, rhs: Value) -> Bool { lhs.key == rhs.key }

        static func < (lhs: Value, rhs: Value) -> Bool { lhs.key < rhs.key }

        func hash(into hasher: inout Hasher) { hasher.combine(key.0) }
    }
    private(set) var values: [Value]
    private(set) var statistics: AnswerStatistics

    /// Reads the body of either version. Values of the first are strings.
    public init(parsing bytes: [UInt8]) throws(TempoAnswerError) {
        let document = try AnswerDocument.read(bytes)
        values = (document["tagValues"]?.items ?? []).compactMap { item in
            if let text = item.text { return Value(type: "string", text: text) }
            guard let type = item["type"]?.text else { return nil }
            return Value(type: type, text: item["value"]?.text ?? "")
        }
        statistics = AnswerStatistics(document)
    }
}
