import PrometheusHTTP

/// What answers queries, set apart so that routing can be tested without it.
struct QueryHandlers: Sendable {
    typealias Answer =
        @Sendable (PrometheusRequest, ResolvedProject, QueryKind) async -> PrometheusResponse

    /// `query` and `query_range`.
    var answer: Answer
    /// `explain`.
    var explain: @Sendable (PrometheusRequest, ResolvedProject) async -> PrometheusResponse
    /// Queries under way, and queries that wait for their turn.
    var load: @Sendable () async -> (running: Int, waiting: Int)
}
