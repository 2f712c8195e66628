import PrometheusAPI
import PrometheusHTTP

extension AdministrationRoutes {
    /// `/-/reload`, in the reference's words.
    func addReload(to routes: inout RouteTable) {
        for method in ["POST", "PUT"] {
            routes.on(method, path: base + "/-/reload", traits: []) { request in
                let change = try change(request)
                guard change.live.source != nil else {
                    return .text(status: 403, "Lifecycle API is not enabled.")
                }
                do {
                    try await change.live.reload()
                } catch {
                    return .text(
                        status: 500, "failed to reload config: \(error)\n", noSniff: true)
                }
                audit.record(change.administrator, "reloads", "the configuration")
                return PrometheusResponse()
            }
        }
        routes.on("GET", path: base + "/-/reload", traits: []) { _ in
            .text(status: 405, "Only POST or PUT requests allowed")
        }
    }
}
