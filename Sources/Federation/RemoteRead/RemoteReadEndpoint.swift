import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream

/// `read`: the members' series as they are stored, under one roof. Answers and errors are those of
/// the reference: protobuf and plain text.
///
/// The protocol has no place for warnings, and the readers of raw series compute with them; so a
/// missing member is an error, unless `partialResponse: warn` is asked for by the project or the
/// request. Then a header names who is missing.
public struct RemoteReadEndpoint: Sendable {
    public static let missingHeader = "X-Tributary-Missing-Members"

    private let limits: Limits
    /// How long an answer may take.
    private let timeout: Duration
    private let resources: QueryResources
    private let unsortedMembers = UnsortedMembers()

    /// - Parameter resources: shared with queries.
    public init(_ configuration: Configuration, resources: QueryResources) {
        limits = configuration.limits
        timeout = configuration.query.timeout
        self.resources = resources
    }

    public func respond(
        to request: PrometheusRequest, project: ResolvedProject
    ) async -> PrometheusResponse {
        do {
            let time = AnswerTime(of: request, configured: timeout)
            let admission = try await resources.admit(request, to: project, until: time.deadline)
            let turn = resources.turn(time, for: project.client)
            return turn.lending(to: try await answer(request, project, time, turn, admission))
        } catch {
            return Self.refusal(error)
        }
    }

    /// An error as the reference gives it here: its text, a line break, and nothing else.
    public static func refusal(_ error: any Error) -> PrometheusResponse {
        let status: Int
        switch error {
        case is RemoteReadRequest.Refusal: status = 400
        case is RemoteReadPlan.InvalidExpression: status = 500
        // Too many samples are a 400 there.
        case let error as APIError: status = error.kind == .execution ? 400 : error.status
        case is CancellationError: status = APIError.Kind.canceled.status
        default: status = 500
        }
        let text =
            (error as? RemoteReadPlan.InvalidExpression)?.text
            ?? (error is CancellationError ? "context canceled" : "\(error)")
        return .text(status: status, text + "\n", noSniff: true)
    }

    private func answer(
        _ request: PrometheusRequest, _ project: ResolvedProject,
        _ time: AnswerTime, _ turn: QueryTurn, _ admission: QueueMemory.Admission
    ) async throws -> PrometheusResponse {
        defer { withExtendedLifetime(admission) {} }
        let read = try RemoteReadRequest(body: request.body)
        for query in read.queries {
            try project.limits.check(from: query.start, through: query.end)
        }
        let policy = try project.policy(for: request)
        guard let type = read.chosenType else { throw Self.unknownTypes(read.accepted) }
        let plan = try RemoteReadPlan(
            read.queries, members: project.members.map(\.name), project.rewriting
        ) { project.mayHave(project.members[$0], from: $1, through: $2) }
        let asker = RemoteReadMembers(
            project: project, concurrency: limits.maxMemberConcurrency,
            deadline: time.members, turn: turn)
        func samples() async throws -> PrometheusResponse {
            let outcomes = await asker.ask(plan, accepting: [.samples])
            return try await turn.compute { try self.samples(outcomes, read, project, policy) }
        }
        guard type == .streamedChunks else { return try await samples() }
        let acceptsSamples = read.accepted.contains(.samples)
        let outcomes = await asker.ask(
            plan, accepting: acceptsSamples ? [.streamedChunks, .samples] : [.streamedChunks])
        // What every member can, is what the members together can.
        let needsSamples = outcomes.contains { outcome in
            if case .success(.samples) = outcome.reply { true } else { false }
        }
        if needsSamples {
            turn.release()
            return try await samples()
        }
        return try await chunks(outcomes, read, project, policy, turn, admission)
    }

    /// The reference's words.
    private static func unknownTypes(_ types: [RemoteReadRequest.ResponseType]) -> APIError {
        let given = types.map { "\($0.rawValue)" }.joined(separator: " ")
        return .badData(
            "server does not support any of the requested response types: [\(given)]; "
                + "supported: map[SAMPLES:{} STREAMED_XOR_CHUNKS:{}]")
    }

    // MARK: Members that are missing

