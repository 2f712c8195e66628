import Federation
import TimeSeries

extension JSONValue {
    /// The labels that an object of strings stands for.
    var labelSet: LabelSet { LabelSet(pairs) }

    static func labels(_ labels: LabelSet) -> JSONValue { .labels(Array(labels.pairs)) }

    /// A member's label object as the union holds it.
    func labels(of member: String, _ partition: PartitionLabel) -> JSONValue {
        .labels(partition.injecting(member, into: labelSet))
    }
}
