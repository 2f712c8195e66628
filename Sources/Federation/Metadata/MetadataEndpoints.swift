import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream

/// `labels`, `label/<name>/values` and `series` of a project.
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
        let asked = try self.request(request) { .badData($0) }
        let answer = await federation.labelNames(asked)
        return try respond(answer, to: request) { ListMerge($0, limit: asked.limit) }
    }

    public func labelValues(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let written = request.pathParameters["name"] ?? ""
        let name = EscapedLabelName.decoded(written)
        if name.isEmpty { throw APIError.badData("invalid label name: \"\"") }
        if !request.isPathValidUTF8 {
            throw APIError.badData("invalid label name: \(request.quotedLabelName)")
        }
        var asked = try self.request(request) { .badData($0) }
        asked.heldBytes = limits.heldAnswerBytes
        asked.unsorted = unsorted.values
        let answer = await federation.labelValues(of: name, asked)
        return try respond(arriving: answer, to: request, asked, mayShare: true)
    }

    public func series(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        if let error = request.formError {
            throw APIError.badData("error parsing form values: \(error.description)")
        }
        var asked = try self.request(request, needsSelector: true) { .parameter("match[]", $0) }
        asked.heldBytes = limits.heldAnswerBytes
        asked.unsorted = unsorted.series
        let answer = await federation.series(asked)
        return try respond(arriving: answer, to: request, asked, mayShare: false)
    }

    /// Types, units and help texts. Limits hold for the merged answer; unlike elsewhere a limit of
    /// 0 asks for nothing and a negative one for everything.
    public func metadata(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let limit = try request.reader.number("limit") ?? -1
        let perMetric = try request.reader.number("limit_per_metric") ?? -1
        let metric = request.parameter("metric")
        let asked = MetadataFederation.Request(
            selectors: try MetadataSelectors([], project.rewriting),
            deadline: time.members)
        let answer = await federation.families(metric: metric.isEmpty ? nil : metric, asked)
        return try respond(answer, to: request) { lists in
            FamilyMerge(
                lists, limit: limit < 0 ? nil : limit,
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
            deadline: time.members)
    }

    // MARK: Answers

    private var federation: MetadataFederation {
        MetadataFederation(
            members: project.members.map { member in
                MetadataFederation.Member(
                    name: member.name,
                    source: MemberMetadata(member: member, maximum: limits.maxSeries)
                ) { [project] in project.mayHave(member, from: $0, through: $1) }
            },
            partition: project.partition, concurrency: limits.maxMemberConcurrency)
    }

    /// A member that is missing, or some of its data, takes elements away and falsifies none, so
    /// `safe` warns like `warn`. If no member answers, that is an error under every policy.
    private func admit<Content>(
        _ answer: MetadataFederation.Answer<Content>, _ request: PrometheusRequest
    ) throws(APIError) -> [String] {
        let policy = try project.policy(for: request)
        var partial = answer.partial
        partial.counts = project.counts
        return try partial.admit(asked: answer.asked, under: policy, effect: nil)
    }

    /// The answer whose lists may still arrive.
    ///
    /// - Parameter mayShare: whether the lists of two members may have the same element.
    private func respond(
        arriving answer: MetadataFederation.Answer<[ElementList]>, to request: PrometheusRequest,
        _ asked: MetadataFederation.Request, mayShare: Bool
    ) throws(APIError) -> PrometheusResponse {
        if answer.rests.isEmpty {
            return try respond(answer, to: request) { ListMerge($0, limit: asked.limit) }
        }
        let failures = try admit(answer, request) + answer.limitations
        return ArrivingLists(
            ListResponse(answer, failures: failures, counts: project.counts), rests: answer.rests,
            limit: asked.limit,
            mayShare: mayShare, unsorted: asked.unsorted
        ).response()
    }

    /// The answer whose lists are here.
    private func respond(
        _ answer: MetadataFederation.Answer<[ElementList]>, to request: PrometheusRequest,
        _ merge: @escaping @Sendable ([ElementList]) -> any ListWriter
    ) throws(APIError) -> PrometheusResponse {
        let failures = try admit(answer, request) + answer.limitations
        return ListResponse(answer, failures: failures, counts: project.counts).response(merge)
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
