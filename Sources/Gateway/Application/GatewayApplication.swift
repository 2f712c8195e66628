public import Logging
public import Projects
public import PrometheusHTTP

/// The gateway: a checked configuration, made into a server.
public struct GatewayApplication: Sendable {
    public let configuration: Configuration
    public var logger: Logger
    let routes: GatewayRoutes
    let metrics: GatewayMetrics
    private let readiness = Readiness(.ready)

    init(
        configuration: Configuration, clients: MemberClients, directory: ProjectDirectory,
        logger: Logger, queries: QueryHandlers
    ) {
        self.configuration = configuration
        self.logger = logger
        metrics = GatewayMetrics()
        routes = GatewayRoutes(
            configuration: configuration, directory: directory,
            access: AccessControl(configuration), metrics: metrics,
            status: StatusEndpoints(configuration: configuration),
            members: MemberMetrics(clients: clients), queries: queries)
    }

    /// Answers requests without a socket.
    public var responder: PrometheusResponder {
        PrometheusResponder(routes: routes.table(), readiness: readiness) { error in
            ErrorAnswer.of(error)
        }
    }

    /// The server, ready to be run alone or beside other services.
    ///
    /// - Parameter onListening: is told the real port once connections are accepted.
    public func server(
        at address: ListenAddress? = nil,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> PrometheusServer {
        let address = address ?? configuration.listenAddress
        return PrometheusServer(
            responder: responder, host: address.host, port: address.port,
            limits: ServerLimits(configuration.limits), logger: logger, onListening: onListening,
            onCompleted: { [metrics] in metrics.record($0) })
    }
}

extension ServerLimits {
    fileprivate init(_ limits: Limits) {
        self.init()
        headerBytes = limits.maxHeaderBytes
        formBytes = limits.maxFormBytes
        idleTimeout = .milliseconds(limits.idleTimeout)
        connections = limits.maxConnections
        shutdownGrace = .milliseconds(limits.shutdownGrace)
    }
}
