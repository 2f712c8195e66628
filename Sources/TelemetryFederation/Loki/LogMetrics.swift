import Federation
import GatewayConfiguration
import GoText
import LogQL
import LokiWire
import PrometheusServer
import PrometheusWire
import RequestTelemetry
import TimeSeries
import Upstream

/// The value of a metric query over logs: members are asked what they can answer alone, and the rest is
/// computed here.
struct LogMetrics {
    /// Where the value is wanted.
    enum Times {
        case range(LogRangeParameters)
        case instant(LogInstantParameters)

        var grid: StepGrid {
            switch self {
            case .range(let parameters): parameters.grid
            case .instant(let parameters): parameters.grid
            }
        }

        /// The window of the lines that count, and at least an hour of an instant.
        fileprivate func bounds(of expression: MetricExpression) -> LogBounds {
            let lookback = Duration.nanoseconds(expression.lookback.count)
            return switch self {
            case .range(let parameters):
                LogBounds(
                    start: parameters.bounds.start - lookback, end: parameters.bounds.end)
            case .instant(let parameters):
                LogBounds(
                    start: parameters.time - max(lookback, .seconds(3600)), end: parameters.time)
            }
        }
    }

    let context: TelemetryContext
    let times: Times
    let scope: LogScope
    let plan: MetricPlan
    private let bounds: LogBounds

    init(
        _ context: TelemetryContext, _ times: Times, _ expression: MetricExpression
    ) async throws {
        self.context = context
        self.times = times
        bounds = times.bounds(of: expression)
        let first = try context.logScope()
        let plan = try first.plan(expression)
        guard plan.dependsOnOwnLabels else {
            (scope, self.plan) = (first, plan)
            return
        }
        let own = try await context.ownLabels(
            of: plan.fetches.map { ($0.member, $0.text) }, in: bounds)
        scope = try context.logScope(ownLabels: own)
        self.plan = try scope.plan(expression)
    }

    func response() async throws -> PrometheusResponse {
        let gathered = try await answers()
        let missing = gathered.partial.members
        let shortfall = try context.shortfall(
            of: gathered, effect: plan.effect(ofMissing: missing))
        var warnings = LogWarnings(areNamed: !context.partition.isNone)
        var statistics = LokiWire.QueryStatistics()
        let naming = try await self.scope(for: gathered)
        var given = [[StepSeries]](repeating: [], count: plan.fetches.count)
        for one in gathered.answers {
            given[one.question] = one.answer.series.map { series in
                var visible = series
                visible.labels = naming.visible(series.labels, of: one.member)
                return visible
            }
            warnings.add(
                one.answer.trailer.warnings, from: context.project.members[one.member].name)
            if let counted = one.answer.trailer.statistics { statistics.add(counted) }
        }
        let notes =
            context.everyStreamWarnings(
                plan.fetches.filter(\.usesEveryStream).map(\.member)) + plan.notes
        let (answers, told, counted) = (given, warnings.texts.union(notes), statistics)
        let body = try await context.turn.compute {
            let value = try plan.value(on: times.grid.count, of: answers)
            RequestScope.current?.record?.update { $0.series = value.count }
            return written(value, counted, shortfall.warnings, told)
        }
        var response = PrometheusResponse(
            headers: ["Content-Type": LokiEnvelope.contentType], body: .bytes(body))
        shortfall.mark(&response)
        return response
    }

    private func written(
        _ value: [StepSeries], _ statistics: LokiWire.QueryStatistics, _ failures: [String],
        _ warnings: Set<String>
    ) -> [UInt8] {
        let grid = times.grid
        switch times {
        case .range:
            return LogMetricAnswer.matrix(
                value, on: grid, statistics: statistics, failures: failures,
                warnings: warnings)
        case .instant where plan.isScalar:
            return LogMetricAnswer.scalar(
                value.first?.values.first ?? .nan, at: grid.start, statistics: statistics,
                failures: failures, warnings: warnings)
        case .instant:
            return LogMetricAnswer.vector(
                value, at: grid.start, statistics: statistics, failures: failures,
                warnings: warnings)
        }
    }

    // MARK: Asking

    private struct Reply: Sendable {
        var series: [StepSeries]
        var trailer: LokiAnswerReader.Trailer
    }

    private struct Question: Sendable {
        var fetch: Int
        var question: TelemetryQuestion
    }

    /// The scope by which names in answers are made those that users see. What has the label's name in
    /// an answer may be of the streams or of the lines, so that members with such answers are asked for
    /// the labels of their streams.
    private func scope(for gathered: GatheredAnswers<Reply>) async throws -> LogScope {
        let unclear = gathered.answers.filter { one in
            scope.members[one.member].ownLabels.isEmpty
                && one.answer.series.contains {
                    scope.dependsOnOwnLabels($0.labels, of: one.member)
                }
        }
        if unclear.isEmpty { return scope }
        let members = Set(unclear.map(\.member))
        var own = try await context.ownLabels(
            of: plan.fetches.filter { members.contains($0.member) }.map { ($0.member, $0.text) },
            in: bounds)
        for (index, member) in scope.members.enumerated() where own[index] == nil {
            own[index] = member.ownLabels
        }
        return try context.logScope(ownLabels: own)
    }

    private func answers() async throws -> GatheredAnswers<Reply> {
        let questions = plan.fetches.enumerated().map { index, fetch in
            MemberQuestion(
                member: fetch.member, question: Question(fetch: index, question: question(fetch)))
        }
        let (grid, turn) = (times.grid, context.turn)
        let mostSeries = context.limits.maxSeries
        let type: LokiAnswerReader.ResultType = grid.isInstant ? .vector : .matrix
        return try await context.gatherStreams(questions, \.question) {
            _, _, stream throws(UpstreamError) in
            var series: [StepSeries] = []
            let trailer = try await stream.readLoki(expecting: type, on: grid, turn: turn) {
                reader throws(UpstreamError) in
                let read = reader.takeSteps()
                guard series.count + read.count <= mostSeries else {
                    throw .limit("more than \(mostSeries) series (limits.maxSeries)")
                }
                try await turn.hold(
                    read.reduce(0) { $0 + $1.labels.key.count + 16 * grid.count + 64 })
                series += read
            }
            return Reply(series: series, trailer: trailer)
        }
    }

    private func question(_ fetch: MetricPlan.Fetch) -> TelemetryQuestion {
        let (path, pairs) =
            switch times {
            case .range(let parameters):
                ("query_range", parameters.memberMetricParameters(query: fetch.text))
            case .instant(let parameters):
                ("query", parameters.memberParameters(query: fetch.text))
            }
        return TelemetryQuestion(
            "/loki/api/v1/" + path, .formOrQuery, Parameters(pairs), cost: times.grid.count)
    }
}
