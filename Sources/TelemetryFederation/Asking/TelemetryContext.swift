import Federation
import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream
import UpstreamSettings

/// One request for logs, traces or profiles: of which project, and what it may cost.
struct TelemetryContext: Sendable {
    let kind: TelemetryKind
    let project: ResolvedProject
    /// What a missing member does.
    let policy: PartialResponse
    let limits: Limits
    let time: AnswerTime
    let turn: QueryTurn
    private let resources: QueryResources

    init(
        _ kind: TelemetryKind, _ project: ResolvedProject, policy: PartialResponse,
        limits: Limits, time: AnswerTime, resources: QueryResources
    ) {
        self.kind = kind
        self.project = project
        self.policy = policy
        self.limits = limits
        self.time = time
        self.resources = resources
        turn = resources.turn(time, for: project.client)
    }

    /// The same with other time, and with memory of its own, as for a request that lasts.
    func renewed(for length: Duration) -> TelemetryContext {
        TelemetryContext(
            kind, project, policy: policy, limits: limits, time: AnswerTime(length),
            resources: resources)
    }

    var partition: PartitionLabel { project.partition }

    /// A question for each member that there is one for; nil for none.
    func questions<Question: Sendable>(
        _ question: (_ index: Int, _ member: Member) throws -> Question?
    ) rethrows -> [MemberQuestion<Question>] {
        try project.members.enumerated().compactMap { index, member in
            try question(index, member).map { MemberQuestion(member: index, question: $0) }
        }
    }

    /// Puts questions to members, all at once.
    ///
    /// - Parameter ask: Asks one server, and makes sense of its answer.
    /// - Throws: where there are more questions than a query may have.
    func gather<Question: Sendable, Answer: Sendable>(
        _ questions: [MemberQuestion<Question>],
        _ ask:
            @escaping @Sendable (ServerAsking, Question) async throws(UpstreamError) -> Answer
    ) async throws(APIError) -> GatheredAnswers<Answer> {
        try await replies(to: questions) { [time, turn] member, one throws(UpstreamError) in
            try await member.ask(by: time.members) { client throws(UpstreamError) in
                try await ask(
                    ServerAsking(
                        client: client, member: member.name, deadline: time.members, turn: turn),
                    one.question)
            }
        }
    }

    /// As above, where answers are read as they arrive: of several servers that a member may have,
    /// the answer of the one is read that began first.
    ///
    /// - Parameter read: Reads an answer to its end.
    func gatherStreams<Question: Sendable, Answer: Sendable>(
        _ questions: [MemberQuestion<Question>],
        _ asked: @escaping @Sendable (Question) -> TelemetryQuestion,
        _ read:
            @escaping @Sendable (_ member: Int, Question, TelemetryStream)
            async
            throws(UpstreamError) -> Answer
    ) async throws(APIError) -> GatheredAnswers<Answer> {
        try await replies(to: questions) { [time, turn] member, one throws(UpstreamError) in
            let stream = try await member.ask(by: time.members) { client throws(UpstreamError) in
                try await client.ask(
                    asked(one.question), deadline: time.members, work: turn.work)
            }
            return try await read(one.member, one.question, stream)
        }
    }

    private func replies<Question: Sendable, Answer: Sendable>(
        to questions: [MemberQuestion<Question>],
        _ reply:
            @escaping @Sendable (Member, MemberQuestion<Question>) async throws(UpstreamError) ->
            Answer
    ) async throws(APIError) -> GatheredAnswers<Answer> {
        guard questions.count <= limits.maxMemberRequests else {
            throw APIError(
                .execution,
                "the query needs \(questions.count) requests to members; at most "
                    + "\(limits.maxMemberRequests) are allowed (limits.maxMemberRequests)")
        }
        let members = project.members
        let replies = await FanOut(width: limits.maxMemberConcurrency).replies(to: questions) {
            one throws(UpstreamError) in try await reply(members[one.member], one)
        }
        var partial = PartialAnswer(names: members.map(\.name), counts: project.counts)
        var answers: [GatheredAnswers<Answer>.One] = []
        for (one, reply) in zip(questions, replies) {
            switch reply.outcome {
            case .failure(let error): partial.add(one.member, error)
            case .success(let answer):
                answers.append(.init(question: reply.index, member: one.member, answer: answer))
            }
        }
        // A member is in the answer wholly or not at all.
        let missing = partial.members
        answers.removeAll { missing.contains($0.member) }
        return GatheredAnswers(
            answers: answers, partial: partial, asked: Set(questions.map(\.member)))
    }

