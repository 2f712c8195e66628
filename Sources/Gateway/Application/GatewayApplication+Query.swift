public import Logging
public import Projects

extension GatewayApplication {
    /// The gateway of a configuration.
    ///
    /// - Throws: when the transport to members cannot be set up, as for want of descriptors.
    public init(configuration: Configuration, logger: Logger) throws {
        let execution = QueryExecution(configuration: configuration)
        let queries = QueryHandlers(
            answer: { request, project, kind in
                await execution.respond(to: request, project: project, kind: kind)
            },
            explain: { request, project in
                await execution.explain(request, project: project)
            },
            load: { await execution.slots.load })
        try self.init(configuration: configuration, logger: logger, queries: queries)
    }
}
