import Projects
import PrometheusHTTP

/// What answers queries, set apart so that routing can be tested without it.
struct QueryHandlers: Sendable {
    typealias Answer =
        @Sendable (PrometheusRequest, ResolvedProject, QueryKind) async -> PrometheusResponse

    /// `query` and `query_range`.
    var answer: Answer
    /// `explain`.
    var explain: @Sendable (PrometheusRequest, ResolvedProject) async -> PrometheusResponse
    /// What queries under way use.
    var load: @Sendable () -> QueryResources.Load
}

extension QueryHandlers {
    /// Over the network.
    init(configuration: Configuration, resources: QueryResources) {
        let execution = QueryExecution(configuration: configuration, resources: resources)
        self.init(
            answer: { request, project, kind in
                await execution.respond(to: request, project: project, kind: kind)
            },
            explain: { request, project in
                await execution.explain(request, project: project)
            },
            load: { resources.load })
    }
}
