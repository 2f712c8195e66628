import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream

/// `labels`, `label/<name>/values`, `series` and `metadata` of a project.
public struct MetadataEndpoints: Sendable {
    var project: ResolvedProject
    var limits: Limits
    var time: AnswerTime
    var unsorted: UnsortedLists

    /// - Parameter unsorted: Shared by all requests.
    public init(
        project: ResolvedProject, limits: Limits, time: AnswerTime, unsorted: UnsortedLists
    ) {
        self.project = project
        self.limits = limits
        self.time = time
        self.unsorted = unsorted
    }

    public func labelNames(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        var asked = try self.request(request) { .badData($0) }
        asked.unsorted = unsorted.names
        return try await respond(to: request, asked, federation.labelNames) {
            [limit = asked.limit] areOfReplicas in
            ListMerge(isShared: areOfReplicas.map { _ in true }, limit: limit)
        }
    }

    public func labelValues(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let written = request.pathParameters["name"] ?? ""
        let name = EscapedLabelName.decoded(written)
        if name.isEmpty { throw APIError.badData("invalid label name: \"\"") }
        if !request.isPathValidUTF8 {
            throw APIError.badData("invalid label name: \(request.quotedLabelName)")
        }
        var asked = try self.request(request) { .badData($0) }
        asked.unsorted = unsorted.values
        return try await respond(to: request, asked) { [federation] in
            await federation.labelValues(of: name, $0)
        } merge: { [limit = asked.limit] areOfReplicas in
            ListMerge(isShared: areOfReplicas.map { _ in true }, limit: limit)
        }
    }

    public func series(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        if let error = request.formError {
            throw APIError.badData("error parsing form values: \(error.description)")
        }
        var asked = try self.request(request, needsSelector: true) { .parameter("match[]", $0) }
        asked.unsorted = unsorted.series
        return try await respond(to: request, asked, federation.series) {
            [limit = asked.limit] areOfReplicas in
            // Each member's have a label of their own, and replicas have the same.
            ListMerge(isShared: areOfReplicas, limit: limit)
        }
    }

    /// Types, units and help texts. Limits hold for the merged answer; unlike elsewhere a limit of
    /// 0 asks for nothing and a negative one for everything.
    public func metadata(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let limit = try request.reader.number("limit") ?? -1
        let perMetric = try request.reader.number("limit_per_metric") ?? -1
        let metric = request.parameter("metric")
        let asked = MetadataFederation.Request(
            selectors: try MetadataSelectors([], project.rewriting),
            limit: limit < 0 ? 0 : max(1, limit),
            isWhole: try project.policy(for: request) == .abort,
            heldBytes: limits.heldAnswerBytes, unsorted: unsorted.families,
            deadline: time.members)
        return try await respond(to: request, asked) { [federation] in
            await federation.families(metric: metric.isEmpty ? nil : metric, $0)
        } merge: { areOfReplicas in
            FamilyMerge(
                of: areOfReplicas.count, limit: limit < 0 ? nil : limit,
                perFamily: perMetric > 0 ? perMetric : nil)
        }
    }

    // MARK: Parameters

    private func request(
        _ request: PrometheusRequest, needsSelector: Bool = false, refusal: (String) -> APIError
    ) throws(APIError) -> MetadataFederation.Request {
        let parameters = try SeriesParameters(
            request.reader, selectors: request.parameters.all("match[]"),
            needsSelector: needsSelector)
        let selectors: MetadataSelectors
        do throws(MetadataSelectors.Refusal) {
            selectors = try MetadataSelectors(parameters.selectors, project.rewriting)
        } catch {
            throw refusal(error.text)
        }
        return MetadataFederation.Request(
            selectors: selectors, start: parameters.start, end: parameters.end,
            limit: parameters.limit, isWhole: try project.policy(for: request) == .abort,
            heldBytes: limits.heldAnswerBytes, deadline: time.members)
    }

    // MARK: Answers

    var federation: MetadataFederation {
        MetadataFederation(
            members: project.members.map { member in
                MetadataFederation.Member(
                    name: member.name,
                    source: MemberMetadata(member: member, maximum: limits.maxSeries),
                    listCount: member.replicas?.replicas.count ?? 1
                ) { [project] in project.mayHave(member, from: $0, through: $1) }
            },
            partition: project.partition, concurrency: limits.maxMemberConcurrency)
    }

    /// A member that is missing, or some of its data, takes elements away and falsifies none, so
    /// `safe` warns like `warn`. If no member answers, that is an error under every policy.
    func admit(
        _ partial: PartialAnswer, asked: Set<Int>, _ request: PrometheusRequest
    ) throws(APIError) -> [String] {
        let policy = try project.policy(for: request)
        var partial = partial
        partial.counts = project.counts
        return try partial.admit(asked: asked, under: policy, effect: nil)
    }

    /// The answer to a request, whose lists may still arrive.
    ///
    /// - Parameters:
    ///   - ask: asks the members.
    ///   - merge: begins to merge lists, of each of which it is told whether it is one of several of
    ///     the same member.
    private func respond(
        to request: PrometheusRequest, _ asked: MetadataFederation.Request,
        _ ask: (MetadataFederation.Request) async -> MetadataFederation.Answer,
        merge: @escaping @Sendable (_ areOfReplicas: [Bool]) -> any ListWriter
    ) async throws -> PrometheusResponse {
        let answer = await ask(asked)
        let failures = try admit(answer.partial, asked: answer.asked, request) + answer.limitations
        let (owners, listCounts) = (answer.owners, answer.listCounts)
        let areOfReplicas = owners.map { owner in owner.map { listCounts[$0] ?? 0 > 1 } ?? false }
        let response = ListResponse(answer, failures: failures, counts: project.counts) {
            merge(areOfReplicas)
        }
        guard !answer.rests.isEmpty else { return response.response() }
        let arriving = ArrivingLists(response, answer, unsorted: asked.unsorted)
        guard asked.isWhole else { return arriving.response() }
        let whole = try await arriving.whole { [asked = answer.asked] late throws(APIError) in
            _ = try admit(late, asked: asked, request)
        }
        if let whole { return whole }
        var again = asked
        again.heldBytes = 0
        return try await respond(to: request, again, ask, merge: merge)
    }
}

extension PrometheusRequest {
    /// The name in `/label/<name>/values`, for an error message.
    fileprivate var quotedLabelName: String {
        let segments = pathBytes.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return GoQuoting.quote(bytes: Array(segments.dropLast().last ?? []))
    }
}
