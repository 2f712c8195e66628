import GoText
public import PrometheusWire
public import TimeSeries

/// A search for traces.
///
/// A trace in several members is one row. What a member does not know of a trace it cannot judge:
/// conditions that join spansets, counts, and durations of whole traces are true of a member's own
/// part, or not. What is told of a whole trace, such as its root, may be with a member none of whose
/// spans match: `completion` asks for it.
public struct SearchQuestion: Sendable {
    private let condition: Condition
    let others: [RequestPair]
    /// Traces at most.
    public let limit: Int
    let spansPerSpanSet: Int

    private static let defaultLimit = 20
    private static let largestLimit = 262_144
    private static let defaultSpans = 3
    private static let mostSpans = 100
    private static let syntaxPrefix = "invalid TraceQL query: "

    private enum Condition: Sendable {
        case query(String)
        case tags(SearchTags)
        case none
    }

    /// - Throws: what Tempo says of wrong parameters.
    public init(_ reader: ParameterReader) throws(TempoError) {
        let parameters = TempoParameters(reader: reader)
        let start = try parameters.unsigned("start").map(Int64.init)
        let end = try parameters.unsigned("end").map(Int64.init)
        let tags = try parameters.text("tags").map { text throws(TempoError) in
            try SearchTags(text)
        }
        for name in ["minDuration", "maxDuration"] {
            guard let text = parameters.text(name) else { continue }
            do throws(TempoError) {
                _ = try GoDuration.nanoseconds(text)
            } catch { throw .badRequest("invalid \(name): \(error.text)") }
        }
        let limit = try parameters.unsigned("limit") ?? Self.defaultLimit
        guard limit > 0 else { throw .badRequest("invalid limit: must be a positive number") }
        guard limit <= Self.largestLimit else {
            throw .badRequest("limit \(limit) exceeds max limit \(Self.largestLimit)")
        }
        let spans = try parameters.unsigned("spss") ?? 0
        guard spans <= Self.mostSpans else {
            throw .badRequest(
                "spans per span set exceeds \(Self.mostSpans). received \(spans)")
        }
        try TempoParameters.check(start: start, end: end)
        self.limit = limit
        spansPerSpanSet = spans == 0 ? Self.defaultSpans : spans
        if let text = parameters.text("q") {
            _ = try Self.query(text)
            condition = .query(text)
        } else {
            condition = tags.map(Condition.tags) ?? .none
        }
        others = parameters.pairs("minDuration", "maxDuration", "start", "end")
    }

    private static func query(_ text: String) throws(TempoError) -> TraceQLQuery {
        do throws(TraceQLError) { return try TraceQLQuery(text) } catch {
            throw error.answer(syntaxPrefix)
        }
    }

    /// What is to be known of the answer, for a header; nil for most queries.
    public var note: String? {
        guard case .query(let text) = condition, let query = try? Self.query(text),
            query.judgesTraces
        else { return nil }
        return "each member judges its own part of a trace: what is true of several parts together "
            + "is not found"
    }

    /// The parameters for a member.
    ///
    /// - Returns: nil where nothing that the member holds can match.
    /// - Throws: where the query uses an attribute of the gateway as it cannot be used.
    public func pairs(
        to labels: LabelInjection
    ) throws(TempoError) -> [(name: String, value: String)]? {
        var pairs: [(name: String, value: String)] = []
        switch condition {
        case .none: break
        case .tags(let tags):
            guard let own = Self.tags(tags, labels) else { return nil }
            if !own.pairs.isEmpty { pairs.append(("tags", own.text)) }
        case .query(let text):
            guard let search = try member(text, labels) else { return nil }
            pairs.append(("q", search.text))
        }
        pairs += others.tuples
        pairs.append(("limit", String(limit)))
        pairs.append(("spss", String(spansPerSpanSet)))
        return pairs
    }

    private func member(
        _ text: String, _ labels: LabelInjection
    ) throws(TempoError) -> MemberSearch? {
        do throws(TraceQLError) {
            let query = try TraceQLQuery(text)
            guard var search = try query.search(TraceQLNames(labels: labels)) else { return nil }
            search.text = try query.mostRecent(search.text)
            return search
        } catch { throw error.answer(Self.syntaxPrefix) }
    }

    /// The conditions without those that are true of all the member's spans; nil where one is false
    /// of them. Tags are parts of values.
    private static func tags(_ tags: SearchTags, _ labels: LabelInjection) -> SearchTags? {
        var kept: [(key: String, value: String)] = []
        for (key, value) in tags.pairs {
            guard let own = labels.value(of: key), !own.isEmpty else {
                kept.append((labels.memberName(of: key), value))
                continue
            }
            guard value.isEmpty || own.utf8.contains(value.utf8) else { return nil }
        }
        return SearchTags(kept)
    }

