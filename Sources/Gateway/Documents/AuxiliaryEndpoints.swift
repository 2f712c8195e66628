import Federation
import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire
import Upstream

/// What a project's members are asked beside queries, labels and series: rules, targets, exemplars
/// and the state of their storage. Answers are small documents, read wholly and merged here.
struct AuxiliaryEndpoints: Sendable {
    var project: ResolvedProject
    var limits: Limits
    var time: AnswerTime

    var partition: PartitionLabel { project.partition }

    func policy(_ request: PrometheusRequest) throws(APIError) -> PartialResponse {
        try PartialResponse.requested(by: request) ?? project.partialResponse
    }

    /// Asks the members that there is a question for.
    func gather(
        _ question: (_ member: String) -> DocumentQuestion?
    ) async -> GatheredDocuments {
        let deadline = time.members
        let asked = project.members.compactMap { member in
            question(member.name).map { (member: member, question: $0) }
        }
        let replies = await BoundedFanOut.results(of: asked, width: limits.maxMemberConcurrency) {
            await Self.reply(of: $0.member, to: $0.question, deadline)
        }
        var gathered = GatheredDocuments()
        for (one, reply) in zip(asked, replies) {
            let name = one.member.name
            switch reply {
            case .failure(let error): gathered.failures.append((name, error))
            case .success(.nothing): gathered.given.append((name, .null))
            case .success(.lacking):
                gathered.limitations.append(
                    "project \(GoQuoting.quote(name)): the member has no /api/v1\(one.question.path)"
                )
            case .success(.document(let document)):
                do throws(JSONCursor.Failure) {
                    gathered.given.append((name, try JSONValue(parsing: document.data)))
                    if let cause = document.partiality {
                        gathered.parts.append((name, APIError(.unavailable, cause)))
                    }
                    gathered.warnings.formUnion(
                        document.warnings.filter { !Partiality.tellsOfAMissingPart($0) })
                    gathered.infos.formUnion(document.infos)
                } catch {
                    let text = "the answer to \(one.question.path) is malformed"
                    gathered.failures.append((name, APIError(.unavailable, text)))
                }
            }
        }
        gathered.given.sort { $0.project.utf8.lexicographicallyPrecedes($1.project.utf8) }
        return gathered
    }

    /// Puts a question to a member, or to whichever cluster of its pool answers.
    private static func reply(
        of member: Member, to question: DocumentQuestion, _ deadline: ContinuousClock.Instant
    ) async -> Result<DocumentReply, any Error> {
        if let reason = member.outOfService {
            return .failure(APIError(.unavailable, reason))
        }
        do throws(UpstreamError) {
            guard let pool = member.pool else {
                return .success(try await member.client.reply(to: question, deadline: deadline))
            }
            return .success(
                try await pool.ask(by: deadline) { client throws(UpstreamError) in
                    try await client.reply(to: question, deadline: deadline)
                })
        } catch {
            return .failure(error)
        }
    }
}

/// A question whose answer is one small document.
struct DocumentQuestion: Sendable {
    /// Below `/api/v1`, with its slash.
    var path: String
    var parameters = Parameters()

    init(_ path: String, _ parameters: [(name: String, value: String)] = []) {
        self.path = path
        self.parameters = Parameters(parameters)
    }
}

/// What a member says to a question that not every kind of member knows.
enum DocumentReply: Sendable {
    case document(UpstreamDocument)
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
        do throws(UpstreamError) {
            return .document(
                try await getJSON(
                    "/api/v1" + question.path, question.parameters, deadline: deadline,
                    isAdvisory: true))
        } catch {
            switch error.kind {
            case .http(404, let text) where text.hasPrefix("not_found:"): return .nothing
            case .http(404, _), .http(405, _), .http(501, _): return .lacking
            // As VictoriaMetrics says it.
            case .http(400, let text) where text == "unsupported path": return .lacking
            // Coroot sends its page for every path it does not know.
            case .notPrometheus:
                if case .remoteCoroot = configuration.kind { return .lacking }
                throw error
            default: throw error
            }
        }
    }
}

/// What the members together said to one question.
struct GatheredDocuments: Sendable {
    /// Sorted by project name.
    var given: [(project: String, data: JSONValue)] = []
    /// Members that did not answer.
    var failures: [(project: String, error: any Error)] = []
    /// Members that answered without some of their data.
    var parts: [(project: String, error: any Error)] = []
    /// Members that do not know the question.
    var limitations: [String] = []
    var warnings: Set<String> = []
    var infos: Set<String> = []

    /// Who is missing, in words.
    var shortfalls: [String] {
        (failures + parts).map { MetadataFailure.error(of: $0.error, member: $0.project).message }
            + limitations
    }

    /// A member that is missing, or some of its data, takes elements away and falsifies none, so
    /// `safe` warns like `warn`. A member that does not know the question has nothing to say to it under every
    /// policy. If no member answers, that is an error.
    func check(_ policy: PartialResponse) throws(APIError) {
        let first = failures.first ?? (policy == .abort ? parts.first : nil)
        guard let first, policy == .abort || given.isEmpty else { return }
        throw MetadataFailure.error(of: first.error, member: first.project)
    }

    /// The answer made of them.
    ///
    /// - Throws: what the policy makes of missing members.
    func response(
        _ data: JSONValue, _ policy: PartialResponse
    ) throws(APIError) -> PrometheusResponse {
        try check(policy)
        var out = Envelope.head
        data.append(to: &out)
        Envelope.appendTail(failures: shortfalls, warnings: warnings, infos: infos, to: &out)
        return .json(out)
    }
}

/// Runs the same work on several elements at once, so many at a time.
enum BoundedFanOut {
    /// A type of its own: the optimiser of Swift 6.3 loses the numbers of tuples in task groups.
    private struct Ended<Result: Sendable>: Sendable {
        var index: Int
        var result: Result
    }

    /// The results, in the order of the elements.
    static func results<Element: Sendable, Result: Sendable>(
        of elements: [Element], width: Int,
        _ work: @escaping @Sendable (Element) async -> Result
    ) async -> [Result] {
        var results: [Ended<Result>] = []
        await withTaskGroup(of: Ended<Result>.self) { group in
            var rest = elements.enumerated().makeIterator()
            for _ in 0..<max(1, width) {
                guard let (index, element) = rest.next() else { break }
                group.addTask { Ended(index: index, result: await work(element)) }
            }
            while let ended = await group.next() {
                results.append(ended)
                if let (index, element) = rest.next() {
                    group.addTask { Ended(index: index, result: await work(element)) }
                }
            }
        }
        return results.sorted { $0.index < $1.index }.map(\.result)
    }
}
