public import Members

/// A project in its role inside one query.
public struct Member: Sendable {
    /// The value of the partition label.
    public var name: String
    /// Why the member cannot be asked, as for want of a key; nil when the client can be.
    public var outOfService: String?
    /// Of a pooled project the client of the cluster that is asked first.
    public var client: MemberClient
    /// The clusters that can answer, of a pooled project.
    var pool: PoolCall?

    /// Those that may answer: one, or one for each cluster of a pool.
    var clients: [MemberClient] { pool.map { $0.alternatives.map(\.client) } ?? [client] }

    public init(name: String, outOfService: String? = nil, client: MemberClient) {
        self.name = name
        self.outOfService = outOfService
        self.client = client
    }
}
