import Logging
import Projects

extension GatewayApplication {
    /// - Parameter answerQuery: answers `query` and `query_range`.
    init(
        configuration: Configuration, logger: Logger,
        answerQuery: @escaping GatewayRoutes.QueryHandler
    ) throws {
        let clients = try MemberClients.make(configuration)
        self.init(
            configuration: configuration,
            directory: ProjectDirectory(configuration, clients: clients), logger: logger,
            answerQuery: answerQuery)
    }
}
