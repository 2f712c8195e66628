public import Federation
public import GatewayConfiguration
import GoText
public import PrometheusServer
import PrometheusWire
import RequestTelemetry
import Upstream
public import UpstreamSettings

/// Answers the APIs of Loki, Tempo and Pyroscope over the members of projects.
public struct TelemetryService: Sendable {
    /// One path of an API.
    public struct Endpoint: Sendable {
        public let kind: TelemetryKind
        public let methods: [String]
        /// Behind the address of the project.
        public let path: String
        /// Whether it shows nothing but what selectors choose, so that clients may ask it who see some
        /// streams only.
        public let isSelective: Bool
        fileprivate let answer: Answer
    }

    enum Answer: Sendable {
        /// No member is asked, and no project is needed.
        case here(@Sendable (PrometheusRequest) throws -> PrometheusResponse)
        case overMembers(
            @Sendable (PrometheusRequest, TelemetryContext) async throws -> PrometheusResponse)
    }

    let configuration: Configuration
    let resources: QueryResources
    let flameLimits = FlameLimits()
    let tails = TailPlaces()

    public init(configuration: Configuration, resources: QueryResources) {
        self.configuration = configuration
        self.resources = resources
    }

    public var endpoints: [Endpoint] { loki + tempo + pyroscope }

    /// Answers a request to an endpoint.
    ///
    /// - Parameters:
    ///   - grant: What the request may read.
    ///   - project: Finds the project that the request means, with its members for the endpoint's
    ///     kind; it is asked where a member is, or where the path names one.
    public func respond<Grant>(
        to request: PrometheusRequest, at endpoint: Endpoint, grant: () throws -> Grant,
        project: (Grant) throws -> ResolvedProject
    ) async -> PrometheusResponse {
        do {
            let grant = try grant()
            switch endpoint.answer {
            case .here(let answer):
                if request.pathParameters["project"] != nil { _ = try project(grant) }
                return try answer(request)
            case .overMembers(let answer):
                let project = try project(grant)
                if !endpoint.isSelective { try project.requireWholeSight() }
                var response = try await admitted(request, endpoint, project, answer)
                await PoolHeaders.add(to: &response, for: project)
                return response
            }
        } catch {
            return TelemetryFailure(error).response(endpoint.kind)
        }
    }

    private func admitted(
        _ request: PrometheusRequest, _ endpoint: Endpoint, _ project: ResolvedProject,
        _ answer:
            @Sendable (PrometheusRequest, TelemetryContext) async throws -> PrometheusResponse
    ) async throws -> PrometheusResponse {
        // As Connect's clients say how long they wait.
        let patience = request.headers["Connect-Timeout-Ms"].flatMap(Int.init)
        let timeout = configuration.query.timeout
        let time = AnswerTime(
            of: request,
            configured: patience.map { min(timeout, .milliseconds(max(1, $0))) } ?? timeout)
        RequestScope.current?.record?.begin(request, endpoint, project)
        let context = TelemetryContext(
            endpoint.kind, project, policy: try Self.policy(for: request, project),
            limits: configuration.limits, time: time, resources: resources)
        let admission = try await RequestScope.measure(.queue) {
            try await resources.admit(request, to: project, until: time.deadline)
        }
        var response = try await context.turn.lending { try await answer(request, context) }
        // The answer may be written while it is sent.
        response.loan = (response.loan, admission)
        return response
    }

    /// What a missing member does, as the request wishes. Messages of Connect have no parameters, so
    /// that a header field has the wish too.
    private static func policy(
        for request: PrometheusRequest, _ project: ResolvedProject
    ) throws(APIError) -> PartialResponse {
        let wish = request.headers["X-Partial-Response"] ?? ""
        return try project.policy(wish: wish.isEmpty ? request.parameter("partial_response") : wish)
    }

    func here(
        _ kind: TelemetryKind, _ methods: [String], _ path: String,
        _ answer: @escaping @Sendable (PrometheusRequest) throws -> PrometheusResponse
    ) -> Endpoint {
        Endpoint(
            kind: kind, methods: methods, path: path, isSelective: true, answer: .here(answer))
    }

    func members(
        _ kind: TelemetryKind, _ methods: [String], _ path: String, isSelective: Bool = true,
        _ answer:
            @escaping @Sendable (PrometheusRequest, TelemetryContext) async throws ->
            PrometheusResponse
    ) -> Endpoint {
        Endpoint(
            kind: kind, methods: methods, path: path, isSelective: isSelective,
            answer: .overMembers(answer))
    }
}

extension QueryRecord {
    /// Notes what the client asks, before anything of it is checked.
    fileprivate func begin(
        _ request: PrometheusRequest, _ endpoint: TelemetryService.Endpoint,
        _ project: ResolvedProject
    ) {
        let query = ["query", "q", "match[]"].lazy.map(request.parameter).first { !$0.isEmpty }
        let token: String? = if case .token(let name) = project.client { name } else { nil }
        update { contents in
            contents.query = query
            contents.endpoint = endpoint.kind.rawValue + endpoint.path
            contents.project = project.name
            contents.token = token
        }
    }
}
