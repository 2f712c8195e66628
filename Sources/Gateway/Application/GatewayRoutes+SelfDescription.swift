import Projects
import PrometheusAPI
import PrometheusHTTP

/// What the gateway says about itself, beside `status/*` of which no member knows.
extension GatewayRoutes {
    func addSelfDescription(to routes: inout RouteTable) {
        let features = Envelope.head + FeatureList(configuration.query.features).bytes + [0x7D]
        local(["GET"], "/features", &routes) { _ in .json(features) }
        let description = OpenAPIDocument(base: base).text
        each(["GET"], "/openapi.yaml", &routes) { request in
            _ = try grant(request)
            return PrometheusResponse(
                headers: ["Content-Type": "application/yaml; charset=utf-8"],
                body: .bytes(Array(description.utf8)))
        }
        each(["GET"], "/status/self_metrics", &routes) { request in
            _ = try grant(request)
            return try SelfMetrics(metrics: await ownMetrics()).response(to: request)
        }
        // A server that still reads its log answers these too.
        for address in Self.addresses {
            let path = base + address + "/api/v1"
            routes.on("GET", path: path + "/status/walreplay", traits: .crossOrigin) { request in
                _ = try grant(request)
                return .json(Envelope.head + Array(#"{"min":0,"max":0,"current":0}}"#.utf8))
            }
            routes.on("GET", path: path + "/notifications", traits: .crossOrigin) { request in
                _ = try grant(request)
                return .json(Envelope.head + Array("[]}".utf8))
            }
            routes.on("GET", path: path + "/notifications/live", traits: .crossOrigin) {
                _ = try grant($0)
                return notifications.stream()
            }
        }
    }
}
