import Federation
import GatewayConfiguration
import GoText
import LogQL
import LokiWire
import PrometheusServer
import PrometheusWire
import Synchronization
import TimeSeries
import Upstream

/// Lines as they come: every member is asked again and again for those since the last time, so that it
/// works with every server that answers queries.
struct LogTail: Sendable {
    /// The longest that one lasts.
    private static let longest = Duration.seconds(3600)
    /// Between two rounds of questions, and between two pings.
    private static let pause = Duration.seconds(1)
    /// What a member may take for one answer. A slower one holds up the others no longer than this.
    private static let patience = Duration.seconds(5)
    /// Of lines that were read and not sent yet.
    private static let heldBytes = 4 << 20
    private static let linesOfQuestion = 1000

    private let context: TelemetryContext
    private let parameters: TailParameters
    private let isCategorized: Bool
    private let fetches: [LogPlan.Fetch]
    private let place: TailPlaces.Place

    private init(
        _ context: TelemetryContext, _ parameters: TailParameters, _ query: LogQuery,
        isCategorized: Bool, _ place: TailPlaces.Place
    ) async throws {
        self.context = context
        self.parameters = parameters
        self.isCategorized = isCategorized
        self.place = place
        let bounds = LogBounds(start: parameters.start, end: TelemetryContext.now)
        fetches = try await context.logPlan(query, in: bounds).fetches
    }

    /// - Throws: what is wrong with the request, before the connection is anything but HTTP.
    static func response(
        to request: PrometheusRequest, _ context: TelemetryContext, _ places: TailPlaces
    ) async throws -> PrometheusResponse {
        let parameters = try TailParameters(request.reader, now: TelemetryContext.now)
        guard case .log(let query) = try context.logQuery(parameters.query) else {
            return .webSocket(for: request) { socket in
                try await socket.close(.unsupported, LokiError.onlySelectorsAtTail.text)
            }
        }
        let tail = try await LogTail(
            context, parameters, query,
            isCategorized: LogEncoding.isCategorized(header: request.headers[LogEncoding.header]),
            try places.take())
        try await context.turn.hold(2 * heldBytes)
        return .webSocket(for: request) { try await tail.run($0) }
    }

    private func run(_ socket: WebSocket) async throws {
        var merge = TailMerge(
            members: fetches.map { context.injection($0) }, parameters: parameters,
            options: TailMerge.Options(
                isCategorized: isCategorized, linesOfQuestion: Self.linesOfQuestion,
                maximumBytes: Self.heldBytes),
            now: TelemetryContext.now)
        let end = ContinuousClock.now + Self.longest
        while ContinuousClock.now < end {
            let failures = try await round(&merge)
            if let failure = failures.first, context.policy == .abort {
                try await socket.close(.failed, failure.description)
                throw CancellationError()
            }
            while let frame = merge.frame() { try await socket.send(frame) }
            try await socket.ping()
            try await Task.sleep(for: Self.pause)
        }
        try await socket.close(.goingAway, "a tail lasts an hour at most")
        throw CancellationError()
    }

    /// Asks the members that there is something to ask, once.
    ///
    /// - Returns: the failures, in the order of the members.
    private func round(_ merge: inout TailMerge) async throws -> [UpstreamError] {
        let now = TelemetryContext.now
        var asked: [(place: Int, question: MemberQuestion<TelemetryQuestion>)] = []
        for (place, fetch) in fetches.enumerated() {
            guard let question = merge.question(to: place, at: now) else { continue }
            asked.append(
                (
                    place,
                    MemberQuestion(
                        member: fetch.member,
                        question: TelemetryQuestion(
                            "/loki/api/v1/query_range", .formOrQuery,
                            Parameters(question.memberParameters(query: fetch.text)),
                            headers: [(LogEncoding.header, LogEncoding.categorizeLabels)],
                            cost: question.limit))
                ))
        }
        if asked.isEmpty { return [] }
        let context = context.renewed(for: Self.patience)
        let turn = context.turn
        let gathered = try await context.gatherStreams(asked.map(\.question), { $0 }) {
            _, _, stream throws(UpstreamError) in
            var pages: [LinePage] = []
            var bytes = 0
            _ = try await stream.readLoki(expecting: .streams, turn: turn) {
                reader throws(UpstreamError) in
                guard let page = reader.takeLines() else { return }
                bytes += page.heldBytes
                guard bytes <= Self.heldBytes else {
                    throw .limit("its lines of a second take more than \(Self.heldBytes) bytes")
                }
                pages.append(page)
            }
            return pages
        }
        var answered: Set<Int> = []
        for one in gathered.answers {
            answered.insert(one.question)
            merge.add(one.answer, of: asked[one.question].place)
        }
        for (number, one) in asked.enumerated() where !answered.contains(number) {
            merge.fail(one.place)
        }
        return gathered.partial.missing.sorted { $0.member < $1.member }.map(\.error)
    }
}

/// How many tails there may be at once.
final class TailPlaces: Sendable {
    private static let most = 16
    private let taken = Atomic(0)

    /// Given back when it is dropped.
    final class Place: Sendable {
        private let places: TailPlaces

        fileprivate init(_ places: TailPlaces) { self.places = places }

        deinit { places.taken.subtract(1, ordering: .relaxed) }
    }

    /// - Throws: 429 where all are taken.
    func take() throws(LokiError) -> Place {
        let count = taken.add(1, ordering: .relaxed).newValue
        let place = Place(self)
        guard count <= Self.most else {
            throw LokiError(
                status: 429, text: "\(Self.most) tails are under way; end one of them first")
        }
        return place
    }
}
