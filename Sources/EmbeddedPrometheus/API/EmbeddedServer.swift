public import Logging
public import PrometheusHTTP

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
