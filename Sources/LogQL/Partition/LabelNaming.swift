import PromQL
public import TimeSeries

/// The names of one member's labels, as users see them and as the member has them.
///
/// A stream's own label that has the partition label's name is seen as `exported_…`, as everywhere.
/// One that a parser or structured metadata gives is seen as `…_extracted`: in one Loki that holds
/// all streams it would meet the partition label of the stream, and that is how Loki renames what
/// meets a label of the stream.
struct LabelNaming {
    let partition: String
    let ownLabels: Set<String>
    private let chain: LabelInjection

    private static let prefix = "exported_"
    private static let suffix = "_extracted"

    init(_ partition: PartitionLabel, of member: LogMember) {
        self.partition = partition.name
        ownLabels = member.ownLabels
        chain = PartitionLabel(partition.name).labels(of: member.name)
    }

    /// The name users see a label under that is not known to be one of streams or of lines.
    func visibleName(of label: String) -> String {
        guard chain.renames(label.utf8) else { return label }
        if ownLabels.contains(label) { return chain.visibleName(of: label) }
        return chain.isName(label) ? label + Self.suffix : label
    }

    /// The name the member knows a label by. Must not be asked for the partition label.
    func memberName(of label: String) -> String {
        if label == partition + Self.suffix, !partition.isEmpty {
            return ownLabels.contains(partition) ? label : partition
        }
        guard chain.renames(label.utf8) else { return label }
        let own = chain.memberName(of: label)
        if ownLabels.contains(own) { return own }
        // The member's stream has a label of the name, so what a parser gives has another one.
        return ownLabels.contains(label) ? label + Self.suffix : label
    }

    /// Whether the name says something else to a member with own labels than to one without.
    func dependsOnOwnLabels(_ label: String) -> Bool {
        guard !partition.isEmpty else { return false }
        return label == partition + Self.suffix || chain.renames(label.utf8)
    }
}

extension LogScope {
    /// The name users see a label of a member under, in answers that do not tell labels of streams
    /// from those of lines.
    ///
    /// - Parameter member: an index into `members`.
    public func visibleName(of label: String, member: Int) -> String {
        LabelNaming(partition, of: members[member]).visibleName(of: label)
    }

    /// A member's label set with the names that users see, without the partition label.
    public func visible(_ labels: LabelSet, of member: Int) -> LabelSet {
        let naming = LabelNaming(partition, of: members[member])
        let pairs = labels.pairs
        guard pairs.contains(where: { naming.dependsOnOwnLabels($0.name) }) else { return labels }
        return LabelSet(
            pairs.map { (name: naming.visibleName(of: $0.name), value: $0.value) })
    }

    /// Whether the names that users see of a member's label set depend on its own labels.
    public func dependsOnOwnLabels(_ labels: LabelSet, of member: Int) -> Bool {
        let naming = LabelNaming(partition, of: members[member])
        return labels.pairs.contains { naming.dependsOnOwnLabels($0.name) }
    }
}
