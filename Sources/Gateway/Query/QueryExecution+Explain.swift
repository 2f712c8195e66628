import Federation
import Projects
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
            var answer = ExplainAnswer(query: query, plan: plan, scope: scope)
            if ["true", "1"].contains(request.parameter("analyze")) {
                answer.analysis = try await slots.withSlot {
                    await analyze(plan, query, project)
                }
            }
            return answer.response
        } catch {
            return ErrorAnswer.of(error)
        }
    }

    private func analyze(
        _ plan: Plan, _ query: QueryRequest, _ project: ResolvedProject
    ) async
        -> [FetchAnalysis]
    {
        let asker = QuestionAsker(
            project: project, lookback: query.lookback, deadline: query.deadline,
            concurrency: limits.maxMemberConcurrency, source: source)
        return await withTaskGroup(of: AnalysedFetch.self) { group in
            for (index, fetch) in plan.fetches.enumerated() {
                group.addTask {
                    let began = ContinuousClock.now
                    var analysis = FetchAnalysis(milliseconds: 0, series: 0, samples: 0)
                    do throws(FragmentFailure) {
                        let fetched = try await asker.fetch(fetch, maxSeries: limits.maxSeries)
                        (analysis.series, analysis.samples) = Self.size(of: fetched.value)
                    } catch {
                        analysis.failure = error.text
                    }
                    let elapsed = (ContinuousClock.now - began).components
                    analysis.milliseconds =
                        Double(elapsed.seconds) * 1000 + Double(elapsed.attoseconds) / 1e15
                    return AnalysedFetch(index: index, analysis: analysis)
                }
            }
            var all = [FetchAnalysis](
                repeating: FetchAnalysis(milliseconds: 0, series: 0, samples: 0),
                count: plan.fetches.count)
            for await one in group { all[one.index] = one.analysis }
            return all
        }
    }

    private struct AnalysedFetch: Sendable {
        var index: Int
        var analysis: FetchAnalysis
    }

    private static func size(of value: FetchedValue) -> (series: Int, samples: Int) {
        switch value {
        case .samples(let series): (series.count, series.reduce(0) { $0 + $1.times.count })
        case .steps(let series):
            (
                series.count,
                series.reduce(0) { sum, one in
                    sum + one.histograms.count
                        + one.values.reduce(0) { $0 + (SampleValue.isAbsent($1) ? 0 : 1) }
                }
            )
        }
    }
}
