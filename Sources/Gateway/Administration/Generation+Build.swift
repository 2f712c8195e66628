import Members
import Projects

extension Generation {
    /// What answers under a configuration and a state of the store. Clients whose members are the
    /// same, and what queries under way share, pass over from the former generation.
    init(
        file: Configuration, contents: StoreContents, former: Generation?, live: LiveReference,
        audit: AuditLog, probes: MemberProbes, metrics: GatewayMetrics,
        identity: HopChain.Identity,
        queries: (Configuration, QueryResources) -> QueryHandlers
    ) throws {
        let configuration = contents.effective(file)
        let clients = try MemberClients(
            configuration, reusing: former?.clients, gateway: identity)
        let bounds = QueryResources.Bounds(configuration)
        let resources =
            former.flatMap { $0.resources.bounds == bounds ? $0.resources : nil }
            ?? QueryResources(bounds)
        let access = AccessControl(file, contents)
        let secretFiles = configuration.secretFiles
        let routes = GatewayRoutes(
            configuration: configuration,
            directory: ProjectDirectory(configuration, clients: clients), access: access,
            metrics: metrics, status: StatusEndpoints(configuration: configuration, live: live),
            members: MemberMetrics(clients: clients), secretFiles: secretFiles,
            queries: queries(configuration, resources),
            administration: AdministrationRoutes(
                base: configuration.urlBasePath, access: access, reference: live, audit: audit,
                probes: probes),
            reads: RemoteReadEndpoint(configuration, resources: resources), resources: resources,
            identity: identity)
        self.init(
            file: file, contents: contents, configuration: configuration, clients: clients,
            resources: resources, routes: routes.table(), secretFiles: secretFiles)
    }
}
