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

    public init(project: ResolvedProject, limits: Limits, time: AnswerTime) {
        self.project = project
        self.limits = limits
        self.time = time
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
        let asked = try self.request(request) { .badData($0) }
        let answer = await federation.labelValues(of: name, asked)
        return try respond(answer, to: request) { ListMerge($0, limit: asked.limit) }
    }

    public func series(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        if let error = request.formError {
            throw APIError.badData("error parsing form values: \(error.description)")
        }
        let asked = try self.request(request, needsSelector: true) { .parameter("match[]", $0) }
        let answer = await federation.series(asked)
        return try respond(answer, to: request) { ListMerge($0, limit: asked.limit) }
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

    /// Every member has answered, so nothing is left that could fail. A long answer is merged while
    /// it is sent, so that it is not here a second time.
    private func respond(
        _ answer: MetadataFederation.Answer<[ElementList]>, to request: PrometheusRequest,
        _ merge: @escaping @Sendable ([ElementList]) -> any ListWriter
    ) throws(APIError) -> PrometheusResponse {
        let written = WrittenList(
            lists: answer.content, merge: merge,
            counts: project.counts, failures: try admit(answer, request) + answer.limitations,
            annotations: answer.annotations)
        let held = answer.content.reduce(0) { $0 + $1.heldBytes }
        guard held > WrittenList.chunk else { return .json(written.whole) }
        Lending.lender?.settle(held + WrittenList.writtenAtOnce)
        return PrometheusResponse(
            headers: ["Content-Type": "application/json"],
            body: .stream { writer in
                try await ThreadPool.run { try await written.write(to: &writer) }
            })
    }
}

/// An answer that is the merge of lists.
private struct WrittenList: Sendable {
    var lists: [ElementList]
    /// Begins to merge them.
    var merge: @Sendable ([ElementList]) -> any ListWriter
    var counts: AnswerCounts?
    /// About members that are missing.
    var failures: [String]
    var annotations: MemberAnnotations

    static let chunk = 64 << 10
    /// What is gathered, compressed and not yet sent, in bytes.
    static let writtenAtOnce = 6 * chunk

    /// Everything at once.
    var whole: [UInt8] {
        var merge = merge(lists)
        var out = Self.head(of: merge)
        _ = merge.append(to: &out, upTo: .max)
        appendTail(of: merge, to: &out)
        return out
    }

    func write(to writer: inout BodyWriter) async throws {
        var merge = merge(lists)
        var out = Self.head(of: merge)
        out.reserveCapacity(2 * Self.chunk)
        while merge.append(to: &out, upTo: Self.chunk) {
            try await writer.write(out)
            out.removeAll(keepingCapacity: true)
        }
        appendTail(of: merge, to: &out)
        try await writer.write(out)
    }

    private static func head(of merge: any ListWriter) -> [UInt8] {
        Envelope.head + [merge.brackets.opening]
    }

    private func appendTail(of merge: any ListWriter, to out: inout [UInt8]) {
        out.append(merge.brackets.closing)
        var warnings = annotations.warnings
        if merge.isTruncated { warnings.insert(RequestLimit.truncationWarning) }
        counts.appendTail(
            failures: failures, warnings: warnings, infos: annotations.infos, to: &out)
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
