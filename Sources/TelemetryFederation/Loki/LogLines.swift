import Federation
import GatewayConfiguration
import GoText
import LogQL
import LokiWire
import PrometheusServer
import PrometheusWire
import RequestTelemetry
import Synchronization
import TimeSeries
import Upstream
import UpstreamSettings

/// The lines of a log query: every member is asked for as many as are wanted, and the first of all are
/// the answer.
struct LogLines {
    let context: TelemetryContext
    let parameters: LogRangeParameters
    /// Whether the client wants to know where each label of a line comes from.
    let isCategorized: Bool
    let fetches: [LogPlan.Fetch]

    /// Rounds of questions: a member that fails in the middle of its lines may have driven away those
    /// of others, which are asked once more without it.
    private static let mostRounds = 3

    init(
        _ context: TelemetryContext, _ parameters: LogRangeParameters, _ query: LogQuery,
        isCategorized: Bool
    ) async throws {
        try parameters.checkLines(atMost: context.limits.maxLogLines)
        self.context = context
        self.parameters = parameters
        self.isCategorized = isCategorized
        fetches = try await context.logPlan(query, in: parameters.bounds).fetches
    }

    func response() async throws -> PrometheusResponse {
        var (collector, gathered) = try await collected(without: [])
        var failures = gathered.partial
        for _ in 1..<Self.mostRounds where collector.isSpoilt(without: gathered.partial.members) {
            (collector, gathered) = try await collected(without: failures.members)
            for (member, error) in gathered.partial.missing { failures.add(member, error) }
        }
        guard !collector.isSpoilt(without: gathered.partial.members) else {
            throw APIError(
                .unavailable, "members failed one after the other in the middle of their lines")
        }
        gathered.partial = failures
        gathered.asked = Set(fetches.map(\.member))
        let shortfall = try context.shortfall(of: gathered, effect: .incompleteAggregate)
        var warnings = LogWarnings(areNamed: !context.partition.isNone)
        var statistics = LokiWire.QueryStatistics()
        for one in gathered.answers {
            warnings.add(one.answer.warnings, from: context.project.members[one.member].name)
            if let counted = one.answer.statistics { statistics.add(counted) }
        }
        let notes =
            context.everyStreamWarnings(
                fetches.filter(\.usesEveryStream).map(\.member)) + cappedWarnings
        let answer = try await context.turn.compute { [statistics] in
            LineAnswer(
                collector.take(), statistics: statistics, failures: shortfall.warnings,
                warnings: warnings.texts.union(notes))
        }
        RequestScope.current?.record?.update { $0.series = answer.count }
        var response = PrometheusResponse(
            headers: ["Content-Type": LokiEnvelope.contentType],
            body: .stream { writer in
                var answer = answer
                var page: [UInt8] = []
                var isMore = true
                while isMore {
                    isMore = answer.append(to: &page, upTo: Self.pageBytes)
                    try await writer.write(page)
                    page.removeAll(keepingCapacity: true)
                }
            })
        shortfall.mark(&response)
        return response
    }

    private static let pageBytes = 64 << 10

    // MARK: Asking

    private struct Ending: Sendable {
        var warnings: [String]
        var statistics: LokiWire.QueryStatistics?
    }

    /// Asks the members once.
    private func collected(
        without missing: Set<Int>
    ) async throws -> (LineCollector, GatheredAnswers<Ending>) {
        let asked = fetches.filter { !missing.contains($0.member) }
        let collector = LineCollector(
            LineMerge(
                members: asked.map { context.injection($0) },
                options: LineMerge.Options(
                    direction: parameters.direction, limit: parameters.limit,
                    interval: parameters.interval, isCategorized: isCategorized,
                    maximumBytes: context.limits.maxResponseBytes)),
            turn: context.turn)
        let questions = asked.enumerated().map { place, fetch in
            MemberQuestion(
                member: fetch.member,
                question: LineQuestion(place: place, question: question(fetch)))
        }
        let turn = context.turn
        let gathered = try await context.gatherStreams(questions, \.question) {
            member, asked, stream throws(UpstreamError) in
            let trailer = try await stream.readLoki(expecting: .streams, turn: turn) {
                reader throws(UpstreamError) in
                try await collector.add(reader.takeLines(), of: asked.place, member)
            }
            return Ending(warnings: trailer.warnings, statistics: trailer.statistics)
        }
        return (collector, gathered)
    }

    private struct LineQuestion: Sendable {
        /// Among the members that are merged.
        var place: Int
        var question: TelemetryQuestion
    }

    private func question(_ fetch: LogPlan.Fetch) -> TelemetryQuestion {
        TelemetryQuestion(
            "/loki/api/v1/query_range", .formOrQuery,
            Parameters(
                parameters.memberLogParameters(query: fetch.text, limit: limit(of: fetch.member))),
            headers: [(LogEncoding.header, LogEncoding.categorizeLabels)], cost: parameters.limit)
    }

    /// Lines that a member is asked for.
    private func limit(of member: Int) -> Int {
        let most = TelemetryContext.loki(of: context.project.members[member])?.maxLines
        return min(parameters.limit, most ?? parameters.limit)
    }

    private var cappedWarnings: [String] {
        fetches.map(\.member).filter { limit(of: $0) < parameters.limit }.map { member in
            "project \(GoQuoting.quote(context.project.members[member].name)): asked for "
                + "\(limit(of: member)) lines and not \(parameters.limit) (loki.maxLines)"
        }
    }

    /// Lines of all members as they arrive.
    private final class LineCollector: Sendable {
        private struct State {
            var merge: LineMerge
            /// Members whose lines are in it.
            var begun: Set<Int> = []
            var lent = 0
        }

        private let state: Mutex<State>
        private let turn: QueryTurn

        init(_ merge: LineMerge, turn: QueryTurn) {
            state = Mutex(State(merge: merge))
            self.turn = turn
        }

        /// Whether lines are in it of members that have failed since.
        func isSpoilt(without missing: Set<Int>) -> Bool {
            state.withLock { !$0.begun.isDisjoint(with: missing) }
        }

        /// The lines, once nothing more comes.
        func take() -> LineMerge { state.withLock { $0.merge } }

        /// Takes lines; nil for none.
        func add(
            _ page: LinePage?, of place: Int, _ member: Int
        ) async throws(UpstreamError) {
            guard let page else { return }
            let outcome = state.withLock { state -> Result<Int, LokiAnswerError> in
                state.begun.insert(member)
                do throws(LokiAnswerError) {
                    try state.merge.add(page, of: place)
                } catch {
                    return .failure(error)
                }
                let more = max(0, state.merge.heldBytes - state.lent)
                state.lent += more
                return .success(more)
            }
            switch outcome {
            case .success(let more): if more > 0 { try await turn.hold(more) }
            case .failure(let error): throw .limit("\(error) (limits.maxResponseBytes)")
            }
        }
    }
}
