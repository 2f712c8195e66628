import Federation
import Projects
import PromQLEngine
import PrometheusAPI
import PrometheusHTTP
import TimeSeries

/// An answer that is computed here: every fetch is read and decoded, then the local engine runs.
struct LocalAnswer: Sendable {
    var query: QueryRequest
    var plan: Plan
    var scope: FederationScope
    var asker: QuestionAsker
    var options: EngineOptions
    var limits: Limits

    /// - Throws: `APIError`.
    func response() async throws -> PrometheusResponse {
        var missing = MissingMembers(names: asker.names)
        let outcomes = await FetchRound(asker: asker, limits: limits).outcomes(of: plan.fetches)
        var values = [FetchedValue](repeating: .nothing, count: plan.fetches.count)
        var annotations = MemberAnnotations()
        for (index, outcome) in outcomes.enumerated() {
            let member = plan.fetches[index].member
            switch outcome {
            case .failure(let failure): missing.add(member, failure)
            case .success(let fetched):
                values[index] = fetched.value
                for trailer in fetched.trailers {
                    annotations.add(trailer, from: asker.names[member])
                }
            }
        }
        // A member is in the answer wholly or not at all.
        for index in values.indices where missing.members.contains(plan.fetches[index].member) {
            values[index] = .nothing
        }
        let failures = try missing.warnings(for: plan, under: query.partialResponse)
        if scope.exactness != .strict, needsStrict(values, annotations) {
            var strict = self
            strict.scope.exactness = .strict
            strict.plan = try Planner.plan(query.expression, on: query.grid, in: strict.scope)
            return try await strict.response()
        }
        let result: QueryResult
        do throws(EvaluationError) {
            result = try plan.evaluate(
                fetched: values, partition: scope.partition, options: options, text: query.text)
        } catch {
            switch error {
            case .execution(let text): throw APIError(.execution, text)
            case .timeout(let text): throw APIError(.timeout, text)
            case .canceled(let text): throw APIError(.canceled, text)
            }
        }
        return .json(written(result, failures, annotations))
    }

    /// Whether the split lost something that only the inner series show.
    private func needsStrict(_ values: [FetchedValue], _ annotations: MemberAnnotations) -> Bool {
        plan.poolsHistograms(values)
            || annotations.warnings.contains { $0.contains("mix of histograms") }
    }

    private func written(
        _ result: QueryResult, _ failures: [String], _ annotations: MemberAnnotations
    ) -> [UInt8] {
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
        var warnings = result.annotations.warnings.union(annotations.warnings)
        if isTruncated { warnings.insert(RequestLimit.truncationWarning) }
        Envelope.appendTail(
            failures: failures, warnings: warnings,
            infos: result.annotations.infos.union(annotations.infos).union(query.infos), to: &out)
        return out
    }
}
