import Federation
import GatewayConfiguration
import GoText
import HTTPTransport
import PrometheusServer
import PrometheusWire
import PyroscopeWire
import Synchronization
import TimeSeries
import Upstream
import UpstreamSettings

extension TelemetryService {
    /// Of Pyroscope: Connect's unary calls, and the page that older clients ask for.
    var pyroscope: [Endpoint] {
        let renders = ["/pyroscope/render", "/pyroscope/pyroscope/render"].map { path in
            members(.pyroscope, ["GET"], path) { [flameLimits] in
                try await $1.render($0, flameLimits)
            }
        }
        return renders + [
            here(.pyroscope, ["GET"], "/pyroscope/ready") { _ in .text("ready\n") },
            members(
                .pyroscope, ["POST"], "/pyroscope/querier.v1.QuerierService/:method"
            ) { [flameLimits] request, context in
                try await ProfileCall(request, context, flameLimits).response()
            },
        ]
    }
}

/// How many nodes servers give of a flame graph, where they said that it is less than the most.
final class FlameLimits: Sendable {
    private let nodes = Mutex<[UInt64: Int64]>([:])

    func most(of client: UpstreamClient) -> Int64? {
        nodes.withLock { $0[client.identity.client] }
    }

    func note(_ most: Int64, of client: UpstreamClient) {
        nodes.withLock { $0[client.identity.client] = most }
    }
}

/// One call of Connect's protocol.
struct ProfileCall {
    private let call: ConnectCall
    private let body: [UInt8]
    private let context: TelemetryContext
    private let flameLimits: FlameLimits

    private static let path = "/querier.v1.QuerierService/"

    init(
        _ request: PrometheusRequest, _ context: TelemetryContext, _ flameLimits: FlameLimits
    ) throws {
        let path = Self.path + (request.pathParameters["method"] ?? "")
        do throws(ConnectCall.Refusal) {
            call = try ConnectCall(path: path, httpMethod: request.method) {
                request.headers[$0]
            }
        } catch {
            throw Self.error(error)
        }
        if let refusal = call.method.refusal { throw refusal }
        body = try Self.plain(request)
        self.context = context
        self.flameLimits = flameLimits
    }

    private static func error(_ refusal: ConnectCall.Refusal) -> any Error {
        switch refusal {
        case .noSuchMethod: ConnectError(.notFound, "there is no such method")
        case .onlyPost: APIError(.badData, "only POST is answered", status: 405)
        case .unsupportedMedia(let types):
            APIError(.badData, "the body must be one of \(types)", status: 415)
        case .invalid(let error): error
        }
    }

    /// The body without its compression.
    private static func plain(_ request: PrometheusRequest) throws -> [UInt8] {
        switch (request.headers["Content-Encoding"] ?? "").lowercased() {
        case "", "identity": return request.body
        case "gzip":
            do throws(InflateError) {
                var inflater = try Inflater(limits: InflateLimits(maximumBytes: longestBody))
                inflater.feed(request.body)
                var plain: [UInt8] = []
                while let page = try inflater.next() { plain += page }
                try inflater.finish()
                return plain
            } catch {
                throw ConnectError(.invalidArgument, "\(error)")
            }
        default:
            throw ConnectError(.unimplemented, "unknown compression: gzip is supported")
        }
    }

    /// Bytes of an inflated body.
    private static let longestBody = 4 << 20

    // MARK: Answering

    func response() async throws -> PrometheusResponse {
        switch call.method {
        case .profileTypes: return try await profileTypes()
        case .getProfileStats: return try await profileStatistics()
        case .labelNames: return try await labelNames()
        case .labelValues: return try await labelValues()
        case .series: return try await series()
        case .selectMergeStacktraces:
            let request: SelectMergeStacktracesRequest = try message()
            if let refusal = request.format.refusal { throw refusal }
            return try await flameGraph(request)
        case .selectMergeSpanProfile:
            let request: SelectMergeSpanProfileRequest = try message()
            return try await flameGraph(request)
        case .selectSeries:
            let (answer, shortfall) = try await context.profileSeries(try message())
            return marked(answer, shortfall)
        case .diff, .selectMergeProfile, .selectHeatmap, .analyzeQuery:
            throw call.method.refusal ?? ConnectError(.unimplemented, "")
        }
    }

    private func message<Message: ConnectMessage>() throws -> Message {
        do throws(MessageError) {
            return try Message(body, codec: call.codec)
        } catch {
            throw error.inRequest
        }
    }

    private func marked(
        _ message: some ConnectMessage, _ shortfall: Shortfall, note: String? = nil
    ) -> PrometheusResponse {
        var response = PrometheusResponse(
            headers: ["Content-Type": call.codec.contentType],
            body: .bytes(message.bytes(call.codec)))
        if let note { response.headers[TelemetryNote.header] = note }
        shortfall.mark(&response)
        return response
    }

