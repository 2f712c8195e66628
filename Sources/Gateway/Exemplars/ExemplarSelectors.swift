import Federation
import PromQL

/// The selectors of an expression, wherever they stand; functions, offsets and `@` around them mean
/// nothing for exemplars.
struct ExemplarSelectors: Sendable {
    private let selectors: [VectorSelector]
    private let rewriting: SelectorRewriting

    init(_ expression: Expression, _ partition: PartitionLabel) {
        var found: [VectorSelector] = []
        expression.forEach { node in
            if case .vectorSelector(let selector) = node { found.append(selector) }
        }
        selectors = found
        rewriting = SelectorRewriting(partition: partition)
    }

    var isEmpty: Bool { selectors.isEmpty }

    /// An expression with the selectors that choose the member; nil when none does.
    func text(forMember member: String) -> String? {
        var texts: [String] = []
        for selector in selectors {
            guard let matchers = rewriting.matchers(selector.matchers, forMember: member) else {
                continue
            }
            let text = Expression.vectorSelector(VectorSelector(matchers: matchers)).description
            if !texts.contains(text) { texts.append(text) }
        }
        return texts.isEmpty ? nil : texts.joined(separator: " or ")
    }
}
