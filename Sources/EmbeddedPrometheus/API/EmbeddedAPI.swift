import GoText
import PromQLEngine
import PrometheusAPI
public import PrometheusHTTP

/// The query API of Prometheus over a store in memory. Holds no socket: `respond(to:)` can be used
/// as it is, and `EmbeddedServer` puts it on a port.
public struct EmbeddedAPI: Sendable {
    public let store: MemoryStore
    public let options: EmbeddedOptions
    /// "Now" for queries that name no time; ms since the epoch.
    public var now: @Sendable () -> Int64
    /// Milliseconds since the epoch.
    let startTime: Int64

    public init(
        store: MemoryStore, options: EmbeddedOptions = EmbeddedOptions(),
        now: @escaping @Sendable () -> Int64 = { WallClock.milliseconds() }
    ) {
        self.store = store
        self.options = options
        self.now = now
        startTime = now()
    }

    public func respond(to request: PrometheusRequest) async -> PrometheusResponse {
        await responder().respond(to: request)
    }

    public func responder(readiness: Readiness = Readiness(.ready)) -> PrometheusResponder {
        PrometheusResponder(routes: routes(), readiness: readiness) { error in
            guard let evaluation = error as? EvaluationError else { return .failure(error) }
            return .failure(APIError(evaluation))
        }
    }

    /// Every route of the server.
    func routes() -> RouteTable {
        var routes = RouteTable()
        routes.answerOptions(path: "/api/v1/*")
        addQueries(to: &routes)
        addLabels(to: &routes)
        addStatus(to: &routes)
        addEmpty(to: &routes)
        routes.on("GET", "HEAD", path: "/-/healthy", traits: []) { _ in
            .text("Prometheus Server is Healthy.\n")
        }
        routes.on("GET", "HEAD", path: "/-/ready", traits: .readyGated) { _ in
            .text("Prometheus Server is Ready.\n")
        }
        for path in ["/-/reload", "/-/quit"] {
            routes.on("POST", "PUT", path: path, traits: []) { _ in
                .text(status: 403, "Lifecycle API is not enabled.")
            }
            routes.on("GET", path: path, traits: []) { _ in
                .text(status: 405, "Only POST or PUT requests allowed")
            }
        }
        return routes
    }

    /// A route whose handler gives an answer or throws what refuses it.
    func add(
        _ methods: [String], _ path: String, to routes: inout RouteTable,
        _ handler: @escaping @Sendable (PrometheusRequest) throws -> Answer
    ) {
        for method in methods {
            routes.on(method, path: "/api/v1\(path)") { try handler($0).response }
        }
    }
}
