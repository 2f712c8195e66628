import GoText
public import PrometheusWire
public import TimeSeries

/// A question for the names of attributes. Members are always asked in the second version, which
/// tells the scopes apart: a name that makes room is renamed in resources alone.
public struct TagsQuestion: Sendable {
    private let version: TraceVersion
    private let scope: String
    private let query: String?
    private let others: [RequestPair]
    /// Names of a scope at most; 0 for all.
    private let limit: Int

    private static let scopes: Set = [
        "", "none", "resource", "span", "intrinsic", "event", "link", "instrumentation",
    ]
    /// The path at a member, below its address.
    public static let memberPath = "/api/v2/search/tags"

    /// - Throws: what Tempo says of wrong parameters.
    public init(_ reader: ParameterReader, version: TraceVersion) throws(TempoError) {
        let parameters = TempoParameters(reader: reader)
        self.version = version
        scope = parameters.text("scope") ?? ""
        guard Self.scopes.contains(scope) else { throw .badRequest("invalid scope: \(scope)") }
        limit = try parameters.unsigned("limit") ?? 0
        query = version == .v1 ? nil : parameters.text("q")
        others = parameters.pairs("scope", "start", "end", "limit")
    }

    /// The parameters for a member; nil where no span of the member can match.
    ///
    /// - Throws: where the query uses an attribute of the gateway as it cannot be used.
    public func pairs(
        to labels: LabelInjection
    ) throws(TempoError) -> [(name: String, value: String)]? {
        var pairs = others.tuples
        if let query {
            guard let own = try TagFilter.text(query, labels) else { return nil }
            pairs.append(("q", own))
        }
        return pairs
    }

    /// The body of the answer: names in order, with those that the gateway adds.
    ///
    /// - Parameter answers: in the order of the members.
    public func body(_ answers: [MemberAnswer<TagsAnswer>]) -> [UInt8] {
        var scopes: [(name: String, tags: Set<ByteString>)] = []
        func add(_ tags: some Sequence<String>, to scope: String) {
            if let index = scopes.firstIndex(where: { $0.name == scope }) {
                scopes[index].tags.formUnion(tags.map(ByteString.init))
            } else {
                scopes.append((scope, Set(tags.map(ByteString.init))))
            }
        }
        var statistics = AnswerStatistics()
        for answer in answers {
            statistics.add(answer.value.statistics)
            for one in answer.value.scopes {
                let isOfResource = one.name == "resource"
                add(
                    one.tags.map { isOfResource ? answer.labels.visibleName(of: $0) : $0 },
                    to: one.name)
            }
            let holdsSpans = answer.value.scopes.contains { $0.name != "intrinsic" }
            if holdsSpans, ["", "none", "resource"].contains(scope) {
                let added = answer.labels.labels.filter { !$0.value.isEmpty }.map(\.name)
                if !added.isEmpty { add(added, to: "resource") }
            }
        }
        let lists = scopes.map { scope in
            (name: scope.name, tags: cut(scope.tags, of: scope.name).map(\.text))
        }
        guard version == .v1 else {
            let list = lists.map {
                JSONValue.object([("name", .string($0.name)), ("tags", .strings($0.tags))])
            }
            return JSONValue.object([("scopes", .array(list)), ("metrics", statistics.json)]).bytes
        }
        let names = lists.filter { scope == "intrinsic" || $0.name != "intrinsic" }
            .reduce(into: Set<ByteString>()) { $0.formUnion($1.tags.map(ByteString.init)) }
        return JSONValue.object([
            ("tagNames", .strings(names.sorted().map(\.text))), ("metrics", statistics.json),
        ]).bytes
    }

    /// Intrinsics are always there in full.
    private func cut(_ tags: Set<ByteString>, of scope: String) -> [ByteString] {
        let sorted = tags.sorted()
        return limit > 0 && scope != "intrinsic" ? Array(sorted.prefix(limit)) : sorted
    }
}

/// The names of attributes that a member has.
public struct TagsAnswer: Sendable, Equatable {
    struct Scope: Sendable, Equatable {
        var name: String
        var tags: [String]
    }
    private(set) var scopes: [Scope]
    private(set) var statistics: AnswerStatistics

    /// Reads the body of the second version.
    public init(parsing bytes: [UInt8]) throws(TempoAnswerError) {
        let document = try AnswerDocument.read(bytes)
        scopes = (document["scopes"]?.items ?? []).compactMap { scope in
            scope["name"]?.text.map {
                Scope(name: $0, tags: (scope["tags"]?.items ?? []).compactMap(\.text))
            }
        }
        statistics = AnswerStatistics(document)
    }
}

/// The query that chooses the spans whose names or values are wanted. Tempo takes one that is wrong
/// as none.
enum TagFilter {
    /// For a member; nil where none of its spans can match.
    static func text(_ query: String, _ labels: LabelInjection) throws(TempoError) -> String? {
        do throws(TraceQLError) {
            return try TraceQLQuery(query).search(TraceQLNames(labels: labels))?.text
        } catch {
            switch error {
            case .syntax: return query
            case .refused(let error): throw error
            }
        }
    }
}
