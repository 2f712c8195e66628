import GoText
import PromQL
import PromQLEngine
import PrometheusWire
import RegularExpressions
import TimeSeries
import Upstream

/// Who is asked what by a request of remote read. Pure.
struct RemoteReadPlan: Sendable, Equatable {
    /// One member's share: the queries that choose it, in its own names.
    struct Part: Sendable, Equatable {
        /// The member's place in the project.
        var member: Int
        /// What the client's request calls these queries; ascending.
        var numbers: [Int]
        var queries: [RemoteReadRequest.Query]
    }

    /// A regular expression that is none; the reference answers with its text alone.
    struct InvalidExpression: Error, Equatable {
        var text: String
    }

    var parts: [Part]

    /// - Parameter mayHave: Whether a member may have samples between two times.
    init(
        _ queries: [RemoteReadRequest.Query], members: [String], _ rewriting: SelectorRewriting,
        mayHave: (_ member: Int, _ from: Timestamp, _ through: Timestamp) -> Bool = { _, _, _ in
            true
        }
    ) throws(InvalidExpression) {
        for query in queries { try Self.check(query) }
        parts = members.enumerated().compactMap { index, member in
            var part = Part(member: index, numbers: [], queries: [])
            for (number, query) in queries.enumerated() {
                guard mayHave(index, query.start, query.end),
                    let own = Self.query(query, forMember: member, rewriting)
                else { continue }
                part.numbers.append(number)
                part.queries.append(own)
            }
            return part.numbers.isEmpty ? nil : part
        }
    }

    /// Judged here, so that the answer does not hang on whether anybody is asked.
    private static func check(_ query: RemoteReadRequest.Query) throws(InvalidExpression) {
        for matcher in query.matchers where matcher.op.isExpression {
            do throws(RegularExpressionError) {
                _ = try RegularExpression(matcher.value)
            } catch {
                throw InvalidExpression(text: "\(error)")
            }
        }
    }

    /// nil when the query does not choose the member. Remote read refuses no selector for choosing
    /// too much, so nothing is added but the restriction, and for a query of which nothing else is
    /// left: without any matcher a server gives nothing. Such a query of the client's own stays
    /// one, and with a restriction is not sent.
    private static func query(
        _ query: RemoteReadRequest.Query, forMember member: String, _ rewriting: SelectorRewriting
    ) -> RemoteReadRequest.Query? {
        let partition = rewriting.partition
        guard !query.matchers.isEmpty || rewriting.restriction.isEmpty,
            let matchers = rewriting.ownMatchers(
                query.matchers.map(\.inPromQL), ofMember: member)
        else { return nil }
        var own = query
        own.matchers = matchers.map(RemoteReadRequest.Matcher.init)
        if own.matchers.isEmpty, !query.matchers.isEmpty {
            own.matchers = [RemoteReadRequest.Matcher("__name__", .regexMatch, ".*")]
        }
        own.hints?.grouping = partition.labels(of: member)
            .memberNames(of: query.hints?.grouping ?? [])
        return own
    }
}

extension RemoteReadRequest.Matcher.Operator {
    fileprivate var isExpression: Bool {
        switch self {
        case .regexMatch, .regexNoMatch: true
        case .equal, .notEqual: false
        }
    }
}

/// Asks the members that have a part in a request of remote read, all at once.
struct RemoteReadMembers: Sendable {
    typealias Outcome = (part: RemoteReadPlan.Part, reply: Result<RemoteReadReply, UpstreamError>)

    var project: ResolvedProject
    /// Members asked at once.
    var concurrency: Int
    var deadline: ContinuousClock.Instant
    /// What of the members' answers may be held.
    var turn: QueryTurn

    /// Samples of replicas that are merged for one request.
    private static let mostSamples = EngineOptions().maxSamples

    /// In the order of the plan; every reply is of a type that was accepted, or a failure. Where
    /// chunks and samples were accepted, samples of one member end the round: what is still under
    /// way is left out.
    func ask(
        _ plan: RemoteReadPlan, accepting types: [RemoteReadRequest.ResponseType]
    ) async -> [Outcome] {
        let prefersChunks = types.first == .streamedChunks
        let replies = await FanOut(width: concurrency).replies(
            to: plan.parts, until: { prefersChunks && Self.isSamples($0.outcome) }
        ) { part throws(UpstreamError) in try await ask(part, types) }
        let isEnded = prefersChunks && replies.contains { Self.isSamples($0.outcome) }
        return zip(plan.parts, replies).compactMap { part, reply in
            isEnded && reply.isDropped ? nil : (part, reply.outcome)
        }
    }

    private static func isSamples(_ outcome: Result<RemoteReadReply, UpstreamError>) -> Bool {
        if case .success(.samples) = outcome { true } else { false }
    }

    private func ask(
        _ part: RemoteReadPlan.Part, _ types: [RemoteReadRequest.ResponseType]
    ) async throws(UpstreamError) -> RemoteReadReply {
        let member = project.members[part.member]
        let request = RemoteReadRequest(queries: part.queries, accepted: types)
        let injection = LabelInjection(project.partition, of: member.name)
        let (deadline, turn) = (deadline, turn)
        let hold = { @Sendable (bytes: Int) async throws(UpstreamError.Kind) in
            do throws(NoLoan) {
                try await turn.held.add(bytes, until: turn.deadline)
            } catch {
                switch error {
                case .cancelled: throw .cancelled
                case .timedOut, .refused: throw .noMemory
                }
            }
        }
        let read = { @Sendable (client: UpstreamClient) async throws(UpstreamError) in
            try await client.read(
                request, numbers: part.numbers, injecting: injection, deadline: deadline,
                work: turn.work, hold: hold)
        }
        let reply: RemoteReadReply
        if let set = member.replicas {
            reply = try await ReplicatedRead(
                set: set, now: WallClock.now(), budget: SampleBudget(Self.mostSamples),
                deadline: deadline, work: turn.work
            ).reply(to: request, numbers: part.numbers, injecting: injection, hold: hold)
        } else {
            reply = try await member.ask(by: deadline, read)
        }
        switch reply {
        case .samples where !types.contains(.samples):
            throw .unavailable("the member's remote read cannot stream chunks")
        case .chunks where !types.contains(.streamedChunks):
            throw .unavailable("the member streams chunks where samples were asked for")
        case .samples, .chunks: return reply
        }
    }
}
