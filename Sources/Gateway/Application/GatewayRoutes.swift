import Federation
import GatewayConfiguration
import GatewayState
import GoText
import PrometheusServer
import PrometheusWire
import TelemetryFederation
import Upstream
import UpstreamSettings
import WebPage

/// Every path of the gateway.
struct GatewayRoutes: Sendable {
    typealias Handler =
        @Sendable (PrometheusRequest, ResolvedProject) async throws -> PrometheusResponse

    var configuration: Configuration
    var directory: ProjectDirectory
    var access: AccessControl
    var metrics: GatewayMetrics
    var status: StatusEndpoints
    var members: [(name: String, client: UpstreamClient)]
    var secretFiles: [SecretFile]
    var queries: QueryHandlers
    var administration: AdministrationRoutes
    var reads: RemoteReadEndpoint
    var telemetry: TelemetryService
    var resources: QueryResources
    /// What this gateway marks its requests to members with.
    var identity: HopChain.Identity
    var page: PageRoutes.Content
    var activity: QueryActivity
    let notifications = NotificationStream()

    /// Where a project's API stands, `/api/v1` left out.
    static let addresses = [
        "", "/p/:project", "/p/:project/d/:domain", "/p/:project/d/:domain/w/:workflow",
    ]

    func table() -> RouteTable {
        var routes = RouteTable()
        // Nothing is held for a client whose credentials are not right.
        routes.takesBody = { [access] headers, traits in
            do throws(AccessControl.Refusal) {
                if traits.contains(.administering) {
                    _ = try access.administrator(for: headers)
                } else {
                    _ = try access.grant(for: headers)
                }
                return true
            } catch {
                return false
            }
        }
        // First, so that no file of the page takes a path away from the API.
        PageRoutes(
            base: base, content: page, version: ProductVersion.text,
            admit: { [access] headers in
                do throws(AccessControl.Refusal) {
                    try access.admitPage(headers)
                } catch {
                    throw APIError(error)
                }
            }
        ).add(to: &routes)
        for address in Self.addresses {
            routes.answerOptions(path: base + address + "/api/v1/*")
        }
        addProjectRoutes(to: &routes)
        addRemoteRead(to: &routes)
        addDocumentRoutes(to: &routes)
        addLocalRoutes(to: &routes)
        addSelfDescription(to: &routes)
        addActivity(to: &routes)
        addRefusals(to: &routes)
        addTelemetry(to: &routes)
        addLifecycle(to: &routes)
        administration.add(to: &routes)
        return routes
    }

    var base: String { configuration.urlBasePath }

    // MARK: A project's API

    private func addProjectRoutes(to routes: inout RouteTable) {
        on(["GET", "POST"], "/query", &routes, .quick, shows: .selected) {
            await queries.answer($0, $1, .instant)
        }
        on(["GET", "POST"], "/query_range", &routes, .quick, shows: .selected) {
            await queries.answer($0, $1, .range)
        }
        on(["GET", "POST"], "/explain", &routes, shows: .selected) {
            await queries.explain($0, $1)
        }
        lists(["GET", "POST"], "/labels", &routes, shows: .selected) {
            try await metadata($0, $1).labelNames($0)
        }
        lists(["GET"], "/label/:name/values", &routes, shows: .selected) {
            try await metadata($0, $1).labelValues($0)
        }
        lists(["GET", "POST"], "/series", &routes, shows: .selected) {
            try await metadata($0, $1).series($0)
        }
        lists(["GET"], "/metadata", &routes) { request, project in
            let endpoints = metadata(request, project)
            return ["true", "1"].contains(request.parameter("by_project"))
                ? try await endpoints.metadataByProject(request)
                : try await endpoints.metadata(request)
        }
        lists(["GET", "POST"], "/search/metric_names", &routes, shows: .selected) {
            try await metadata($0, $1).searchMetricNames($0)
        }
        lists(["GET", "POST"], "/search/label_names", &routes, shows: .selected) {
            try await metadata($0, $1).searchLabelNames($0)
        }
        lists(["GET", "POST"], "/search/label_values", &routes, shows: .selected) {
            try await metadata($0, $1).searchLabelValues($0)
        }
    }