    /// The protocol has no place for warnings, so that `safe` is an error as `abort` is.
    private func admit(
        _ partial: PartialAnswer, asked: Set<Int>, _ policy: PartialResponse
    ) throws(APIError) {
        _ = try partial.admit(
            asked: asked, under: policy == .warn ? .warn : .abort, effect: nil)
    }

    private func mark(_ response: inout PrometheusResponse, _ partial: PartialAnswer) {
        guard !partial.missing.isEmpty else { return }
        response.headers[Self.missingHeader] =
            partial.missing.map { partial.names[$0.member] }.joined(separator: ", ")
    }

    // MARK: Answers

    private func samples(
        _ outcomes: [RemoteReadMembers.Outcome], _ read: RemoteReadRequest,
        _ project: ResolvedProject, _ policy: PartialResponse
    ) throws -> PrometheusResponse {
        var partial = PartialAnswer(names: project.members.map(\.name), counts: project.counts)
        var pages = [[SeriesPage]](repeating: [], count: read.queries.count)
        for (part, reply) in outcomes {
            switch reply {
            case .success(.samples(let given)):
                if let twice = Self.firstTwice(given) {
                    let kind = UpstreamError.Kind(ScanError.duplicate(of: twice))
                    partial.add(part.member, UpstreamError(kind: kind))
                } else {
                    for (number, page) in given { pages[number].append(page) }
                }
            case .success(.chunks): continue
            case .failure(let error): partial.add(part.member, error)
            }
        }
        try admit(partial, asked: Set(outcomes.map(\.part.member)), policy)
        var series = 0
        var message: [UInt8] = []
        for pages in pages {
            series += pages.reduce(0) { $0 + $1.series.count }
            guard series <= limits.maxSeries else { throw tooManySeries }
            var result: [UInt8] = []
            for element in SortedElements(pages) { element.append(to: &result) }
            RemoteReadSamples.append(result: result, to: &message)
        }
        var response = PrometheusResponse(
            headers: ["Content-Type": RemoteReadSamples.contentType, "Content-Encoding": "snappy"])
        do throws(SnappyBlock.Failure) {
            response.body = .bytes(try SnappyBlock.compress(message))
        } catch {
            throw APIError(
                .execution, "the answer is larger than a snappy block; ask for streamed chunks")
        }
        mark(&response, partial)
        return response
    }

    /// A series that a member gives twice for one query; no server does.
    private static func firstTwice(_ given: [(query: Int, page: SeriesPage)]) -> SeriesElement? {
        for (_, pages) in Dictionary(grouping: given, by: \.query) {
            if let twice = SortedElements(pages.map(\.page)).firstTwice { return twice }
        }
        return nil
    }

    private func chunks(
        _ outcomes: [RemoteReadMembers.Outcome], _ read: RemoteReadRequest,
        _ project: ResolvedProject, _ policy: PartialResponse, _ turn: QueryTurn,
        _ admission: QueueMemory.Admission
    ) async throws -> PrometheusResponse {
        var partial = PartialAnswer(names: project.members.map(\.name), counts: project.counts)
        let asked = Set(outcomes.map(\.part.member))
        var parts: [ChunkedAnswer.Part] = []
        for (part, reply) in outcomes {
            switch reply {
            case .success(.chunks(let stream)):
                parts.append(
                    ChunkedAnswer.Part(
                        member: part.member, name: project.members[part.member].name,
                        numbers: Set(part.numbers), stream: stream))
            case .success(.samples): continue
            case .failure(let error): partial.add(part.member, error)
            }
        }
        try admit(partial, asked: asked, policy)
        var answer = ChunkedAnswer(
            parts: parts, queries: read.queries.count, partition: project.partition,
            heldBytes: limits.heldAnswerBytes, unsortedMembers: unsortedMembers, turn: turn,
            admission: admission)
        for (part, error) in await answer.begin() { partial.add(part.member, error) }
        try admit(partial, asked: asked, policy)
        var response = answer.response()
        mark(&response, partial)
        return response
    }

    private var tooManySeries: APIError {
        APIError(.execution, "more than \(limits.maxSeries) series (limits.maxSeries)")
    }
}
