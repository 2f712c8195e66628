import PromQL
import TimeSeries

/// The `match[]` of a request, taken apart by member.
struct MetadataSelectors: Sendable {
    enum Refusal: Error, Equatable {
        case syntax(ParseError)
        /// A selector whose every matcher accepts the empty string.
        case selectsEverything

        var text: String {
            switch self {
            case .syntax(let error): error.description
            case .selectsEverything: "match[] must contain at least one non-empty matcher"
            }
        }
    }

    private let selectors: [VectorSelector]
    private let rewriting: SelectorRewriting

    /// Whether a selector is selective is judged as it was written, matchers on the partition label
    /// included.
    ///
    /// - Parameter anchored: members whose regular expressions are sent with anchors.
    init(
        _ texts: [String], partition: PartitionLabel, anchored: Set<String> = []
    ) throws(Refusal) {
        rewriting = SelectorRewriting(partition: partition, anchored: anchored)
        var parsed: [VectorSelector] = []
        for text in texts {
            let selector: VectorSelector
            do throws(ParseError) {
                selector = try parseSelector(text)
            } catch {
                throw .syntax(error)
            }
            if selector.matchers.allSatisfy({ SelectorRewriting.matcher($0, accepts: "") }) {
                throw .selectsEverything
            }
            parsed.append(selector)
        }
        selectors = parsed
    }

    var isEmpty: Bool { selectors.isEmpty }

    /// What to send to a member: nothing at all for every series of it, or the selectors that
    /// choose it. nil when there are selectors and none chooses it.
    func texts(forMember member: String) -> [String]? {
        if selectors.isEmpty { return [] }
        let texts = selectors.compactMap { selector -> String? in
            guard let matchers = rewriting.matchers(selector.matchers, forMember: member) else {
                return nil
            }
            return Self.text(matchers)
        }
        return texts.isEmpty ? nil : texts
    }

    /// Whether labels, as users see them, satisfy one of the selectors, or there is none.
    func accept(_ labels: LabelSet) -> Bool {
        selectors.isEmpty
            || selectors.contains { selector in
                selector.matchers.allSatisfy {
                    SelectorRewriting.matcher($0, accepts: labels[$0.name] ?? "")
                }
            }
    }

    /// Matchers alone, the name's among them: `{__name__="up",job="a"}` says the same as `up{…}`
    /// and needs no look at how the name was written.
    private static func text(_ matchers: [LabelMatcher]) -> String {
        Expression.vectorSelector(VectorSelector(matchers: matchers)).description
    }
}
