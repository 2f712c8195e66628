import PromQL
import PrometheusWire
import TimeSeries
import Upstream
import UpstreamSettings

/// What a project shows of a document of a server that holds series of others too. Documents are
/// not selected by the server, so what is not the project's by its labels is taken out here.
struct RestrictedDocument: Sendable {
    let selector: ProjectSelector

    /// How the answer of a path is restricted.
    private enum Rule {
        /// The server was asked for the project's series alone.
        case selected
        case targets, targetsMetadata, rules, alerts
    }

    /// nil for a path whose answer has no labels that tell whose it is; it is not asked for.
    private func rule(for path: String) -> Rule? {
        switch path {
        case "/query_exemplars": .selected
        case "/targets": .targets
        case "/targets/metadata": .targetsMetadata
        case "/rules": .rules
        case "/alerts": .alerts
        default: nil
        }
    }

    /// The question to put to the server; nil where nothing of the answer could be shown.
    func question(_ question: DocumentQuestion) -> DocumentQuestion? {
        var question = question
        switch rule(for: question.path) {
        case nil: return nil
        case .targetsMetadata:
            // The server's limit would count what is taken out.
            question.parameters = Parameters(
                question.parameters.pairs.filter { $0.name != "limit" })
        case .selected, .targets, .rules, .alerts: break
        }
        guard let hidden = selector.hiddenLabel, let own = selector.matchers.first else {
            return question
        }
        question.parameters = Parameters(
            question.parameters.pairs.map { name, value in
                (name, name == "match_target" ? Self.text(value, without: hidden, own) : value)
            })
        return question
    }

    /// A selector for a server that has a label which the project's series are shown without.
    private static func text(_ text: String, without hidden: String, _ own: LabelMatcher) -> String
    {
        guard var selector = try? parseSelector(text) else { return text }
        selector.matchers = selector.matchers.flatMap { matcher -> [LabelMatcher] in
            guard matcher.name.utf8.elementsEqual(hidden.utf8) else { return [matcher] }
            if matcher.acceptsEmpty { return [own] }
            // Nothing of the project fits.
            return [own, LabelMatcher(own.name, .notEqual, own.value)]
        }
        return Expression.vectorSelector(selector).description
    }

    /// The project's part of an answer.
    ///
    /// - Returns: also what else was in the answer that has no labels to tell whose it is, in words;
    ///   nil where there was nothing.
    func part(of data: JSONValue, at path: String) -> (data: JSONValue, leftOut: String?) {
        let (part, leftOut) = chosen(data, at: path)
        guard let hidden = selector.hiddenLabel else { return (part, leftOut) }
        return (part.without(hidden, in: Self.labelFields), leftOut)
    }

    /// Where documents have labels.
    private static let labelFields: Set<String> = [
        "discoveredLabels", "labels", "seriesLabels", "target",
    ]

    private func chosen(
        _ data: JSONValue, at path: String
    ) -> (data: JSONValue, leftOut: String?) {
        switch rule(for: path) {
        case nil: (.null, "everything")
        case .selected: (data, nil)
        case .targetsMetadata: (kept(data, by: "target"), nil)
        case .alerts: (data.changing("alerts") { kept($0, by: "labels") }, nil)
        case .targets: targets(data)
        case .rules: rules(data)
        }
    }

    private func isOwn(_ labels: LabelSet) -> Bool { selector.accepts { labels[$0] } }

    /// A list without the elements whose labels, at a key, are not the project's.
    private func kept(_ list: JSONValue, by key: String) -> JSONValue {
        guard case .array(let items) = list else { return list }
        return .array(items.filter { isOwn($0[key]?.labelSet ?? .empty) })
    }

    /// Of a dropped target only the labels before relabelling are told, and of their counts none.
    private func targets(_ data: JSONValue) -> (data: JSONValue, leftOut: String?) {
        var hasDropped = !(data["droppedTargets"]?.items ?? []).isEmpty
        if case .object(let counts) = data["droppedTargetCounts"] {
            hasDropped = hasDropped || counts.contains { $0.value.integer != 0 }
        }
        let shown = data.changing("activeTargets") { kept($0, by: "labels") }
            .changing("droppedTargets") { _ in .array([]) }
            .changing("droppedTargetCounts") { value in value == .null ? .null : .object([]) }
        return (shown, hasDropped ? "dropped targets" : nil)
    }

    /// A rule is the project's if it has the labels that the selector names: one without them may
    /// be about anything.
    private func rules(_ data: JSONValue) -> (data: JSONValue, leftOut: String?) {
        var leavesOut = false
        let data = data.changing("groups") { groups in
            .array(
                groups.items.compactMap { group -> JSONValue? in
                    var own: [JSONValue] = []
                    for rule in group["rules"]?.items ?? [] {
                        let labels = rule["labels"]?.labelSet ?? .empty
                        if !selector.matchers.allSatisfy({ labels[$0.name] != nil }) {
                            leavesOut = true
                        } else if isOwn(labels) {
                            own.append(rule.changing("alerts") { kept($0, by: "labels") })
                        }
                    }
                    return own.isEmpty ? nil : group.changing("rules") { _ in .array(own) }
                })
        }
        return (data, leavesOut ? "rules without the labels of the selector" : nil)
    }
}

extension JSONValue {
    /// A copy in which the objects at these keys, wherever they are, lack a member.
    fileprivate func without(_ name: String, in fields: Set<String>) -> JSONValue {
        switch self {
        case .array(let items): .array(items.map { $0.without(name, in: fields) })
        case .object(let members):
            .object(
                members.map { key, value in
                    guard fields.contains(key), case .object(let labels) = value else {
                        return (key, value.without(name, in: fields))
                    }
                    return (key, .object(labels.filter { !$0.key.utf8.elementsEqual(name.utf8) }))
                })
        default: self
        }
    }
}
