import PrometheusWire
import TimeSeries
import Upstream

/// Asks the members that have a part in a request of remote read, all at once.
struct RemoteReadMembers: Sendable {
    typealias Outcome = (part: RemoteReadPlan.Part, reply: Result<RemoteReadReply, UpstreamError>)

    var project: ResolvedProject
    /// Members asked at once.
    var concurrency: Int
    var deadline: ContinuousClock.Instant
    /// What of the members' answers may be held.
    var turn: QueryTurn

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
        let reply = try await member.ask(by: deadline, read)
        switch reply {
        case .samples where !types.contains(.samples):
            throw .unavailable("the member's remote read cannot stream chunks")
        case .chunks where !types.contains(.streamedChunks):
            throw .unavailable("the member streams chunks where samples were asked for")
        case .samples, .chunks: return reply
        }
    }
}
