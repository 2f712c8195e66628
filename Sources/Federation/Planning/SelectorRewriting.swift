public import PromQL
import RegularExpressions
public import TimeSeries

/// Takes selectors apart by member: which members a selector chooses, and what it becomes for them.
public struct SelectorRewriting: Sendable {
    public let partition: PartitionLabel

    public init(partition: PartitionLabel) { self.partition = partition }

    /// The matchers to send to the member of this name: those on the partition label are evaluated
    /// and gone, those on renamed labels are written in the member's own names. nil when the member
    /// is not chosen. Never empty: a selector of which nothing else is left asks for every name.
    ///
    /// An invalid regular expression chooses no member; the parser refuses it before.
    public func matchers(_ matchers: [LabelMatcher], forMember member: String) -> [LabelMatcher]? {
        var kept: [LabelMatcher] = []
        for matcher in matchers {
            if matcher.name == partition.name {
                guard Self.matcher(matcher, accepts: member) else { return nil }
            } else {
                kept.append(
                    LabelMatcher(partition.memberName(of: matcher.name), matcher.op, matcher.value))
            }
        }
        if kept.allSatisfy({ Self.matcher($0, accepts: "") }) {
            kept.append(LabelMatcher("__name__", .regexMatch, ".+"))
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

/// The label that tells members apart (`project` by default), and the rename chain that makes room
/// for it: a member's own `project` is seen as `exported_project`, its own `exported_project` as
/// `exported_exported_project`, and so on. The chain is injective and works on names alone, so it
/// can be undone in query text without looking at data (docs/exactness.md, "Clash of labels").
public struct PartitionLabel: Sendable, Hashable {
    public let name: String
    private static let prefix = "exported_"

    public init(_ name: String = "project") { self.name = name }

    /// Whether a label that users see under this name has another name at the member.
    public func isRenamed(_ label: String) -> Bool {
        label != name && isInChain(label)
    }

    /// The name a member knows a label by: one link of the chain undone, other names unchanged.
    /// Must not be asked for the partition label itself, which no member has.
    public func memberName(of label: String) -> String {
        isRenamed(label) ? String(label.dropFirst(Self.prefix.count)) : label
    }

    /// The name users see a member's label under.
    public func visibleName(of memberLabel: String) -> String {
        isInChain(memberLabel) ? Self.prefix + memberLabel : memberLabel
    }

    /// A member's label set as the union holds it.
    public func injecting(_ value: String, into labels: LabelSet) -> LabelSet {
        let pairs = labels.pairs
        guard pairs.contains(where: { isInChain($0.name) }) else {
            return labels.setting(name, to: value)
        }
        let renamed = pairs.map { (name: visibleName(of: $0.name), value: $0.value) }
        return LabelSet(renamed + [(name: name, value: value)])
    }

    private func isInChain(_ label: String) -> Bool {
        guard label.hasSuffix(name) else { return false }
        var rest = label.dropLast(name.count)
        while rest.hasPrefix(Self.prefix) { rest = rest.dropFirst(Self.prefix.count) }
        return rest.isEmpty
    }
}