    // MARK: The answer

    /// The rows of all members: the newest first, up to the limit.
    ///
    /// - Parameter answers: in the order of the members.
    public func merged(_ answers: [MemberAnswer<SearchAnswer>]) -> SearchAnswer {
        var merged = SearchAnswer()
        var places: [String: Int] = [:]
        for answer in answers {
            let search = searched(answer.labels)
            merged.statistics.add(answer.value.statistics)
            for trace in answer.value.traces {
                var trace = trace
                for index in trace.spanSets.indices {
                    show(answer.labels, search, in: &trace.spanSets[index])
                }
                let id = TraceID(padding: trace.id)?.hexadecimal ?? trace.id
                guard let place = places[id] else {
                    places[id] = merged.traces.count
                    merged.traces.append(trace)
                    continue
                }
                merged.traces[place].join(trace, spansPerSpanSet: spansPerSpanSet)
            }
        }
        merged.sortRows()
        merged.traces = Array(merged.traces.prefix(limit))
        return merged
    }

    /// What the member was asked. It was asked, so that nothing is thrown.
    private func searched(_ labels: LabelInjection) -> MemberSearch {
        if case .query(let text) = condition, let search = try? member(text, labels) {
            return search
        }
        return MemberSearch(text: "")
    }

    /// Gives every span the labels of its member, and attributes the names that users see.
    private func show(
        _ labels: LabelInjection, _ search: MemberSearch, in set: inout FoundSpanSet
    ) {
        set.spans = set.spans.map { span in
            guard case .object(var pairs) = span else { return span }
            var attributes = (span["attributes"]?.items ?? []).map { attribute in
                attribute.changing("key") { key in
                    guard let text = key.text, search.renamed.contains(ByteString(text)) else {
                        return key
                    }
                    return .string(labels.visibleName(of: text))
                }
            }
            for label in labels.labels where !label.value.isEmpty {
                let added = JSONValue.attribute(label.name, label.value)
                if !attributes.contains(added) { attributes.append(added) }
            }
            if attributes.isEmpty { return span }
            pairs.removeAll { $0.key == "attributes" }
            pairs.append(("attributes", .array(attributes)))
            return .object(pairs)
        }
        for index in set.attributes.indices {
            if let key = search.groupKeys[set.attributes[index].key] {
                set.attributes[index].key = key
            }
        }
        set.attributes += search.groups.map {
            FoundSpanSet.Attribute(
                key: $0.key, value: .object([("stringValue", .string($0.value))]))
        }
    }
}

extension FoundTrace {
    /// Adds what another member found of the same trace.
    mutating func join(_ other: FoundTrace, spansPerSpanSet: Int) {
        if !hasRoot, other.hasRoot {
            rootServiceName = other.rootServiceName
            rootTraceName = other.rootTraceName
        }
        let end = max(end, other.end)
        if other.start > 0 { start = start == 0 ? other.start : min(start, other.start) }
        durationMilliseconds = (end - min(start, end)) / 1_000_000
        for service in other.services {
            if let index = services.firstIndex(where: { $0.name == service.name }) {
                services[index].spans &+= service.spans
                services[index].errors &+= service.errors
            } else {
                services.append(service)
            }
        }
        for set in other.spanSets {
            if let index = spanSets.firstIndex(where: { $0.identity == set.identity }) {
                spanSets[index].join(set, spansPerSpanSet: spansPerSpanSet)
            } else {
                spanSets.append(set)
            }
        }
    }
}

extension FoundSpanSet {
    /// Adds the spans of a set of the same identity. Counts add up; of other aggregates, those stay
    /// that are the same for both.
    mutating func join(_ other: FoundSpanSet, spansPerSpanSet: Int) {
        spans = Array((spans + other.spans).prefix(max(spansPerSpanSet, spans.count)))
        matched &+= other.matched
        attributes = attributes.compactMap { attribute in
            guard !attribute.key.hasPrefix("by("),
                let same = other.attributes.first(where: { $0.key == attribute.key })
            else { return attribute }
            if attribute.key == "count()" {
                let count =
                    (attribute.value["intValue"]?.unsigned ?? 0)
                    &+ (same.value["intValue"]?.unsigned ?? 0)
                return Attribute(
                    key: attribute.key, value: .object([("intValue", .string(String(count)))]))
            }
            return attribute.value == same.value ? attribute : nil
        }
    }
}
