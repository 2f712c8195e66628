import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream
import UpstreamSettings

/// What a project's members are asked beside queries, labels and series: rules, targets, exemplars
/// and the state of their storage. Answers are small documents, read wholly and merged here.
public struct AuxiliaryEndpoints: Sendable {
    var project: ResolvedProject
    var limits: Limits
    var time: AnswerTime

    public init(project: ResolvedProject, limits: Limits, time: AnswerTime) {
        self.project = project
        self.limits = limits
        self.time = time
    }

    var partition: PartitionLabel { project.partition }

    func policy(_ request: PrometheusRequest) throws(APIError) -> PartialResponse {
        try project.policy(for: request)
    }

    /// Asks the members that there is a question for.
    ///
    /// - Parameters:
    ///   - start: Samples before it are not asked about; nil for any.
    ///   - end: Samples behind it are not asked about; nil for any.
    func gather(
        from start: Timestamp? = nil, through end: Timestamp? = nil,
        _ question: (_ member: String) -> DocumentQuestion?
    ) async -> GatheredDocuments {
        let deadline = time.members
        let asked = project.members.enumerated().compactMap { index, member -> Asked? in
            guard project.mayHave(member, from: start, through: end) else { return nil }
            return question(member.name).map { Asked(index: index, member: member, question: $0) }
        }
        let replies = await FanOut(width: limits.maxMemberConcurrency).replies(to: asked) {
            one throws(UpstreamError) in
            guard let set = one.member.replicas else {
                return try await one.member.ask(by: deadline) { client throws(UpstreamError) in
                    try await client.reply(to: one.question, deadline: deadline)
                }
            }
            return try await set.reply(to: one.question, deadline: deadline)
        }
        var gathered = GatheredDocuments(
            partial: PartialAnswer(names: project.members.map(\.name), counts: project.counts))
        gathered.annotations.areNamed = !partition.isNone
        for (one, reply) in zip(asked, replies) {
            gathered.take(reply.outcome, of: one)
        }
        gathered.given.sort { $0.project.utf8.lexicographicallyPrecedes($1.project.utf8) }
        return gathered
    }
}

/// A question, and the member that it is put to.
struct Asked: Sendable {
    var index: Int
    var member: Member
    var question: DocumentQuestion
}

/// A question whose answer is one small document.
struct DocumentQuestion: Sendable {
    /// Below `/api/v1`, with its slash.
    var path: String
    /// Of the `data` of the answer.
    var shape: DocumentShape
    var parameters = Parameters()

    init(
        _ path: String, _ shape: DocumentShape,
        _ parameters: [(name: String, value: String)] = []
    ) {
        self.path = path
        self.shape = shape
        self.parameters = Parameters(parameters)
    }
}

/// What a member says to a question that not every kind of member knows.
enum DocumentReply: Sendable {
    /// The answer, and its `data`, which has the shape asked for. `leftOut` says what of it cannot
    /// be told to be the project's, where it has a selector.
    case document(UpstreamDocument, JSONValue, leftOut: String? = nil)
    /// It was not asked: the project has a selector, and the answer no labels.
    case unrestrictable
    /// It knows the question, and has nothing: some answer 404 in Prometheus's shape then.
    case nothing
    /// It does not know the path.
    case lacking
}

extension UpstreamClient {
    /// Asks for a document. That the path is missing is no failure, and neither is a failure of it
    /// one of the member.
    func reply(
        to question: DocumentQuestion, deadline: ContinuousClock.Instant
    ) async throws(UpstreamError) -> DocumentReply {
        var question = question
        let restriction = configuration.selector.map(RestrictedDocument.init)
        if let restriction {
            guard let restricted = restriction.question(question) else { return .unrestrictable }
            question = restricted
        }
        let document: UpstreamDocument
        do throws(UpstreamError) {
            document = try await getJSON(
                "/api/v1" + question.path, question.parameters, deadline: deadline,
                isAdvisory: true)
        } catch {
            switch error.kind {
            case .http(404, .envelope("not_found", _)): return .nothing
            case .http(404, _), .http(405, _), .http(501, _), .http(_, .unsupportedPath):
                return .lacking
            // Coroot sends its page for every path it does not know.
            case .notPrometheus:
                if case .remoteCoroot = configuration.source { return .lacking }
                throw error
            default: throw error
            }
        }
        guard let data = try? JSONValue(parsing: document.data), question.shape.isShape(of: data)
        else {
            throw UpstreamError(
                kind: .malformed(
                    "malformed answer: its data is not what /api/v1\(question.path) answers with"))
        }
        guard let restriction else { return .document(document, data) }
        let (part, leftOut) = restriction.part(of: data, at: question.path)
        return .document(document, part, leftOut: leftOut)
    }
}

/// What the members together said to one question.
struct GatheredDocuments: Sendable {
    /// Sorted by project name.
    var given: [(project: String, data: JSONValue)] = []
    /// Members that did not answer, or not wholly.
    var partial: PartialAnswer
    /// Members that know the question, in the project's order.
    private var asked: Set<Int> = []
    /// Members that do not know the question, or of which a part cannot be shown, in words.
    var limitations: [String] = []
    var annotations = MemberAnnotations()

    init(partial: PartialAnswer) { self.partial = partial }

    mutating func take(_ outcome: Result<DocumentReply, UpstreamError>, of one: Asked) {
        asked.insert(one.index)
        switch outcome {
        case .failure(let error): partial.add(one.index, error)
        case .success(.nothing): given.append((one.member.name, .null))
        case .success(.lacking):
            // It has nothing to say to the question under every policy.
            asked.remove(one.index)
            limitations.append(
                "project \(GoQuoting.quote(one.member.name)): the member has no "
                    + "/api/v1\(one.question.path)")
        case .success(.unrestrictable):
            asked.remove(one.index)
            limitations.append(
                UnrestrictableAnswer.text(
                    project: one.member.name, path: "/api/v1\(one.question.path)"))
        case .success(.document(let document, let data, leftOut: let leftOut)):
            given.append((one.member.name, data))
            if let leftOut {
                limitations.append(
                    UnrestrictableAnswer.text(
                        project: one.member.name, path: "/api/v1\(one.question.path)", leftOut))
            }
            partial.add(partOf: one.index, document.partiality)
            annotations.add(
                warnings: document.warnings, infos: document.infos, from: one.member.name)
        }
    }

    /// What is missing, in words. A member that is missing, or some of its data, takes elements away
    /// and falsifies none, so `safe` warns like `warn`.
    ///
    /// - Throws: what the policy makes of missing members.
    func shortfalls(_ policy: PartialResponse) throws(APIError) -> [String] {
        try partial.admit(asked: asked, under: policy, effect: nil) + limitations
    }

    /// The answer made of them.
    ///
    /// - Throws: what the policy makes of missing members.
    func response(
        _ data: JSONValue, _ policy: PartialResponse
    ) throws(APIError) -> PrometheusResponse {
        let failures = try shortfalls(policy)
        var out = Envelope.head
        data.append(to: &out)
        partial.counts.appendTail(
            failures: failures, warnings: annotations.warnings, infos: annotations.infos, to: &out)
        return .json(out)
    }
}

extension JSONValue {
    /// A member's label object as the union holds it.
    func labels(of member: String, _ partition: PartitionLabel) -> JSONValue {
        .labels(partition.injecting(member, into: labelSet))
    }
}
