public import Federation
public import GatewayConfiguration
public import Upstream

/// A project in its role inside one query.
public struct Member: Sendable {
    /// The value of the partition label.
    public var name: String
    /// Why the member cannot be asked, as for want of a key; nil when the client can be.
    public var outOfService: String?
    /// Of a pooled project the client of the cluster that is asked first.
    public var client: UpstreamClient
    /// The clusters that can answer, of a pooled project.
    var pool: PoolClient?

    /// Those that may answer: one, or one for each cluster of a pool.
    var clients: [UpstreamClient] { pool.map { $0.alternatives.map(\.client) } ?? [client] }

    public init(name: String, outOfService: String? = nil, client: UpstreamClient) {
        self.name = name
        self.outOfService = outOfService
        self.client = client
    }
}

extension Member {
    /// What answers fragments for the member over the network.
    var fragmentSource: any FragmentSource {
        if let reason = outOfService { return OutOfServiceSource(reason: reason) }
        if let pool { return PoolFragmentSource(pool: pool) }
        return MemberFragmentSource(client: client)
    }
}

/// The fragments of a member that cannot be asked: each fails with the reason.
struct OutOfServiceSource: FragmentSource {
    let reason: String

    func open(_ question: FragmentQuestion) async throws(FragmentFailure) -> any FragmentStream {
        throw .unavailable(reason)
    }

    func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool { true }
}

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
