import Federation
import GoText
import Members
import Projects
import PrometheusAPI
import PrometheusHTTP

/// What a project's members are asked beside queries, labels and series: rules, targets, exemplars
/// and the state of their storage. Answers are small documents, read wholly and merged here.
struct ProjectDocuments: Sendable {
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
        do throws(MemberFailure) {
            guard let pool = member.pool else {
                return .success(try await member.client.reply(to: question, deadline: deadline))
            }
            return .success(
                try await pool.ask(by: deadline) { client throws(MemberFailure) in
                    try await client.reply(to: question, deadline: deadline)
                })
        } catch {
            return .failure(error)
        }
    }
}
