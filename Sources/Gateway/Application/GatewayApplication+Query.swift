public import Logging
public import Projects

extension GatewayApplication {
    /// The gateway of a configuration.
    ///
    /// - Throws: when the members cannot be reached at all, as for want of descriptors.
    public init(configuration: Configuration, logger: Logger) throws {
        let execution = QueryExecution(configuration: configuration)
        try self.init(configuration: configuration, logger: logger) { request, project, kind in
            await execution.respond(to: request, project: project, kind: kind)
        }
    }
}
