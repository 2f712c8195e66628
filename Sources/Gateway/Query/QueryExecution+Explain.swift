import Federation
import Projects
import PromQLEngine
import PrometheusAPI
import PrometheusHTTP
import TimeSeries

extension QueryExecution {
    /// Answers `explain`: `start`, `end` and `step` make it the plan of a range query, else it is
    /// that of an instant query. `analyze=true` asks the members and adds what each fetch cost.
    func explain(
        _ request: PrometheusRequest, project: ResolvedProject
    ) async
        -> PrometheusResponse
    {
        do {
            let kind: QueryKind = request.parameter("start").isEmpty ? .instant : .range
            let asked = try QueryRequest(
                request, kind: kind, project: project, settings: settings,
                maxQueryBytes: limits.maxQueryBytes, now: now())
            let (query, plan, scope) = try await plan(asked, for: project)
            guard ["true", "1"].contains(request.parameter("analyze")) else {
                return ExplainAnswer(query: query, plan: plan, scope: scope).response
            }
            let admission = try resources.requests.admit(request)
            try admission.add(plan)
            let turn = resources.turn(query.time)
            defer {
                turn.release()
                withExtendedLifetime(admission) {}
            }
            var traced = options(query, scope)
            traced.isTraced = true
            let answer = LocalAnswer(
                query: query, plan: plan, scope: scope,
                asker: QuestionAsker(
                    project: project, lookback: query.lookback, deadline: query.time.members,
                    concurrency: limits.maxMemberConcurrency, turn: turn,
                    samples: SampleBudget(settings.maxSamples), source: source),
                options: traced, limits: limits)
            return try await Self.analyzed(answer).response
        } catch {
            return ErrorAnswer.of(error)
        }
    }

    /// Runs the plan, or the one that the answers of the members call for.
    private static func analyzed(_ answer: LocalAnswer) async throws -> ExplainAnswer {
        let round = await answer.round()
        let gathered = answer.gathered(round)
        if let better = try answer.refined(after: round, gathered) {
            return try await analyzed(better)
        }
        let analysis = try await answer.asker.turn.compute {
            var analysis = QueryAnalysis(fetches: round.map(FetchAnalysis.init))
            let began = ContinuousClock.now
            do throws(APIError) {
                let result = try answer.evaluated(gathered)
                analysis.take(result, milliseconds: began.duration(to: .now) / .milliseconds(1))
            } catch {
                analysis.failure = error.message
            }
            return analysis
        }
        return ExplainAnswer(
            query: answer.query, plan: answer.plan, scope: answer.scope, analysis: analysis)
    }
}
