import Federation
import GatewayConfiguration
import GatewayState
import GoText
import PrometheusServer
import PrometheusWire

/// What the members are asked beside queries, labels and series.
extension GatewayRoutes {
    func addDocumentRoutes(to routes: inout RouteTable) {
        let language = LanguageEndpoints(features: configuration.query.features)
        lists(["GET", "POST"], "/query_exemplars", &routes, shows: .selected) {
            try await documents($0, $1).exemplars($0, language.options)
        }
        lists(["GET"], "/targets", &routes) { try await documents($0, $1).targets($0) }
        lists(["GET"], "/targets/metadata", &routes) {
            try await documents($0, $1).targetsMetadata($0)
        }
        lists(["GET"], "/targets/relabel_steps", &routes) {
            try await documents($0, $1).relabelSteps($0)
        }
        lists(["GET"], "/scrape_pools", &routes) { try await documents($0, $1).scrapePools($0) }
        lists(["GET"], "/scrape_pools/config", &routes) {
            try await documents($0, $1).scrapePoolConfiguration($0)
        }
        lists(["GET"], "/rules", &routes) { try await documents($0, $1).rules($0) }
        lists(["GET"], "/alerts", &routes) { try await documents($0, $1).alerts($0) }
        lists(["GET"], "/alertmanagers", &routes, shows: .selected) {
            try await documents($0, $1).alertmanagers($0)
        }
        lists(["GET"], "/status/tsdb", &routes) {
            try await documents($0, $1).storageStatistics($0)
        }
        lists(["GET"], "/status/tsdb/blocks", &routes) {
            try await documents($0, $1).storageBlocks($0)
        }
        for address in Self.addresses {
            routes.on(
                "GET", path: base + address + "/federate", traits: [.readyGated, .compressed]
            ) { request in
                do {
                    return try await followed(request) { try await federate($0) }
                } catch let error as APIError {
                    // Plain text, as the reference answers here.
                    var response = PrometheusResponse.text(
                        status: error.status, error.message + "\n", noSniff: true)
                    response.headers["WWW-Authenticate"] =
                        ErrorAnswer.of(error).headers["WWW-Authenticate"]
                    return response
                }
            }
        }
    }

    private func documents(
        _ request: PrometheusRequest, _ project: ResolvedProject
    ) -> AuxiliaryEndpoints {
        AuxiliaryEndpoints(project: project, limits: configuration.limits, time: time(request))
    }

    private func federate(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let project = try directory.resolve(address(request), try grant(request))
        // A server that scrapes says how long it waits.
        let patience = Double(request.headers["X-Prometheus-Scrape-Timeout-Seconds"] ?? "")
            .map { Duration.seconds(max(0.001, min($0, 1e6))) }
        let timeout = configuration.query.timeout
        let time = AnswerTime(of: request, configured: min(timeout, patience ?? timeout))
        let admission = try await resources.admit(request, to: project, until: time.deadline)
        let turn = resources.turn(time, for: project.client)
        defer { withExtendedLifetime(admission) {} }
        var response = try await FederateAnswer(
            project: project, limits: configuration.limits,
            lookback: Milliseconds(configuration.query.lookback),
            time: time, turn: turn,
            now: WallClock.now()
        ).response(to: request)
        await PoolHeaders.add(to: &response, for: project)
        return turn.lending(to: response)
    }
}

/// What the gateway says about itself, beside `status/*` of which no member knows.
extension GatewayRoutes {
    func addSelfDescription(to routes: inout RouteTable) {
        let features = Envelope.head + FeatureList(configuration.query.features).bytes + [0x7D]
        local(["GET"], "/features", &routes) { _ in .json(features) }
        let description = OpenAPIDocument(base: base).text
        each(["GET"], "/openapi.yaml", &routes) { request in
            _ = try grant(request)
            return PrometheusResponse(
                headers: ["Content-Type": "application/yaml; charset=utf-8"],
                body: .bytes(Array(description.utf8)))
        }
        each(["GET"], "/status/self_metrics", &routes) { request in
            try requireWholeSight(request)
            return try SelfMetrics(ownMetrics()).response(to: request)
        }
        // A server that still reads its log answers these too.
        for address in Self.addresses {
            let path = base + address + "/api/v1"
            routes.on("GET", path: path + "/status/walreplay", traits: .crossOrigin) { request in
                _ = try grant(request)
                return .json(Envelope.head + Array(#"{"min":0,"max":0,"current":0}}"#.utf8))
            }
            routes.on("GET", path: path + "/notifications", traits: .crossOrigin) { request in
                let grant = try grant(request)
                return Notifications(holding(for: grant)).response
            }
            routes.on("GET", path: path + "/notifications/live", traits: .crossOrigin) {
                let grant = try grant($0)
                return notifications.stream(members: { sightings(for: grant) }) {
                    holding(for: grant)
                }
            }
        }
    }

    /// How the members are that have a project of their own.
    private func sightings(for grant: Grant) -> [MemberSighting] {
        (status.live.live?.current.value.clients.projects ?? [:])
            .filter { grant.opens($0.key) }
            .map { MemberSighting(project: $0.key, client: $0.value) }
    }

    /// What there is to notify of, by the configuration that is in force then.
    private func holding(for grant: Grant) -> [Notification] {
        guard let live = status.live.live else { return [] }
        return live.current.value.notifications(for: grant, live.reloads.value)
    }
}
