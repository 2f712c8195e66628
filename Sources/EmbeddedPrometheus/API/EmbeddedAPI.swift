import GoText
public import Logging
public import PromQL
public import PromQLEngine
public import PrometheusServer
import PrometheusWire

/// The query API of Prometheus over a store in memory. Holds no socket: `respond(to:)` can be used
/// as it is, and `EmbeddedServer` puts it on a port.
public struct EmbeddedAPI: Sendable {
    public let store: MemoryStore
    public let options: EmbeddedOptions
    /// "Now" for queries that name no time.
    public var now: @Sendable () -> Timestamp
    let startTime: Timestamp

    public init(
        store: MemoryStore, options: EmbeddedOptions = EmbeddedOptions(),
        now: @escaping @Sendable () -> Timestamp = { WallClock.now() }
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

/// How an embedded server answers.
public struct EmbeddedOptions: Sendable {
    public var engine = EngineOptions()
    public var parser = ParserOptions.everything
    /// What a query may take; a request's `timeout` can only shorten it.
    public var queryTimeout: Duration = .seconds(120)
    /// The Prometheus version whose behaviour is claimed in `status/buildinfo`.
    public var version = "3.14.0"

    public init() {}
}

/// A Prometheus-compatible server over a store in memory.
public struct EmbeddedServer: Sendable {
    public let api: EmbeddedAPI
    public var limits = ServerLimits()
    public var logger: Logger

    public init(
        store: MemoryStore, options: EmbeddedOptions = EmbeddedOptions(),
        logger: Logger = Logger(label: "tributary.embedded")
    ) {
        api = EmbeddedAPI(store: store, options: options)
        self.logger = logger
    }

    /// Serves until the task is cancelled or a graceful shutdown has drained it.
    ///
    /// - Parameters:
    ///   - port: 0 for one the system chooses.
    ///   - onListening: is told the real port once connections are accepted.
    /// - Throws: when the address cannot be listened on.
    public func run(
        host: String = "127.0.0.1", port: Int = 0,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) async throws {
        try await service(host: host, port: port, onListening: onListening).run()
    }

    /// The same as a service, for a group that also handles signals.
    public func service(
        host: String, port: Int,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> PrometheusServer {
        PrometheusServer(
            responder: api.responder(readiness: Readiness(.ready)), host: host, port: port,
            limits: limits, logger: logger, onListening: onListening)
    }
}
