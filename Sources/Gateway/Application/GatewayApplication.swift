import Discovery
import Federation
public import GatewayConfiguration
public import GatewayLog
import GatewayState
import HTTPTransport
public import Logging
public import PrometheusServer
import Redis
public import ServiceLifecycle
import TelemetryFederation
import TraceExport
import Upstream
import UpstreamSettings
public import WebPage

/// The gateway: a checked configuration, made into a server.
///
/// It owns the transport to members: run its `services` with its server, or call `shutdown` once it
/// answers no more.
public struct GatewayApplication: Sendable {
    /// As at start, the store's projects included.
    public let configuration: Configuration
    public var logger: Logger
    let live: ConfigurationReloader
    let metrics: GatewayMetrics
    private let transport: CurlMulti
    private let requestLog: RequestLog
    private let exporter: SpanExporter?
    private let readiness = Readiness(.ready)
    private let active = ActiveQueries()
    private let top = TopQueries()

    /// The gateway of a configuration that stays as it is.
    ///
    /// - Throws: when the transport to members cannot be set up, as for want of descriptors, or
    ///   when the files of `tls` were damaged since they were checked.
    public init(configuration: Configuration, logger: Logger) throws {
        try self.init(
            configuration: configuration, logger: logger, queries: QueryHandlers.init)
    }

    /// The gateway of a configuration that can be changed while it runs.
    ///
    /// - Parameters:
    ///   - store: Keeps what users make; the configuration's projects are taken over into it.
    ///   - source: Reads the configuration again, when that is asked for.
    ///   - log: Tells requests and queries, and follows reloads; nil for a gateway that tells none.
    ///   - page: The web page; none by default.
    /// - Throws: `StoreError`, or when the transport to members cannot be set up.
    public init(
        configuration: Configuration, store: (any ProjectStore)?, source: ConfigurationSource?,
        audit: AuditLog? = nil, logger: Logger, log: GatewayLog? = nil,
        page: PageRoutes.Content = .disabled
    ) async throws {
        var contents = StoreContents()
        if let store {
            contents = try await ConfigurationReloader.register(configuration, in: store, logger)
        }
        try self.init(
            configuration: configuration, contents: contents, store: store, source: source,
            audit: audit ?? AuditLog(logger), logger: logger, log: log, page: page,
            queries: QueryHandlers.init)
    }

    /// - Parameter queries: Answers queries under a configuration.
    init(
        configuration: Configuration, contents: StoreContents = StoreContents(),
        store: (any ProjectStore)? = nil, source: ConfigurationSource? = nil,
        audit: AuditLog = AuditLog { _ in }, logger: Logger, log: GatewayLog? = nil,
        page: PageRoutes.Content = .disabled,
        queries: @escaping @Sendable (Configuration, QueryResources) -> QueryHandlers
    ) throws {
        self.logger = logger
        let reference = LiveReference()
        let sessions = Sessions()
        let activity = QueryActivity(active: active, top: top)
        let probes = MemberProbes()
        let identity = HopChain.Identity()
        let tls = try configuration.tls.map { try LiveTLS($0) }
        let machine = MachineMemory.bytes
        let transport = try CurlMulti(
            threads: CurlMulti.oneForEachProcessor,
            receiveBytes: QueryResources.Bounds(configuration, machine: machine).receiveBytes)
        self.transport = transport
        let exporter = configuration.tracing.map {
            SpanExporter($0, transport: transport, logger: logger)
        }
        self.exporter = exporter
        requestLog = RequestLog(
            log, tracer: exporter.map { ExportingTracer($0) },
            sampling: configuration.tracing?.sampling ?? 0)
        let metrics = GatewayMetrics(TelemetryMetrics(log: log, exporter: exporter))
        self.metrics = metrics
        live = ConfigurationReloader(
            file: configuration, contents: contents, store: store, source: source, tls: tls,
            logger: logger, log: log
        ) { file, contents, former in
            RuntimeSnapshot(
                file: file, contents: contents, former: former, live: reference, audit: audit,
                probes: probes, metrics: metrics, identity: identity, transport: transport,
                machine: machine, page: page, activity: activity, sessions: sessions,
                logger: logger,
                queries: queries)
        }
        reference.live = live
        self.configuration = live.current.value.configuration
    }

    /// Answers requests without a socket.
    public var responder: PrometheusResponder {
        PrometheusResponder(
            currentRoutes: { [live] in live.current.value.routes }, readiness: readiness
        ) { error in
            ErrorAnswer.of(error)
        }
    }

    /// The server, ready to be run alone or beside other services.
    ///
    /// - Parameter onListening: is told the real port once connections are accepted.
    public func server(
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> PrometheusServer {
        let address = live.bound
        var server = PrometheusServer(
            responder: responder, host: address.host, port: address.port,
            limits: ServerLimits(configuration.limits), logger: logger.ofLibraries,
            bodyLoan: { [live] in live.current.value.resources.memory.loan() },
            onListening: onListening
        ) { [metrics, requestLog, top] request in
            metrics.record(request)
            requestLog.record(request)
            top.record(request)
        }
        server.scope = { [requestLog, active] headers in
            let scope = requestLog.scope(for: headers)
            active.begin(scope)
            return scope
        }
        server.onEnded = { [active] in active.end($0) }
        server.onAbandoned = { [requestLog, top] request in
            requestLog.record(request)
            top.record(request)
        }
        server.taskExecutors = transport.taskExecutors
        server.connectionCount = metrics.connections
        if let tls = live.tls { server.tls = { tls.context } }
        return server
    }

    /// Ends requests to members and closes their connections; what is asked later finds no member.
    /// For a gateway without a server: with one, the `services` do this.
    public func shutdown() async { await transport.shutdown() }

    /// What runs beside the server, in the order of their start: the transport to members, which
    /// must be stopped after the server; what watches memory, the store, secrets, projects and
    /// members; what reloads on SIGHUP.
    public var services: [any Service] {
        var services: [any Service] = [
            transport, HeapWatch(live: live), SecretWatch(live: live), MemberProbing(live: live),
        ]
        if let exporter { services.append(exporter) }
        if live.store != nil { services.append(StoreWatch(live: live)) }
        if live.source != nil {
            services += [HangupReload(live: live), ProjectFileWatch(live: live)]
        }
        let finder = MemberFinder(transport: transport, logger: logger) { [live] findings in
            await live.install(findings)
        }
        services.append(
            MemberFinding(finder) { [live] in
                MemberFinder.Wanted(live.current.value.configuration)
            })
        return services
    }

    /// Reads the configuration file again and puts it in force.
    ///
    /// - Throws: `ConfigurationSource.Refused`; nothing changed then.
    public func reload() async throws { try await live.reload() }
}

/// Gives memory back when answers no longer need it.
private struct HeapWatch: Service {
    let live: ConfigurationReloader

