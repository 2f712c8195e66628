import PromQL
import Upstream

extension ReplicaSet {
    /// Matchers as the servers are sent them: those on labels that are taken off speak of a label that
    /// no series has. Nil where no series satisfies them then.
    func matchersInServers(_ matchers: [LabelMatcher]) -> [LabelMatcher]? {
        var kept: [LabelMatcher] = []
        for matcher in matchers {
            if labels.contains(matcher.name) {
                guard SelectorRewriting.matcher(matcher, accepts: "") else { return nil }
            } else {
                kept.append(matcher)
            }
        }
        return kept.isEmpty ? [LabelMatcher("__name__", .regexMatch, ".+")] : kept
    }

    /// A selector as the servers are sent it; nil where no series satisfies it.
    func selectorInServers(_ text: String) -> String? {
        guard !labels.isEmpty, let selector = try? parseSelector(text) else { return text }
        return matchersInServers(selector.matchers).map {
            Expression.vectorSelector(VectorSelector(matchers: $0)).description
        }
    }

    /// Selectors joined by `or`, as exemplars are asked for, as the servers are sent them; nil where
    /// none is left.
    func selectorsInServers(_ text: String) -> String? {
        guard !labels.isEmpty, let expression = try? parseExpression(text, options: .everything)
        else { return text }
        var texts: [String] = []
        expression.forEach { node in
            guard case .vectorSelector(let selector) = node,
                let own = matchersInServers(selector.matchers)
            else { return }
            texts.append(
                Expression.vectorSelector(VectorSelector(matchers: own)).description)
        }
        return texts.isEmpty ? nil : texts.joined(separator: " or ")
    }
}
