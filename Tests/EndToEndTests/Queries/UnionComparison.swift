import Answers
import TestSupport

/// Says where the gateway's answer differs from the union's, but for what the union's release does
/// otherwise.
struct UnionComparison: Sendable {
    let query: String
    /// Whether the oracle is of 3.5: then warnings and infos are compared too.
    var annotations = false

    func difference(gateway: QueryAnswer, oracle: QueryAnswer) -> String? {
        if annotations, Release35.confuses(query, isRange: oracle.isRange) { return nil }
        if !isExcused(gateway, oracle),
            let what = AnswerComparison(query: query).difference(gateway, from: oracle)
        {
            return what
        }
        guard annotations, oracle.status == 200 else { return nil }
        let comparison = AnnotationComparison(federating: query)
        return comparison.difference(gateway.warnings, oracle.warnings).map { "warnings: \($0)" }
            ?? comparison.difference(gateway.infos, oracle.infos).map { "infos: \($0)" }
    }

    /// Whether one of the two may refuse what the other answers.
    private func isExcused(_ gateway: QueryAnswer, _ oracle: QueryAnswer) -> Bool {
        switch (gateway.outcome, oracle.outcome) {
        case (.error, .error): return false
        case (.error(_, let text), _): return annotations && Release35.overlooks(text, of: query)
        case (_, .error(_, let text)):
            // A selector that `project` or a static label leaves to nobody makes a join empty before
            // its other side is looked at; the oracle looks, and may find duplicates there.
            let isAboutDuplicates = [
                "many-to-many", "multiple matches", "duplicate", "same labelset",
            ]
            .contains { text.contains($0) }
            return isAboutDuplicates
                && query.contains(#/(?:\{project|(?:region|cluster|env)"?(?:=|!))/#)
        case (.series, _), (.scalar, _): return false
        }
    }
}
