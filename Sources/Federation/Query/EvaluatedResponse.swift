import GatewayConfiguration
import GoText
import PromQLEngine
import PrometheusServer
import PrometheusWire
import RequestTelemetry
import TimeSeries
import Upstream

/// An answer that is computed here: every fetch is read and decoded, then the local engine runs.
struct EvaluatedResponse: Sendable {
    var query: QueryRequest
    var execution: PlanExecution
    var turn: QueryTurn
    /// What some of a member's data missing does to the answer.
    var partEffect: MissingMemberEffect
    /// Counts the answer where members are missing.
    var counts: AnswerCounts?
    /// Tells the plan that was run, where the client wants to know it.
    var explanation: (@Sendable (PlanExecution, QueryAnalysis) async -> ExplainAnswer)?

    /// - Throws: `APIError`.
    func response() async throws -> PrometheusResponse {
        let settled = try await execution.settled()
        if query.isShort, PlanExecution.areShort(settled.replies) {
            return try await response(settled)
        }
        return try await ThreadPool.run { try await response(settled) }
    }

    private func response(
        _ settled: PlanExecution.Settled
    ) async throws -> PrometheusResponse {
        let plan = settled.execution.plan
        var gathered = settled.gathered
        gathered.partial.counts = counts
        let failures = try gathered.partial.admit(
            asked: plan.membersAsked, under: query.partialResponse,
            effect: (plan.effect(ofMissing: gathered.partial.members), partEffect),
            in: .execution)
        let waiting = ContinuousClock.now
        let record = RequestScope.current?.record
        let (text, analysis) = try await RequestScope.measure(.merge) {
            try await turn.evaluate {
                memory throws(EvaluationError) -> (text: [UInt8], analysis: QueryAnalysis?) in
                gathered.statistics.queue =
                    settled.gathered.statistics.queue + waiting.duration(to: .now)
                let began = MonotonicInstant.now
                let result = try settled.execution.evaluated(gathered, memory: memory)
                let bytes = Self.estimatedBytes(of: result)
                guard memory.lend(bytes) else { throw .noMemory(bytes) }
                record?.add(result, limit: query.limit)
                let text = written(result, failures, gathered, plan)
                guard explanation != nil else { return (text, nil) }
                var analysis = QueryAnalysis(fetches: settled.replies.map(FetchAnalysis.init))
                analysis.take(result, milliseconds: Duration.since(began) / .milliseconds(1))
                return (text, analysis)
            }
        }
        guard let explanation, let analysis else { return turn.lending(to: .json(text)) }
        let effects = (plan.effect(ofMissing: gathered.partial.members), partEffect)
        let trace = await explanation(settled.execution, analysis)
        return turn.lending(
            to: .json(Self.traced(text, gathered.partial.told(effects), trace)))
    }

    /// An answer with two keys more at its end.
    private static func traced(
        _ text: [UInt8], _ missing: [PartialAnswer.Told], _ trace: ExplainAnswer
    ) -> [UInt8] {
        var out = text
        out.removeLast()
        out.append(contentsOf: ",\"missing\":".utf8)
        out +=
            JSONValue.array(
                missing.map {
                    .object([
                        ("project", .string($0.project)), ("error", .string($0.error)),
                        ("effect", .string($0.effect)),
                    ])
                }
            ).bytes
        out.append(contentsOf: ",\"trace\":".utf8)
        trace.append(to: &out)
        out.append(UInt8(ascii: "}"))
        return out
    }

    /// About what a result is as text: a sample is a time and a number.
    private static func estimatedBytes(of result: QueryResult) -> Int {
        let (perSeries, perSample) = (256, 24)
        switch result.value {
        case .scalar(let values): return perSample * values.count
        case .string(let text): return text.utf8.count
        case .vector(let series):
            return series.reduce(0) { $0 + perSeries + perSample * $1.values.count }
        case .rangeVector(let series):
            return series.reduce(0) { $0 + perSeries + perSample * $1.times.count }
        }
    }

    /// What the client is told where it asked for exactness and histograms came as JSON.
    private func shortfalls(of gathered: PlanExecution.Gathered, _ plan: Plan) -> Set<String> {
        guard case .strict = query.exactness else { return [] }
        var infos: Set<String> = []
        for (fetch, value) in zip(plan.fetches, gathered.values) where value.hasHistograms {
            if case .stored = fetch.form { continue }
            infos.insert(
                "native histograms of project \(GoQuoting.quote(execution.asker.names[fetch.member])) are what "
                    + "their JSON shows, as it serves no remote read")
        }
        return infos
    }

    private func written(
        _ result: QueryResult, _ failures: [String], _ gathered: PlanExecution.Gathered,
        _ plan: Plan
    ) -> [UInt8] {
        let annotations = gathered.annotations
        var out = Envelope.head
        var isTruncated = false
        let time = result.grid.start
        switch (result.value, query.kind) {
        case (.scalar(let values), .instant):
            ResultWriter.appendScalar(values.first ?? .nan, at: time, to: &out)
        case (.scalar(let values), .range):
            isTruncated = ResultWriter.appendMatrix(
                [StepSeries(labels: .empty, values: values)], on: result.grid,
                limit: query.limit, to: &out)
        case (.string(let text), _): ResultWriter.appendString(text, at: time, to: &out)
        case (.vector(let series), .instant):
            isTruncated = ResultWriter.appendVector(
                series, at: time, limit: query.limit, to: &out)
        case (.vector(let series), .range):
            isTruncated = ResultWriter.appendMatrix(
                series, on: result.grid, limit: query.limit, to: &out)
        case (.rangeVector(let series), _):
            isTruncated = ResultWriter.appendMatrix(series, limit: query.limit, to: &out)
        }
        var infos = result.annotations.infos.union(annotations.infos).union(query.infos)
            .union(shortfalls(of: gathered, plan))
        if query.statistics != nil {
            var statistics = gathered.statistics
            statistics.add(peak: result.peakSamples)
            // Behind the result, in its object.
            out.removeLast()
            out.append(contentsOf: ",\"stats\":".utf8)
            statistics.append(to: &out)
            out.append(UInt8(ascii: "}"))
            infos.formUnion(statistics.infos)
        }
        var warnings = result.annotations.warnings.union(annotations.warnings)
            .union(query.warnings)
        if isTruncated { warnings.insert(RequestLimit.truncationWarning) }
        counts.appendTail(failures: failures, warnings: warnings, infos: infos, to: &out)
        return out
    }
}
