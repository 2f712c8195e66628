import Projects

extension Generation {
    /// What answers under a configuration and a state of the store. Clients whose members are the
    /// same, and the slots of queries under way, pass over from the former generation.
    init(
        file: Configuration, contents: StoreContents, former: Generation?, live: LiveReference,
        audit: AuditLog, probes: MemberProbes, metrics: GatewayMetrics,
        queries: (Configuration, QuerySlots) -> QueryHandlers
    ) throws {
        let configuration = contents.effective(file)
        let clients = try MemberClients(configuration, reusing: former?.clients)
        let concurrency = configuration.query.maxConcurrency
        let slots =
            former.flatMap { $0.file.query.maxConcurrency == concurrency ? $0.slots : nil }
            ?? QuerySlots(limit: concurrency)
        let access = AccessControl(file, contents)
        let routes = GatewayRoutes(
            configuration: configuration,
            directory: ProjectDirectory(configuration, clients: clients), access: access,
            metrics: metrics, status: StatusEndpoints(configuration: configuration, live: live),
            members: MemberMetrics(clients: clients), queries: queries(configuration, slots),
            administration: AdministrationRoutes(
                base: configuration.urlBasePath, access: access, reference: live, audit: audit,
                probes: probes),
            reads: RemoteReadEndpoint(configuration, slots: slots))
        self.init(
            file: file, contents: contents, configuration: configuration, clients: clients,
            slots: slots, routes: routes.table())
    }
}
