import Federation
import Members
import PrometheusAPI

/// Asks the members that have a part in a request of remote read, all at once.
struct RemoteReadMembers: Sendable {
    typealias Outcome = (part: RemoteReadPlan.Part, reply: Result<RemoteReadReply, any Error>)

    var project: ResolvedProject
    /// Members asked at once.
    var concurrency: Int
    var deadline: ContinuousClock.Instant

    /// In the order of the plan; every reply is of a type that was accepted, or a failure.
    func ask(
        _ plan: RemoteReadPlan, accepting types: [RemoteReadRequest.ResponseType]
    ) async -> [Outcome] {
        var replies: [Result<RemoteReadReply, any Error>?] = plan.parts.map { _ in nil }
        await withTaskGroup(of: Ended.self) { group in
            for index in plan.parts.indices {
                if index >= max(1, concurrency), let ended = await group.next() {
                    replies[ended.index] = ended.reply
                }
                group.addTask { await end(of: plan.parts[index], types, at: index) }
            }
            for await ended in group { replies[ended.index] = ended.reply }
        }
        return zip(plan.parts, replies).compactMap { part, reply in reply.map { (part, $0) } }
    }

    /// A member that answered or failed. A type of its own: the optimiser has lost the number in
    /// a tuple.
    private struct Ended: Sendable {
        var index: Int
        var reply: Result<RemoteReadReply, any Error>
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
        let deadline = deadline
        let read = { @Sendable (client: MemberClient) async throws(MemberFailure) in
            try await client.read(
                request, numbers: part.numbers, injecting: injection, deadline: deadline)
        }
        let reply: RemoteReadReply
        if let pool = member.pool {
            reply = try await pool.ask(read)
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
