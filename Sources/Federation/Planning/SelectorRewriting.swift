public import PromQL
import RegularExpressions
public import TimeSeries

/// Takes selectors apart by member: which members a selector chooses, and what it becomes for them.
public struct SelectorRewriting: Sendable {
    public let partition: PartitionLabel

    public init(partition: PartitionLabel) { self.partition = partition }

    /// The matchers to send to the member of this name: those on the partition label are evaluated
    /// and gone, those on renamed labels are written in the member's own names. nil when the member
    /// is not chosen. Never such that every series would do: a selector of which nothing else is
    /// left asks for every name.
    ///
    /// An invalid regular expression chooses no member; the parser refuses it before.
    public func matchers(_ matchers: [LabelMatcher], forMember member: String) -> [LabelMatcher]? {
        guard var kept = ownMatchers(matchers, ofMember: member) else { return nil }
        if kept.allSatisfy({ Self.matcher($0, accepts: "") }) {
            kept.append(LabelMatcher("__name__", .regexMatch, ".+"))
        }
        return kept
    }

    /// As `matchers(_:forMember:)`, with nothing added; empty where nothing else is left.
    func ownMatchers(_ matchers: [LabelMatcher], ofMember member: String) -> [LabelMatcher]? {
        var kept: [LabelMatcher] = []
        for matcher in matchers {
            if partition.isName(matcher.name) {
                guard Self.matcher(matcher, accepts: member) else { return nil }
            } else {
                kept.append(
                    LabelMatcher(partition.memberName(of: matcher.name), matcher.op, matcher.value))
            }
        }
        return kept
    }

    /// As `matchers(_:forMember:)`, for a whole selector.
    public func selector(_ selector: VectorSelector, forMember member: String) -> VectorSelector? {
        guard let kept = matchers(selector.matchers, forMember: member) else { return nil }
        var rewritten = selector
        rewritten.matchers = kept
        return rewritten
    }

    /// Whether a value satisfies one matcher; regular expressions are anchored at both ends.
    public static func matcher(_ matcher: LabelMatcher, accepts value: String) -> Bool {
        switch matcher.op {
        case .equal: matcher.value.utf8.elementsEqual(value.utf8)
        case .notEqual: !matcher.value.utf8.elementsEqual(value.utf8)
        case .regexMatch: (try? RegularExpression(matcher.value))?.matches(value) ?? false
        case .regexNoMatch: !((try? RegularExpression(matcher.value))?.matches(value) ?? true)
        }
    }
}
