import Federation
import PrometheusWire
import Upstream

/// Asks the members that have a part in a request of remote read, all at once.
struct RemoteReadMembers: Sendable {
    typealias Outcome = (part: RemoteReadPlan.Part, reply: Result<RemoteReadReply, any Error>)

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
        var replies: [Result<RemoteReadReply, any Error>?] = plan.parts.map { _ in nil }
        await withTaskGroup(of: Ended.self) { group in
            for index in plan.parts.indices {
                if index >= max(1, concurrency), let ended = await group.next() {
                    replies[ended.index] = ended.reply
                    if prefersChunks, ended.isSamples { break }
                }
                group.addTask { await end(of: plan.parts[index], types, at: index) }
            }
            while !(prefersChunks && replies.contains { Self.isSamples($0) }),
                let ended = await group.next()
            {
                replies[ended.index] = ended.reply
            }
            group.cancelAll()
        }
        return zip(plan.parts, replies).compactMap { part, reply in reply.map { (part, $0) } }
    }

    /// A member that answered or failed. A type of its own: the optimiser has lost the number in
    /// a tuple.
    private struct Ended: Sendable {
        var index: Int
        var reply: Result<RemoteReadReply, any Error>

        var isSamples: Bool { RemoteReadMembers.isSamples(reply) }
    }

    private static func isSamples(_ reply: Result<RemoteReadReply, any Error>?) -> Bool {
        if case .success(.samples) = reply { true } else { false }
    }

    private func end(
        of part: RemoteReadPlan.Part, _ types: [RemoteReadRequest.ResponseType], at index: Int
    ) async -> Ended {
        do {
            return Ended(index: index, reply: .success(try await ask(part, types)))
        } catch {
            return Ended(index: index, reply: .failure(error))
        }
    }

    private func ask(
        _ part: RemoteReadPlan.Part, _ types: [RemoteReadRequest.ResponseType]
    ) async throws -> RemoteReadReply {
        let member = project.members[part.member]
        if let reason = member.outOfService { throw APIError(.unavailable, reason) }
        let request = RemoteReadRequest(queries: part.queries, accepted: types)
        let injection = LabelInjection(name: project.partition.name, value: member.name)
        let (deadline, turn) = (deadline, turn)
        let hold = { @Sendable (bytes: Int) async throws(UpstreamError.Kind) in
            do throws(NoTurn) {
                try await turn.held.add(bytes, until: turn.deadline)
            } catch {
                switch error {
                case .cancelled: throw .cancelled
                case .timedOut:
                    throw .unavailable("no memory for its answer in time (limits.maxAnswerMemory)")
                }
            }
        }
        let read = { @Sendable (client: UpstreamClient) async throws(UpstreamError) in
            try await client.read(
                request, numbers: part.numbers, injecting: injection, deadline: deadline,
                hold: hold)
        }
        let reply: RemoteReadReply
        if let pool = member.pool {
            reply = try await pool.ask(by: deadline, read)
        } else {
            reply = try await read(member.client)
        }
        switch reply {
        case .samples where !types.contains(.samples):
            throw APIError(.unavailable, "the member's remote read cannot stream chunks")
        case .chunks where !types.contains(.streamedChunks):
            throw APIError(.unavailable, "the member streams chunks where samples were asked for")
        case .samples, .chunks: return reply
        }
    }
}