    func run() async throws {
        HeapMemory.keepFreed(threads: CurlMulti.oneForEachProcessor)
        await cancelWhenGracefulShutdown {
            var heap = HeapMemory()
            while !Task.isCancelled {
                heap.look(at: live.current.value.resources.memory)
                try? await Task.sleep(for: HeapMemory.interval)
            }
        }
    }
}

extension ServerLimits {
    fileprivate init(_ limits: Limits) {
        self.init()
        headerBytes = limits.maxHeaderBytes
        formBytes = limits.maxFormBytes
        requestBytes = limits.maxRequestMemory
        idleTimeout = limits.idleTimeout
        headTimeout = limits.headTimeout
        connections = limits.maxConnections
        connectionsPerClient = limits.maxConnectionsPerClient
        // What is left of the grace is for ending the requests that did not end by themselves.
        let grace = limits.shutdownGrace
        shutdownGrace = max(grace - .seconds(1), grace / 2)
    }
}

extension GatewayApplication {
    /// A gateway whose queries are answered by somebody else.
    init(configuration: Configuration, logger: Logger, queries: QueryHandlers) throws {
        try self.init(
            configuration: configuration, logger: logger, queries: { _, _ in queries })
    }
}

/// What answers queries, set apart so that routing can be tested without it.
struct QueryHandlers: Sendable {
    typealias Answer =
        @Sendable (PrometheusRequest, ResolvedProject, QueryKind) async -> PrometheusResponse

    /// `query` and `query_range`.
    var answer: Answer
    /// `explain`.
    var explain: @Sendable (PrometheusRequest, ResolvedProject) async -> PrometheusResponse
    /// What queries under way use.
    var load: @Sendable () -> QueryResources.Load
}

extension QueryHandlers {
    /// Over the network.
    init(configuration: Configuration, resources: QueryResources) {
        let execution = QueryExecution(configuration: configuration, resources: resources)
        self.init(
            answer: { request, project, kind in
                await execution.respond(to: request, project: project, kind: kind)
            },
            explain: { request, project in
                await execution.explain(request, project: project)
            },
            load: { resources.load })
    }
}

extension RuntimeSnapshot {
    /// What answers under a configuration and a state of the store. Clients whose members are the
    /// same, and what queries under way share, pass over from the former generation.
    init(
        file: Configuration, contents: StoreContents, former: RuntimeSnapshot?, live: LiveReference,
        audit: AuditLog, probes: MemberProbes, metrics: GatewayMetrics,
        identity: HopChain.Identity, transport: CurlMulti, machine: Int,
        page: PageRoutes.Content, activity: QueryActivity, sessions: Sessions, logger: Logger,
        queries: (Configuration, QueryResources) -> QueryHandlers
    ) {
        let configuration = contents.effective(file)
        let clients = UpstreamClients(
            configuration, transport: transport, reusing: former?.clients, gateway: identity
        ) { logger.say($0) }
        let bounds = QueryResources.Bounds(configuration, machine: machine)
        let resources =
            former.flatMap { $0.resources.bounds == bounds ? $0.resources : nil }
            ?? QueryResources(bounds) { [address = configuration.cache.redis?.address] change in
                let address = address?.description ?? ""
                switch change {
                case .back: logger.warning("answers are shared in \(address) again")
                case .away(let reason):
                    logger.warning(
                        "answers are not shared in \(address) for now: \(reason)")
                }
            }
        resources.cache?.keep(clients.named.map(\.client))
        let access = AccessControl(
            file, contents, bound: former?.bound ?? file.listenAddress, sessions: sessions)
        let secretFiles = configuration.secretFiles
        let routes = GatewayRoutes(
            configuration: configuration,
            directory: ProjectDirectory(configuration, clients: clients, counts: metrics.answers),
            access: access,
            metrics: metrics, status: StatusEndpoints(configuration: configuration, live: live),
            members: clients.named, secretFiles: secretFiles,
            queries: queries(configuration, resources),
            administration: AdministrationRoutes(
                base: configuration.urlBasePath, access: access, reference: live, audit: audit,
                probes: probes, metrics: metrics, speaksTLS: configuration.tls != nil,
                clients: { wanted, present in
                    UpstreamClients(
                        wanted, transport: transport, reusing: present.clients, gateway: identity)
                }),
            reads: RemoteReadEndpoint(configuration, resources: resources),
            telemetry: TelemetryService(configuration: configuration, resources: resources),
            resources: resources,
            identity: identity, page: page, activity: activity)
        self.init(
            file: file, contents: contents, bound: former?.bound ?? file.listenAddress,
            configuration: configuration, clients: clients, resources: resources,
            routes: routes.table(), secretFiles: secretFiles)
    }
}
