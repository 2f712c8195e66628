/// The label that tells members apart (`project` by default), and the static labels that members
/// have beside it.
///
/// The partition label's value is the member's name, so that it always tells members apart. Static
/// labels may be the same for several members, or be missing: a member without a static `region`
/// keeps a `region` of its own as it is.
public struct PartitionLabel: Sendable, Hashable {
    public let name: String
    /// Of members that have some, by the member's name.
    private let injections: [String: LabelInjection]
    /// The partition label and every static label of some member, in order; empty for `none`.
    public let names: [String]

    /// No label: a member shown as it shows itself. Nothing makes room, and nothing is added.
    public static let none = PartitionLabel("")

    public var isNone: Bool { name.isEmpty }

    /// - Parameter labels: static labels, by member, name and value. No name is the partition
    ///   label's, or one that the rename chain of another makes. An empty value makes room alone.
    public init(_ name: String = "project", labels: [String: [String: String]] = [:]) {
        self.name = name
        var injections: [String: LabelInjection] = [:]
        var names: Set<String> = name.isEmpty ? [] : [name]
        for (member, labels) in labels where !labels.isEmpty && !name.isEmpty {
            let own = LabelInjection.Label(name: name, value: member)
            injections[member] = LabelInjection(
                labels.map { LabelInjection.Label(name: $0.key, value: $0.value) } + [own])
            names.formUnion(labels.keys)
        }
        self.injections = injections
        self.names = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Whether some member has static labels.
    public var hasStaticLabels: Bool { names.count > 1 }

    /// Whether a label name is the partition label's.
    public func isName(_ label: String) -> Bool {
        !isNone && label.utf8.elementsEqual(name.utf8)
    }

    /// What the series of a member get.
    public func labels(of member: String) -> LabelInjection {
        if isNone { return .none }
        return injections[member] ?? LabelInjection(name: name, value: member)
    }

    /// A member's label set as the union holds it.
    public func injecting(_ member: String, into labels: LabelSet) -> LabelSet {
        self.labels(of: member).injecting(into: labels)
    }
}
