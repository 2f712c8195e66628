public import UpstreamSettings

/// A project in its role inside one request.
public struct Member: Sendable {
    /// Who answers for it.
    public enum Source: Sendable {
        case server(UpstreamClient)
        /// Any cluster of a pool.
        case pool(PoolClient)
        /// Servers that scrape the same targets.
        case replicas(ReplicaSet)
        /// It cannot be asked, as for want of a key.
        case unavailable(reason: String)
    }

    /// The value of the partition label, which chooses its static labels.
    public var name: String
    public var source: Source
    /// What it has samples of.
    public var timeRange: TimeRange

    public init(name: String, source: Source, timeRange: TimeRange = TimeRange()) {
        self.name = name
        self.source = source
        self.timeRange = timeRange
    }

    /// Those that may answer: one, or one for each cluster of a pool, or each replica; none where it
    /// cannot be asked.
    public var clients: [UpstreamClient] {
        switch source {
        case .server(let client): [client]
        case .pool(let pool): pool.alternatives.map(\.client)
        case .replicas(let set): set.replicas.map(\.client)
        case .unavailable: []
        }
    }

    public var pool: PoolClient? {
        if case .pool(let pool) = source { pool } else { nil }
    }

    public var replicas: ReplicaSet? {
        if case .replicas(let set) = source { set } else { nil }
    }

    /// Puts a question to the server, or to the clusters of the pool or the replicas until one answers.
    ///
    /// - Parameter deadline: when the answer is of no more use.
    public func ask<Answer: Sendable>(
        by deadline: ContinuousClock.Instant?,
        _ operation: @escaping @Sendable (UpstreamClient) async throws(UpstreamError) -> Answer
    ) async throws(UpstreamError) -> Answer {
        switch source {
        case .server(let client): return try await operation(client)
        case .pool(let pool): return try await pool.ask(by: deadline, operation)
        case .replicas(let set): return try await set.ask(by: deadline, operation)
        case .unavailable(let reason):
            throw UpstreamError(member: name, kind: .unavailable(reason))
        }
    }
}

extension ReplicaSet {
    /// What a member of these replicas asks; one that has none cannot be asked.
    public var source: Member.Source {
        replicas.isEmpty ? .unavailable(reason: "no replica was found so far") : .replicas(self)
    }
}
