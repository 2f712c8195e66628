import Federation
import GatewayState
import PrometheusServer
import PrometheusWire

/// What is known of queries: those under way, and what those of before cost.
struct QueryActivity: Sendable {
    var active: ActiveQueries
    var top: TopQueries
}

extension GatewayRoutes {
    func addActivity(to routes: inout RouteTable) {
        each(["GET"], "/status/active_queries", &routes) { request in
            try requireWholeSight(request)
            return activity.active.response
        }
        each(["GET"], "/status/top_queries", &routes) { request in
            try requireWholeSight(request)
            let measure = try TopQueries.Measure(request.parameter("by"))
            let limit = try request.reader.number("limit") ?? 20
            guard limit > 0 else { throw APIError.parameter("limit", "must be positive") }
            return activity.top.response(by: measure, limit: limit)
        }
        for address in Self.addresses {
            administration.administering(
                "DELETE", address + "/api/v1/status/active_queries/:id", &routes
            ) { change in
                let id = try AdministrationRoutes.name("id", change.request)
                guard activity.active.cancel(id) > 0 else {
                    throw APIError(.notFound, "no query with this id is being answered")
                }
                administration.audit.record(change.administrator, "cancels", "query \(id)")
                return AdministrationRoutes.success()
            }
        }
    }
}