    // MARK: Lists

    private func profileTypes() async throws -> PrometheusResponse {
        try context.project.requireWholeSight()
        let request: ProfileTypesRequest = try message()
        let (answers, shortfall) =
            try await context.profileLists(call.method) { _ in request }
            as ([MemberAnswer<ProfileTypesResponse>], Shortfall)
        return marked(ProfileTypesResponse.merging(answers.map(\.answer)), shortfall)
    }

    private func profileStatistics() async throws -> PrometheusResponse {
        try context.project.requireWholeSight()
        let request: GetProfileStatsRequest = try message()
        let (answers, shortfall) =
            try await context.profileLists(call.method) { _ in request }
            as ([MemberAnswer<GetProfileStatsResponse>], Shortfall)
        return marked(GetProfileStatsResponse.merging(answers.map(\.answer)), shortfall)
    }

    private func labelNames() async throws -> PrometheusResponse {
        let request: LabelNamesRequest = try message()
        let (answers, shortfall) =
            try await context.profileLists(call.method) {
                try request.request(toMember: $0, restriction: context.project.restriction)
            } as ([MemberAnswer<LabelNamesResponse>], Shortfall)
        return marked(LabelNamesResponse.merging(answers), shortfall)
    }

    private func series() async throws -> PrometheusResponse {
        let request: SeriesRequest = try message()
        let (answers, shortfall) =
            try await context.profileLists(call.method) {
                try request.request(toMember: $0, restriction: context.project.restriction)
            } as ([MemberAnswer<SeriesResponse>], Shortfall)
        return marked(
            SeriesResponse.merging(answers, labelNames: request.labelNames), shortfall)
    }

    private func labelValues() async throws -> PrometheusResponse {
        let request: LabelValuesRequest = try message()
        let restriction = context.project.restriction
        let asked = try context.questions { _, member in
            try LabelValuesQuestion(
                request, toMember: context.partition.labels(of: member.name),
                restriction: restriction)
        }
        let partition = context.partition
        let gathered = try await context.gather(asked) { server, question throws(UpstreamError) in
            let document = try await server.call(
                question.method, body: question.bytes(.protobuf))
            return try server.reading { () throws(MessageError) in
                try question.values(
                    of: request.name, in: document, codec: .protobuf,
                    labels: partition.labels(of: server.member))
            }
        }
        let shortfall = try context.shortfall(of: gathered, effect: nil)
        return marked(
            LabelValuesResponse.merging(gathered.answers.map(\.answer)), shortfall)
    }

    // MARK: Flame graphs

    private func flameGraph(_ request: some FlameGraphRequest) async throws -> PrometheusResponse {
        let (graph, shortfall, note) = try await context.flameGraph(
            request, call.method, flameLimits)
        var answer = SelectMergeStacktracesResponse()
        answer.flamegraph = graph
        return marked(answer, shortfall, note: note)
    }
}

extension ServerAsking {
    /// The message that a method of the server answers with, in protobuf.
    func call(_ method: QuerierMethod, body: [UInt8]) async throws(UpstreamError) -> [UInt8] {
        let left = max(.milliseconds(1), deadline - .now)
        return try await document(
            TelemetryQuestion(
                method.path, .send(body: body, type: ConnectCodec.protobuf.contentType),
                answeredIn: .protobuf(ConnectCodec.protobuf.contentType),
                headers: [
                    ("Connect-Protocol-Version", "1"),
                    (ConnectCall.timeoutHeader, ConnectCall.timeoutText(left)),
                ])
        ).bytes
    }
}

extension TelemetryContext {
    /// What members answer to a method whose answers are lists.
    ///
    /// - Parameter request: To a member whose series get these labels; nil for none.
    func profileLists<Request: ConnectMessage, Answer: ConnectMessage>(
        _ method: QuerierMethod, _ request: (LabelInjection) throws -> Request?
    ) async throws -> ([MemberAnswer<Answer>], Shortfall) {
        try await profiles(method, effect: nil, request)
    }

    private func profiles<Request: ConnectMessage, Answer: ConnectMessage>(
        _ method: QuerierMethod, effect: MissingMemberEffect?,
        _ request: (LabelInjection) throws -> Request?
    ) async throws -> ([MemberAnswer<Answer>], Shortfall) {
        let asked = try questions { _, member in
            try request(partition.labels(of: member.name))
        }
        let gathered: GatheredAnswers<Answer> = try await gather(asked) {
            server, request throws(UpstreamError) in
            let document = try await server.call(method, body: request.bytes(.protobuf))
            return try server.reading { () throws(MessageError) in
                try Answer(document, codec: .protobuf)
            }
        }
        let shortfall = try shortfall(of: gathered, effect: effect)
        return (answers(gathered), shortfall)
    }

