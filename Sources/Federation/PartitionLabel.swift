public import TimeSeries

/// The label that tells members apart (`project` by default), and the rename chain that makes room
/// for it: a member's own `project` is seen as `exported_project`, its own `exported_project` as
/// `exported_exported_project`, and so on. The chain is injective and works on names alone, so it
/// can be undone in query text without looking at data (docs/exactness.md, "Clash of labels").
public struct PartitionLabel: Sendable, Hashable {
    public let name: String
    private static let prefix = "exported_"

    public init(_ name: String = "project") { self.name = name }

    /// Whether a label name, as users see it, stands for a member's own label of another name.
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
