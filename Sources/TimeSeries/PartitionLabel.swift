/// The label that tells members apart (`project` by default), and the rename chain that makes room
/// for it: a member's own `project` is seen as `exported_project`, its own `exported_project` as
/// `exported_exported_project`, and so on. The chain is injective and works on names alone, so it
/// can be undone in query text without looking at data (docs/architecture.md, "A member's own
/// `project` label").
///
/// Names are compared by their bytes, as Prometheus compares them.
public struct PartitionLabel: Sendable, Hashable {
    public let name: String
    /// The name's bytes.
    public let bytes: [UInt8]
    @usableFromInline static let prefix = Array("exported_".utf8)

    /// No label: a member shown as it shows itself. Nothing makes room, and nothing is added.
    public static let none = PartitionLabel("")

    public var isNone: Bool { bytes.isEmpty }

    public init(_ name: String = "project") {
        self.name = name
        bytes = Array(name.utf8)
    }

    /// Whether a label name is the partition label's.
    public func isName(_ label: String) -> Bool { !isNone && label.utf8.elementsEqual(bytes) }

    /// Whether a member's label of this name makes room: it is the partition label's name, or that
    /// with any number of `exported_` before it.
    @inlinable public func renames(_ memberLabel: some BidirectionalCollection<UInt8>) -> Bool {
        guard !bytes.isEmpty, memberLabel.count >= bytes.count,
            memberLabel.suffix(bytes.count).elementsEqual(bytes)
        else { return false }
        var rest = memberLabel.dropLast(bytes.count)
        while rest.starts(with: Self.prefix) { rest = rest.dropFirst(Self.prefix.count) }
        return rest.isEmpty
    }

    /// The name users see a member's label under.
    @inlinable public func visibleName<Name: RangeReplaceableCollection<UInt8>>(
        of memberLabel: Name
    ) -> Name where Name: BidirectionalCollection {
        renames(memberLabel) ? Self.prefix + memberLabel : memberLabel
    }

    /// The name users see a member's label under.
    public func visibleName(of memberLabel: String) -> String {
        renames(memberLabel.utf8)
            ? String(decoding: Self.prefix, as: UTF8.self) + memberLabel : memberLabel
    }

    /// Whether a label that users see under this name has another name at the member.
    public func isRenamed(_ label: String) -> Bool { !isName(label) && renames(label.utf8) }

    /// The name a member knows a label by: one link of the chain undone, other names unchanged.
    /// Must not be asked for the partition label itself, which no member has.
    public func memberName(of label: String) -> String {
        isRenamed(label)
            ? String(decoding: label.utf8.dropFirst(Self.prefix.count), as: UTF8.self) : label
    }

    /// A member's label set as the union holds it.
    public func injecting(_ value: String, into labels: LabelSet) -> LabelSet {
        if isNone { return labels }
        let pairs = labels.pairs
        guard pairs.contains(where: { renames($0.name.utf8) }) else {
            return labels.setting(name, to: value)
        }
        let renamed = pairs.map { (name: visibleName(of: $0.name), value: $0.value) }
        return LabelSet(renamed + [(name: name, value: value)])
    }
}
