public import Logging
public import Projects

extension GatewayApplication {
    /// The gateway of a configuration.
    ///
    /// - Throws: when the transport to members cannot be set up, as for want of descriptors.
    public init(configuration: Configuration, logger: Logger) throws {
        var execution = QueryExecution(configuration: configuration)
        let network = execution.source
        execution.source = { member in
            member.outOfService.map { OutOfServiceSource(reason: $0) } ?? network(member)
        }
        let queries = QueryHandlers(
            answer: { [execution] request, project, kind in
                await execution.respond(to: request, project: project, kind: kind)
            },
            explain: { [execution] request, project in
                await execution.explain(request, project: project)
            },
            load: { [execution] in await execution.slots.load })
        try self.init(configuration: configuration, logger: logger, queries: queries)
    }
}