    private func answers<Answer>(_ gathered: GatheredAnswers<Answer>) -> [MemberAnswer<Answer>] {
        gathered.answers.map { one in
            let name = project.members[one.member].name
            return MemberAnswer(
                member: name, labels: partition.labels(of: name), answer: one.answer)
        }
    }

    /// Values over time; there is no place in the answer that shows that somebody is missing.
    func profileSeries(
        _ request: SelectSeriesRequest
    ) async throws -> (SelectSeriesResponse, Shortfall) {
        let plan = try ProfileSeriesPlan(
            request, members: project.members.map { partition.labels(of: $0.name) },
            restriction: project.restriction)
        let (answers, shortfall): ([MemberAnswer<SelectSeriesResponse>], Shortfall) =
            try await profiles(.selectSeries, effect: .mayBeWrong("a series of profiles")) {
                plan.request(toMember: $0)
            }
        do {
            return (try await turn.compute { try plan.merging(answers) }, shortfall)
        } catch let error as ProfileSeriesPlan.OffGrid {
            throw APIError(
                .unavailable,
                "project \(GoQuoting.quote(error.member)): it has a point at "
                    + "\(RFC3339.text(error.time)), between those of the other members")
        }
    }

    /// The flame graphs of all members as one.
    ///
    /// - Returns: with what the client should know of it.
    func flameGraph(
        _ request: some FlameGraphRequest, _ method: QuerierMethod, _ limits: FlameLimits
    ) async throws -> (FlameGraph, Shortfall, note: String?) {
        let most = try FlameGraphLimit.nodes(asked: request.maxNodes)
        let asked = try questions { _, member in
            try request.request(
                toMember: partition.labels(of: member.name), restriction: project.restriction)
        }
        let gathered: GatheredAnswers<FlameTree> = try await gather(asked) {
            server, request throws(UpstreamError) in
            try await server.flameTree(request, method, limits)
        }
        let shortfall = try shortfall(of: gathered, effect: .mayBeWrong("a flame graph"))
        let trees = gathered.answers
        let graph = try await turn.compute {
            var whole = FlameTree()
            for one in trees { try whole.merge(one.answer) }
            return whole.cut(to: most).flameGraph
        }
        let cut = trees.filter(\.answer.hasOther).map {
            GoQuoting.quote(project.members[$0.member].name)
        }
        let note =
            cut.isEmpty
            ? nil
            : "project \(cut.joined(separator: ", ")): its flame graph was cut there, so that some "
                + "of its functions are counted too low"
        return (graph, shortfall, note)
    }
}

extension ServerAsking {
    /// A flame graph of the server, with as many nodes as it gives.
    fileprivate func flameTree(
        _ request: some FlameGraphRequest, _ method: QuerierMethod, _ limits: FlameLimits
    ) async throws(UpstreamError) -> FlameTree {
        var request = request
        if let known = limits.most(of: client) { request.maxNodes = known }
        let document: [UInt8]
        do throws(UpstreamError) {
            document = try await call(method, body: request.bytes(.protobuf))
        } catch {
            guard case .rejectedQuery(_, _, let text) = error.kind,
                let allowed = FlameGraphLimit.allowed(in: ConnectError(.invalidArgument, text))
            else { throw error }
            limits.note(allowed, of: client)
            request.maxNodes = allowed
            document = try await call(method, body: request.bytes(.protobuf))
        }
        return try reading { () throws(MessageError) in
            let answer = try SelectMergeStacktracesResponse(document, codec: .protobuf)
            return try FlameTree(answer.flamegraph ?? FlameGraph())
        }
    }
}

/// The page that older clients ask for: a flame graph and its time series.
extension TelemetryContext {
    func render(
        _ request: PrometheusRequest, _ flameLimits: FlameLimits
    ) async throws -> PrometheusResponse {
        do {
            let asked = try RenderRequest(
                now: WallClock.now(), parameters: request.parameters.all)
            let (graph, shortfall, note) = try await flameGraph(
                asked.profile, .selectMergeStacktraces, flameLimits)
            let (series, missing) = try await profileSeries(asked.series)
            var response = PrometheusResponse.json(
                try await turn.compute {
                    Flamebearer(graph, series: series, request: asked).bytes
                })
            if let note { response.headers[TelemetryNote.header] = note }
            missing.mark(&response)
            shortfall.mark(&response)
            return response
        } catch let error as ConnectError {
            // No call of Connect, so none of its errors.
            return .text(status: error.status, error.message)
        }
    }
}
