import PromQL
import TimeSeries

/// Which labels tell members apart.
///
/// The elements of a part carry some of the labels that are added to their members' series
/// (`PushdownCandidate.kept`). A key *determines the member* if the added labels in it are different
/// for every two members that have a share in the part. The partition label always is. A static label
/// counts where all of these members have it: the series of a member without it may have any value.
extension Planner {
    /// Whether elements of different members always differ in some of these labels.
    func determinesMember(
        _ names: Set<String>, among concerned: @autoclosure () -> Set<Int>
    ) -> Bool {
        if names.contains(scope.partition.name) { return true }
        if names.isEmpty { return false }
        let members = concerned()
        let shared = names.filter { name in
            members.allSatisfy { injections[$0].value(of: name) != nil }
        }.sorted()
        guard !shared.isEmpty else { return false }
        let keys = members.map { member in
            shared.map { Array((injections[member].value(of: $0) ?? "").utf8) }
        }
        return Set(keys).count == members.count
    }

    /// The added labels that the elements of an aggregation carry; nil where a group may hold series
    /// of several members.
    mutating func keptLabels(
        by aggregation: Aggregation, over part: PushdownCandidate
    ) -> Set<String>? {
        if let label = Self.valueLabel(of: aggregation), isAdded(label) { return nil }
        let key = keptLabels(by: aggregation, of: part.kept)
        guard determinesMember(key, among: part.members) else { return nil }
        noteKey(.aggregation(aggregation), key)
        switch aggregation.op {
        // The series that they choose keep all their labels.
        case .topk, .bottomk, .limitk, .limitRatio: return part.kept
        case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar, .quantile, .countValues:
            return key
        }
    }

    /// Of labels that the elements carry, those that are in the key of an aggregation.
    func keptLabels(by aggregation: Aggregation, of labels: Set<String>) -> Set<String> {
        labels.filter { aggregation.grouping.contains($0) != aggregation.isWithout }
    }

    /// The added labels that the elements of a join within members carry; nil where series of
    /// different members may meet, or results of different members be equal.
    mutating func keptLabels(
        by binary: Binary, _ matching: VectorMatching, _ left: PushdownCandidate,
        _ right: PushdownCandidate
    ) -> Set<String>? {
        func isInKey(_ name: String) -> Bool { matching.labels.contains(name) == matching.isOn }
        let key = left.kept.filter(isInKey)
        // What one side lacks, the member would not miss.
        guard key == right.kept.filter(isInKey),
            determinesMember(key, among: left.members.union(right.members))
        else { return nil }
        let kept: Set<String>
        switch (binary.op, matching.cardinality) {
        case (.or, _):
            guard left.kept == right.kept else { return nil }
            kept = left.kept
        case (.and, _), (.unless, _), (_, .manyToMany): kept = left.kept
        case (_, .oneToOne): kept = key
        case (_, .manyToOne):
            kept = Self.labels(left.kept, including: matching.include, of: right.kept)
        case (_, .oneToMany):
            kept = Self.labels(right.kept, including: matching.include, of: left.kept)
        }
        guard determinesMember(kept, among: left.members.union(right.members)) else { return nil }
        noteKey(.binary(binary), key)
        return kept
    }

    /// Labels of the many side, with those that are included as the one side has them.
    private static func labels(
        _ many: Set<String>, including names: [String], of one: Set<String>
    ) -> Set<String> {
        many.subtracting(names).union(one.intersection(names))
    }

    /// Whether some member's series get a label of this name.
    func isAdded(_ label: String) -> Bool { added.contains(label) }

    /// Remembers which static labels told members apart, for people to read.
    private mutating func noteKey(_ expression: Expression, _ key: Set<String>) {
        guard !key.contains(scope.partition.name) else { return }
        let labels = key.sorted().joined(separator: ", ")
        let note = Plan.Note(
            part: expression.description(limit: Plan.Note.longestPart),
            reason: "no two members have the same \(labels)")
        if !memberKeys.contains(note) { memberKeys.append(note) }
    }

    /// The added labels that answers must not carry, because the union's elements do not.
    func omitted(_ member: Int, keeping kept: Set<String>) -> [String] {
        injections[member].labels.map(\.name).filter { !kept.contains($0) }
    }
}
