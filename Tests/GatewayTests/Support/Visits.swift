import PrometheusServer

/// Requests that a server of a test was asked, in order.
actor Visits {
    private(set) var all: [PrometheusRequest] = []

    func add(_ request: PrometheusRequest) { all.append(request) }

    func take() -> [PrometheusRequest] {
        defer { all = [] }
        return all
    }

    /// Answers everything with `answer`, and remembers who asked what.
    nonisolated func responder(
        _ answer: @escaping @Sendable (PrometheusRequest) async throws -> PrometheusResponse
    ) -> PrometheusResponder {
        var routes = RouteTable()
        for method in ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"] {
            routes.on(method, path: "/*", traits: []) { [self] request in
                await add(request)
                return try await answer(request)
            }
        }
        return PrometheusResponder(routes: routes)
    }
}
