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
        return try respond(answer, to: request) { JSONText.append($0, to: &$1) }
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
        return try respond(answer, to: request) { JSONText.append($0, to: &$1) }
    }

    public func series(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        if let error = request.formError {
            throw APIError.badData("error parsing form values: \(error.description)")
        }
        let asked = try self.request(request, needsSelector: true) { .parameter("match[]", $0) }
        let answer = await federation.series(asked)
        return try respond(answer, to: request) { series, out in
            out.append(UInt8(ascii: "["))
            for (index, labels) in series.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                ResultWriter.appendLabels(labels, to: &out)
            }
            out.append(UInt8(ascii: "]"))
        }
    }

    /// Types, units and help texts. Limits hold for the merged answer; unlike elsewhere a limit of
    /// 0 asks for nothing and a negative one for everything.
    public func metadata(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let limit = try request.reader.number("limit") ?? -1
        let perMetric = try request.reader.number("limit_per_metric") ?? -1
        let metric = request.parameter("metric")
        let asked = MetadataFederation.Request(
            selectors: try MetadataSelectors([], partition: project.partition),
            deadline: time.members)
        let answer = await federation.families(metric: metric.isEmpty ? nil : metric, asked)
        return try respond(answer, to: request) { families, out in
            let families = limit < 0 ? families[...] : families.prefix(limit)
            let pairs = families.map { family in
                let kept =
                    perMetric > 0 ? family.descriptions.prefix(perMetric) : family.descriptions[...]
                return (
                    key: family.name,
                    value: JSONValue.array(
                        kept.map { one in
                            .object([
                                ("type", .string(one.type)), ("unit", .string(one.unit)),
                                ("help", .string(one.help)),
                            ])
                        })
                )
            }
            JSONValue.object(pairs).append(to: &out)
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
            selectors = try MetadataSelectors(
                parameters.selectors, partition: project.partition, anchored: project.anchored)
        } catch {
            throw refusal(error.text)
        }
        return MetadataFederation.Request(
            selectors: selectors, start: parameters.start, end: parameters.end,
            limit: parameters.limit, deadline: time.members)
    }

    // MARK: Answers

    private var federation: MetadataFederation {
        MetadataFederation(
            members: project.members.map { member in
                MetadataFederation.Member(
                    name: member.name,
                    source: MemberMetadata(member: member, maximum: limits.maxSeries))
            },
            partition: project.partition, concurrency: limits.maxMemberConcurrency)
    }

    /// A member that is missing, or some of its data, takes elements away and falsifies none, so
    /// `safe` warns like `warn`. If no member answers, that is an error under every policy.
    private func respond<Element>(
        _ answer: MetadataFederation.Answer<Element>, to request: PrometheusRequest,
        _ append: ([Element], inout [UInt8]) -> Void
    ) throws(APIError) -> PrometheusResponse {
        let policy = try project.policy(for: request)
        let failures = try answer.partial.admit(asked: answer.asked, under: policy, effect: nil)
        var out = Envelope.head
        append(answer.elements, &out)
        var warnings = answer.annotations.warnings
        if answer.isTruncated { warnings.insert(RequestLimit.truncationWarning) }
        Envelope.appendTail(
            failures: failures, warnings: warnings, infos: answer.annotations.infos, to: &out)
        return .json(out)
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
