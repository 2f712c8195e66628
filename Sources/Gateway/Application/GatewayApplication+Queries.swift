import Logging
import Projects

extension GatewayApplication {
    /// A gateway whose queries are answered by somebody else.
    init(configuration: Configuration, logger: Logger, queries: QueryHandlers) throws {
        try self.init(
            configuration: configuration, logger: logger, queries: { _, _ in queries })
    }
}