    /// Endpoints whose members answer with lists and documents, which are read wholly.
    func lists(
        _ methods: [String], _ path: String, _ routes: inout RouteTable, shows: Sight = .all,
        _ handler: @escaping Handler
    ) {
        on(methods, path, &routes, shows: shows) { request, project in
            let time = time(request)
            let admission = try await resources.admit(request, to: project, until: time.deadline)
            var response = try await resources.turn(time, for: project.client).lending {
                try await handler(request, project)
            }
            // Lists may be read while they are sent.
            response.loan = (response.loan, admission)
            return response
        }
    }

    /// Plain text and protobuf, so nothing of what surrounds the endpoints that answer JSON.
    private func addRemoteRead(to routes: inout RouteTable) {
        each(["POST"], "/read", &routes, traits: .readyGated) { request in
            let project: ResolvedProject
            do {
                project = try directory.resolve(address(request), grant(request))
            } catch {
                var refusal = RemoteReadEndpoint.refusal(error)
                let authenticate = "WWW-Authenticate"
                refusal.headers[authenticate] = ErrorAnswer.of(error).headers[authenticate]
                return refusal
            }
            var response = await reads.respond(to: request, project: project)
            await PoolHeaders.add(to: &response, for: project)
            return response
        }
    }

    /// What an answer shows to a token that sees some series only.
    enum Sight {
        /// What selectors choose, or no series at all.
        case selected
        /// Other series too, so that the token is refused.
        case all
    }

    func on(
        _ methods: [String], _ path: String, _ routes: inout RouteTable,
        _ traits: RouteTraits = .api, shows: Sight = .all, _ handler: @escaping Handler
    ) {
        each(methods, path, &routes, traits: traits) { request in
            let grant = try self.grant(request)
            let project = try directory.resolve(address(request), grant)
            if shows == .all { try project.requireWholeSight() }
            var response = try await handler(request, project)
            await PoolHeaders.add(to: &response, for: project)
            return response
        }
    }

    func metadata(
        _ request: PrometheusRequest, _ project: ResolvedProject
    ) -> MetadataEndpoints {
        MetadataEndpoints(
            project: project, limits: configuration.limits, time: time(request),
            unsorted: resources.unsortedLists)
    }

    /// The time that a request has which is no query.
    func time(_ request: PrometheusRequest) -> AnswerTime {
        AnswerTime(of: request, configured: configuration.query.timeout)
    }

    // MARK: What no member is asked for

    private func addLocalRoutes(to routes: inout RouteTable) {
        let language = LanguageEndpoints(features: configuration.query.features)
        local(["GET", "POST"], "/format_query", &routes) { try language.format($0) }
        local(["GET", "POST"], "/parse_query", &routes) { try language.parse($0) }
        local(["GET"], "/status/buildinfo", &routes) { _ in .json(status.buildInformation) }
        local(["GET"], "/status/flags", &routes) { _ in .json(status.flags) }
        local(["GET"], "/status/runtimeinfo", &routes) { _ in .json(status.runtimeInformation) }
        local(["GET"], "/status/config", &routes) { request in
            .json(status.effectiveConfiguration(for: try grant(request)))
        }
    }

    /// A route that needs no project, but refuses one that does not exist.
    func local(
        _ methods: [String], _ path: String, _ routes: inout RouteTable,
        _ handler: @escaping @Sendable (PrometheusRequest) throws -> PrometheusResponse
    ) {
        each(methods, path, &routes) { request in
            let grant = try self.grant(request)
            let address = address(request)
            if address.project != nil { _ = try directory.resolve(address, grant) }
            return try handler(request)
        }
    }

    /// The gateway only reads: what would write is refused as a server with the feature off.
    private func addRefusals(to routes: inout RouteTable) {
        let writes = [
            (
                "/write",
                "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n"
            ),
            (
                "/otlp/v1/metrics",
                "otlp write receiver needs to be enabled with --web.enable-otlp-receiver\n"
            ),
        ]
        for (path, text) in writes {
            each(["POST"], path, &routes) { _ in .text(status: 404, text, noSniff: true) }
        }
        for action in ["delete_series", "clean_tombstones", "snapshot"] {
            each(["POST", "PUT"], "/admin/tsdb/\(action)", &routes) { _ in
                // 500 and not the 503 of other unavailable things, as the reference.
                .json(status: 500, APIError(.unavailable, "admin APIs disabled").json)
            }
        }
    }

    // MARK: The server itself

