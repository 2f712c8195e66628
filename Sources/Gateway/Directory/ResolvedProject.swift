public import Federation
public import Projects

/// A project as a request means it: whom to ask, and what to do when one of them is missing.
public struct ResolvedProject: Sendable {
    public var name: String
    /// One for a regular project, which is a member of itself: its series carry the partition label
    /// too. In the order of the configuration.
    public var members: [Member]
    public var isMultiCluster: Bool
    public var partialResponse: PartialResponse
    public var exactness: Exactness
    public var partition: PartitionLabel

    public init(
        name: String, members: [Member], isMultiCluster: Bool, partialResponse: PartialResponse,
        exactness: Exactness, partition: PartitionLabel
    ) {
        self.name = name
        self.members = members
        self.isMultiCluster = isMultiCluster
        self.partialResponse = partialResponse
        self.exactness = exactness
        self.partition = partition
    }
}