    /// Judges what is missing by the policy, and says who it is.
    ///
    /// - Parameter effect: Of a missing member on the answer; nil where that goes without saying, as
    ///   in lists.
    /// - Throws: the error that the answer is instead.
    func shortfall<Answer>(
        of gathered: GatheredAnswers<Answer>, effect: MissingMemberEffect?
    ) throws(APIError) -> Shortfall {
        let effects = effect.map { (missing: $0, parts: $0) }
        let warnings = try gathered.partial.admit(
            asked: gathered.asked, under: policy, effect: effects)
        return Shortfall(warnings: warnings, header: MissingMembers.header(gathered.partial))
    }
}

/// A question, and the member that it is put to.
struct MemberQuestion<Question: Sendable>: Sendable {
    /// The position among the members of the project.
    var member: Int
    var question: Question
}

/// What members answered.
struct GatheredAnswers<Answer: Sendable>: Sendable {
    struct One: Sendable {
        /// The position among the questions.
        var question: Int
        var member: Int
        var answer: Answer
    }

    /// Of members that are not missing, in the order of the questions.
    var answers: [One]
    var partial: PartialAnswer
    var asked: Set<Int>
}

/// What an answer lacks.
struct Shortfall: Sendable {
    /// One for each member that is missing, wholly or in part.
    var warnings: [String] = []
    /// The value of `X-Tributary-Missing`; nil where nobody is missing.
    var header: String?

    func mark(_ response: inout PrometheusResponse) {
        if let header { response.headers[MissingMembers.header] = header }
    }
}

/// Names members that have no part in an answer, or not with all of their data.
enum MissingMembers {
    static let header = "X-Tributary-Missing"
    /// Characters of a reason.
    private static let longestReason = 200
    /// Members that are named.
    private static let most = 50

    /// `prod-us;reason="connection refused", …`; nil where nobody is missing.
    static func header(_ partial: PartialAnswer) -> String? {
        let all =
            partial.missing.map { ($0.member, $0.error.cause) }
            + partial.parts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        if all.isEmpty { return nil }
        return all.prefix(most).map { member, cause in
            "\(partial.names[member]);reason=\"\(HeaderText.quoted(cause, upTo: longestReason))\""
        }.joined(separator: ", ")
    }
}

/// What a client should know of an answer that may have no place for it.
enum TelemetryNote {
    static let header = "X-Tributary-Note"
    private static let longest = 1000

    static func mark(_ response: inout PrometheusResponse, _ notes: [String]) {
        if notes.isEmpty { return }
        response.headers[header] = HeaderText.quoted(
            notes.joined(separator: "; "), upTo: longest)
    }
}

private enum HeaderText {
    /// So many characters of a text, without what would end it.
    static func quoted(_ text: String, upTo length: Int) -> String {
        var out = ""
        for scalar in text.unicodeScalars.prefix(length) {
            switch scalar {
            case "\"", "\\": out += "'"
            case " "..."~": out.unicodeScalars.append(scalar)
            default: out += " "
            }
        }
        return out
    }
}

/// How one server is asked for a request.
struct ServerAsking: Sendable {
    let client: UpstreamClient
    /// The project's name.
    let member: String
    let deadline: ContinuousClock.Instant
    let turn: QueryTurn

    /// The answer, read wholly.
    func document(
        _ question: TelemetryQuestion, mostBytes: Int? = nil
    ) async throws(UpstreamError) -> TelemetryDocument {
        try await client.document(
            question, deadline: deadline, work: turn.work, mostBytes: mostBytes)
    }

    /// Reads what the server answered.
    ///
    /// - Throws: `.malformed` with the words of what the reading throws.
    func reading<Value: Sendable, Failure: Error & CustomStringConvertible>(
        _ read: () throws(Failure) -> Value
    ) throws(UpstreamError) -> Value {
        do throws(Failure) {
            return try read()
        } catch {
            throw malformed("\(error)")
        }
    }

    func malformed(_ text: String) -> UpstreamError {
        UpstreamError(member: member, kind: .malformed(text), attempts: 1)
    }
}
