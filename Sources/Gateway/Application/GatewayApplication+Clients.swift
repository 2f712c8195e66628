import Logging
import Projects

extension GatewayApplication {
    /// A gateway whose queries are answered by somebody else.
    init(configuration: Configuration, logger: Logger, queries: QueryHandlers) throws {
        let clients = try MemberClients(configuration)
        self.init(
            configuration: configuration, clients: clients,
            directory: ProjectDirectory(configuration, clients: clients), logger: logger,
            queries: queries)
    }
}
