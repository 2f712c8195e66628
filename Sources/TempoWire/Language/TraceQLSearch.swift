import GoText
import TimeSeries

/// What a member is asked in a search, and what its answer is to show.
struct MemberSearch: Equatable {
    var text: String
    /// Names of resource attributes that the member's answer has, and that users see under another.
    var renamed: Set<ByteString> = []
    /// `by(…)` stages that are true of all the member's spans alike: the key of the attribute that a
    /// spanset gets, and its value.
    var groups: [Group] = []
    /// Keys of spansets as the member writes them, and as users see them.
    var groupKeys: [String: String] = [:]

    struct Group: Equatable {
        var key: String
        var value: String
    }
}

extension TraceQLQuery {
    /// The query of a search, or of a list of tags, for one member.
    ///
    /// - Returns: nil where nothing that the member holds can match.
    func search(_ names: TraceQLNames) throws(TraceQLError) -> MemberSearch? {
        var search = MemberSearch(text: text)
        guard concerns(tokens.indices, names) else { return search }
        var texts: [String] = []
        for stage in stages {
            guard let first = tokens[stage].first else { continue }
            switch first.text {
            case "{", "(":
                switch try TraceQLSpansets.outcome(of: stage, in: self, names) {
                case .asked(let text): texts.append(text)
                case .nothing: return nil
                }
            case "select": if let text = try selection(stage, names) { texts.append(text) }
            case "by":
                if let text = try grouping(stage, names, &search) { texts.append(text) }
            default:
                if first.isWord("coalesce") { search.groups = [] }
                texts.append(try rewritten(stage, names))
            }
        }
        if texts.isEmpty { texts.append("{}") }
        search.text = texts.joined(separator: " | ")
        if !hints.isEmpty { search.text += " " + source(hints) }
        search.renamed = try renamedAttributes(in: search.text, names)
        return search
    }

    /// The parentheses' inside of a stage such as `select(…)`; nil for another shape.
    private func inside(_ stage: Range<Int>) -> Range<Int>? {
        guard stage.count >= 3, tokens[stage.lowerBound + 1].isSymbol("("),
            closing(of: stage.lowerBound + 1) == stage.upperBound - 1
        else { return nil }
        return (stage.lowerBound + 2)..<(stage.upperBound - 1)
    }

    /// `select(…)` without what every answer has anyway; nil where nothing is left.
    private func selection(
        _ stage: Range<Int>, _ names: TraceQLNames
    ) throws(TraceQLError) -> String? {
        guard concerns(stage, names), let inside = inside(stage) else {
            return try rewritten(stage, names)
        }
        var kept: [String] = []
        for item in items(inside) {
            if let attribute = attribute(item), names.isInjected(attribute) {
                guard attribute.scope == .resource || attribute.scope == .any else {
                    throw names.misplaced(attribute)
                }
            } else {
                kept.append(try fields(item, names).text)
            }
        }
        return kept.isEmpty ? nil : "select(\(kept.joined(separator: ", ")))"
    }

    /// `by(…)`; nil where all the member's spans are of one group.
    private func grouping(
        _ stage: Range<Int>, _ names: TraceQLNames, _ search: inout MemberSearch
    ) throws(TraceQLError) -> String? {
        guard concerns(stage, names), let inside = inside(stage) else {
            return try rewritten(stage, names)
        }
        guard let attribute = attribute(inside) else {
            return "by(\(try fields(inside, names).text))"
        }
        guard attribute.scope == .resource else { throw names.ambiguous(attribute) }
        guard names.isInjected(attribute) else {
            let key = "by(\(names.memberAttribute(of: attribute).text))"
            search.groupKeys[key] = "by(\(attribute.text))"
            return key
        }
        let value = names.labels.value(of: attribute.name) ?? ""
        search.groups.append(
            MemberSearch.Group(key: "by(\(attribute.text))", value: value.isEmpty ? "nil" : value))
        return nil
    }

    /// The resource attributes in a member's text that are shown under another name. The answer
    /// names attributes without their scope, so no other attribute may have such a name.
    private func renamedAttributes(
        in text: String, _ names: TraceQLNames
    ) throws(TraceQLError) -> Set<ByteString> {
        var ofResource: Set<ByteString> = []
        var others: [TraceQLAttribute] = []
        for token in try TraceQLLexer.tokens(text) {
            guard case .attribute(let attribute) = token.kind,
                names.labels.renames(attribute.name.utf8)
            else { continue }
            if attribute.scope == .resource {
                ofResource.insert(ByteString(attribute.name))
            } else {
                others.append(attribute)
            }
        }
        for other in others where ofResource.contains(ByteString(other.name)) {
            throw .refused(
                .badRequest(
                    "\(other.text) and resource.\(names.labels.visibleName(of: other.name)) cannot "
                        + "be told apart in one answer: ask for them one at a time"))
        }
        return ofResource
    }

    /// A search that gives the newest traces, where Tempo would give the first that it finds.
    func mostRecent(_ text: String) throws(TraceQLError) -> String {
        guard !hints.isEmpty else { return "\(text) with (most_recent=true)" }
        guard !tokens[hints].contains(where: { $0.isWord("most_recent") }) else { return text }
        let query = try TraceQLQuery(text)
        let list = query.source(query.hints.dropFirst(2).dropLast())
        let before = query.source(0..<query.hints.lowerBound)
        return "\(before) with (\(list.isEmpty ? "" : list + ", ")most_recent=true)"
    }
}
