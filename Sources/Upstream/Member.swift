public import UpstreamSettings

/// A project in its role inside one request.
public struct Member: Sendable {
    /// Who answers for it.
    public enum Source: Sendable {
        case server(UpstreamClient)
        /// Any cluster of a pool.
        case pool(PoolClient)
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

    /// Those that may answer: one, or one for each cluster of a pool; none where it cannot be asked.
    public var clients: [UpstreamClient] {
        switch source {
        case .server(let client): [client]
        case .pool(let pool): pool.alternatives.map(\.client)
        case .unavailable: []
        }
    }

    public var pool: PoolClient? {
        if case .pool(let pool) = source { pool } else { nil }
    }

    /// Puts a question to the server, or to the clusters of the pool until one answers.
    ///
    /// - Parameter deadline: when the answer is of no more use.
    public func ask<Answer: Sendable>(
        by deadline: ContinuousClock.Instant?,
        _ operation: @escaping @Sendable (UpstreamClient) async throws(UpstreamError) -> Answer
    ) async throws(UpstreamError) -> Answer {
        switch source {
        case .server(let client): return try await operation(client)
        case .pool(let pool): return try await pool.ask(by: deadline, operation)
        case .unavailable(let reason):
            throw UpstreamError(member: name, kind: .unavailable(reason))
        }
    }
}
