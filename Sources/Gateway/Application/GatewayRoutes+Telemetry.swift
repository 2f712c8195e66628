import PrometheusServer
import TelemetryFederation
import UpstreamSettings

/// Logs, traces and profiles, by the APIs of Loki, Tempo and Pyroscope.
extension GatewayRoutes {
    func addTelemetry(to routes: inout RouteTable) {
        for endpoint in telemetry.endpoints {
            for address in Self.addresses {
                for method in endpoint.methods {
                    routes.on(
                        method, path: base + address + endpoint.path,
                        traits: [.readyGated, .compressed]
                    ) { request in
                        try await followed(request) { request in
                            await telemetry.respond(to: request, at: endpoint) {
                                try grant(request)
                            } project: {
                                try directory.resolve(
                                    self.address(request, endpoint.kind), $0)
                            }
                        }
                    }
                }
            }
        }
        addPointers(to: &routes)
    }

    /// Where people look for them first, who are told the addresses.
    private func addPointers(to routes: inout RouteTable) {
        let text =
            "Logs, traces and profiles are read by the APIs of Loki, Tempo and Pyroscope:\n\n"
            + "\(base)/p/<project>/loki/api/v1/...   the URL for Grafana is \(base)/p/<project>\n"
            + "\(base)/p/<project>/tempo/api/...     the URL for Grafana is \(base)/p/<project>/tempo\n"
            + "\(base)/p/<project>/pyroscope/...     the URL for Grafana is \(base)/p/<project>/pyroscope\n"
        for kind in TelemetryKind.allCases {
            for address in Self.addresses {
                let path = base + address + "/api/v1/" + kind.data
                routes.on("GET", "POST", path: path) { request in
                    _ = try grant(request)
                    return .text(status: 404, text, noSniff: true)
                }
            }
        }
        // A hub of Coroot shows the status, as of a project that is not there.
        for path in ["/api/clickhouse-config", "/api/clickhouse-connect"] {
            routes.on("GET", "POST", "CONNECT", path: base + path) { request in
                _ = try grant(request)
                return .text(status: 404, text, noSniff: true)
            }
        }
    }
}
