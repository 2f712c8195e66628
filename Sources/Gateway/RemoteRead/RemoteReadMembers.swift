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
        var outcomes: [(index: Int, reply: Result<RemoteReadReply, any Error>)] = []
        await withTaskGroup(of: (Int, Result<RemoteReadReply, any Error>).self) { group in
            for (index, part) in plan.parts.enumerated() {
                if index >= max(1, concurrency), let ended = await group.next() {
                    outcomes.append(ended)
                }
                group.addTask {
                    do {
                        return (index, .success(try await ask(part, types)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            for await ended in group { outcomes.append(ended) }
        }
        return outcomes.sorted { $0.index < $1.index }.map { (plan.parts[$0.index], $0.reply) }
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