    private func addLifecycle(to routes: inout RouteTable) {
        routes.on("GET", path: base + "/-/healthy", traits: []) { _ in
            .text("Prometheus Server is Healthy.\n")
        }
        routes.on("HEAD", path: base + "/-/healthy", traits: []) { _ in PrometheusResponse() }
        routes.on("GET", path: base + "/-/ready", traits: .readyGated) { try ready($0) }
        routes.on("HEAD", path: base + "/-/ready", traits: .readyGated) { request in
            PrometheusResponse(status: try ready(request).status)
        }
        routes.on("POST", "PUT", path: base + "/-/quit", traits: []) { _ in
            .text(status: 403, "Lifecycle API is not enabled.")
        }
        routes.on("GET", path: base + "/-/quit", traits: []) { _ in
            .text(status: 405, "Only POST or PUT requests allowed")
        }
        routes.on("GET", path: base + "/metrics", traits: []) { request in
            try requireWholeSight(request)
            return GatewayExposition.response(ownMetrics(), to: request)
        }
        routes.on("GET", path: base + "/version", traits: []) { _ in
            .text(String(decoding: status.version + [UInt8(ascii: "\n")], as: UTF8.self))
        }
    }

    /// Whether the gateway answers and, where that is asked for, its members do.
    private func ready(_ request: PrometheusRequest) throws(APIError) -> PrometheusResponse {
        let asked = request.parameter("members")
        if asked.isEmpty { return .text("Prometheus Server is Ready.\n") }
        guard let wanted = MembersReadiness(rawValue: asked) else {
            throw .parameter("members", "must be all or any")
        }
        return wanted.response(
            status.live.live?.current.value.enabledMembers.map(\.client.health.presence) ?? [])
    }

    /// What the gateway knows about itself.
    func ownMetrics() -> ExpositionText {
        GatewayExposition(
            configuration: configuration, compatibility: StatusEndpoints.compatibility,
            process: status.process, requests: metrics, members: MemberMetrics(members),
            secrets: SecretMetrics(files: secretFiles), reloads: status.live.live?.reloads.value
        ).text(queries.load(), resources)
    }

    // MARK: Requests

    func each(
        _ methods: [String], _ path: String, _ routes: inout RouteTable,
        traits: RouteTraits = .api, _ handler: @escaping RequestHandler
    ) {
        for address in Self.addresses {
            for method in methods {
                routes.on(
                    method, path: base + address + "/api/v1" + path, traits: traits
                ) { request in try await followed(request, handler) }
            }
        }
    }

    /// Answers a request, unless it came from this gateway itself, by whatever way.
    func followed(
        _ request: PrometheusRequest, _ handler: @escaping RequestHandler
    ) async throws -> PrometheusResponse {
        let hops = HopChain(request.headers.values(of: HopChain.header))
        guard !hops.contains(identity) else {
            let error = APIError(
                .execution, "the request came back to the gateway that sent it",
                status: HopChain.loopStatus)
            var response = PrometheusResponse.json(status: error.status, error.json)
            response.headers[HopChain.header] = HopChain.loopMark
            return response
        }
        return try await HopChain.$current.withValue(hops) { try await handler(request) }
    }

    func grant(_ request: PrometheusRequest) throws(APIError) -> Grant {
        do throws(AccessControl.Refusal) {
            return try access.grant(for: request.headers)
        } catch {
            metrics.record(error.counted)
            throw APIError(error)
        }
    }

    /// The gateway's own numbers name every project, so that they are for those who may read all.
    func requireWholeSight(_ request: PrometheusRequest) throws(APIError) {
        guard try grant(request).seesEverything else {
            throw APIError(.forbidden, "a token that opens every project is needed")
        }
    }

    func address(
        _ request: PrometheusRequest, _ telemetry: TelemetryKind? = nil
    ) -> ProjectDirectory.Address {
        let pool = request.parameter("clusterPool")
        let dataSource = request.headers["X-Datasource"] ?? ""
        return ProjectDirectory.Address(
            project: request.pathParameters["project"],
            domain: request.pathParameters["domain"],
            workflow: request.pathParameters["workflow"],
            seed: directory.hasPools ? PoolAffinityKey.of(request, now: WallClock.now()) : "",
            pool: pool.isEmpty ? nil : pool, dataSource: dataSource.isEmpty ? nil : dataSource,
            telemetry: telemetry,
            isAskedByKey: !(request.headers["X-API-Key"] ?? "").isEmpty, headers: request.headers)
    }
}
