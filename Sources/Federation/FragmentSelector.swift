import PromQL

/// A selector that finds a leaf's values instead of series of a store.
///
/// Some functions look at their argument's text and not only at its values: `absent` takes labels
/// from the matchers, `rate` and its like cut windows out of raw samples. For those the leaf stands
/// in the local expression as a selector, named by a metric name that no query can contain (it
/// begins with a NUL), beside the original matchers.
enum FragmentSelector {
    private static let prefix = "\u{0}fragment:"

    /// A selector of a leaf. The matchers kept are text only: the leaf has applied them.
    static func selector(
        _ id: Plan.LeafID, keeping matchers: [LabelMatcher], like original: VectorSelector
    ) -> VectorSelector {
        let name = prefix + String(id)
        var selector = original
        selector.name = name
        selector.matchers =
            [LabelMatcher("__name__", .equal, name)] + matchers.filter { $0.name != "__name__" }
        return selector
    }

    /// `or` as a planner writes it, for values of one part that come in two ways: of the members on
    /// the left and of others on the right. No two elements can meet, as their partition labels
    /// differ.
    static func union(_ some: Expression, _ others: Expression) -> Expression {
        .binary(
            Binary(
                .or, some, others,
                matching: VectorMatching(cardinality: .manyToMany, labels: [prefix]),
                range: others.sourceRange))
    }

    /// Whether a planner wrote the operation: no query can name the label that it ignores.
    static func isUnion(_ binary: Binary) -> Bool { binary.matching?.labels == [prefix] }

    /// The leaf that matchers name, or nil for the matchers of an ordinary selector.
    static func leaf(of matchers: [LabelMatcher]) -> Plan.LeafID? {
        for matcher in matchers
        where matcher.name == "__name__" && matcher.value.hasPrefix(prefix) {
            return Int(matcher.value.dropFirst(prefix.count))
        }
        return nil
    }
}
