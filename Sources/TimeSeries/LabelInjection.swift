/// The labels that all series of a member get, and the rename chain that makes room for each of
/// them: a member's own `project` is seen as `exported_project`, its own `exported_project` as
/// `exported_exported_project`, and so on. The chain is injective and works on names alone, so it
/// can be undone in query text without looking at data (docs/architecture.md, "A member's own
/// `project` label").
///
/// Names are compared by their bytes, as Prometheus compares them. No name is one that the chain
/// of another makes.
public struct LabelInjection: Sendable, Hashable {
    public struct Label: Sendable, Hashable {
        public let name: String
        /// Empty where series get no such label and yet make room for it.
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// In the order of their names.
    public let labels: [Label]
    /// The bytes of each label's name.
    public let names: [[UInt8]]
    /// The bytes of the name of the member's own label that is taken off; nil for none.
    public private(set) var removed: [UInt8]?
    @usableFromInline static let prefix = Array("exported_".utf8)

    /// No label: a member shown as it shows itself. Nothing makes room, and nothing is added.
    public static let none = LabelInjection([])

    public init(_ labels: [Label]) {
        self.labels = labels.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        names = self.labels.map { Array($0.name.utf8) }
    }

    public init(name: String, value: String) {
        labels = [Label(name: name, value: value)]
        names = [Array(name.utf8)]
    }

    /// The labels of a member; nil where members are told apart by none.
    public init?(_ partition: PartitionLabel, of member: String) {
        if partition.isNone { return nil }
        self = partition.labels(of: member)
    }

    /// The value that all series get, empty for none; nil for a label that is the member's own.
    public func value(of label: String) -> String? {
        labels.first { $0.name.utf8.elementsEqual(label.utf8) }?.value
    }

    /// The same names make room, and these labels are not added.
    public func leavingOut(_ omitted: some Collection<String>) -> LabelInjection {
        if omitted.isEmpty { return self }
        var left = LabelInjection(
            labels.map { omitted.contains($0.name) ? Label(name: $0.name, value: "") : $0 })
        left.removed = removed
        return left
    }

    /// The same, with an own label of the member taken off. Series that differ must differ without
    /// it too.
    public func removing(_ label: String) -> LabelInjection {
        var copy = self
        copy.removed = Array(label.utf8)
        return copy
    }

    /// Whether a member's label of this name is taken off.
    @inlinable public func removes(_ memberLabel: some Sequence<UInt8>) -> Bool {
        removed.map { memberLabel.elementsEqual($0) } ?? false
    }

    /// Whether a label of this name, as users see it, is one of those that are added.
    public func isName(_ label: String) -> Bool { value(of: label) != nil }

    /// Whether a member's label of this name makes room: it is one of the names, or one with any
    /// number of `exported_` before it.
    @inlinable public func renames(_ memberLabel: some BidirectionalCollection<UInt8>) -> Bool {
        for name in names where memberLabel.count >= name.count {
            guard memberLabel.suffix(name.count).elementsEqual(name) else { continue }
            var rest = memberLabel.dropLast(name.count)
            while rest.starts(with: Self.prefix) { rest = rest.dropFirst(Self.prefix.count) }
            if rest.isEmpty { return true }
        }
        return false
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

    /// The name a member knows a label by: one link of a chain undone, other names unchanged.
    /// Must not be asked for a label that is added, which no member has.
    public func memberName(of label: String) -> String {
        guard !isName(label), renames(label.utf8) else { return label }
        return String(decoding: label.utf8.dropFirst(Self.prefix.count), as: UTF8.self)
    }

    /// Label names as the member knows them; those that are added are left out.
    public func memberNames(of labels: [String]) -> [String] {
        labels.filter { !isName($0) }.map(memberName(of:))
    }

    /// What users see own labels under that have the name of an added one.
    public var namesOfMovedLabels: LabelNames {
        LabelNames(labels.map { visibleName(of: $0.name) })
    }

    /// A member's label set as the union holds it.
    public func injecting(into labels: LabelSet) -> LabelSet {
        if self.labels.isEmpty, removed == nil { return labels }
        let added = self.labels.filter { !$0.value.isEmpty }
        let pairs = labels.pairs
        guard pairs.contains(where: { renames($0.name.utf8) || removes($0.name.utf8) }) else {
            return added.reduce(labels) { $0.setting($1.name, to: $1.value) }
        }
        let renamed = pairs.filter { !removes($0.name.utf8) }.map {
            (name: visibleName(of: $0.name), value: $0.value)
        }
        return LabelSet(renamed + added.map { (name: $0.name, value: $0.value) })
    }
}
