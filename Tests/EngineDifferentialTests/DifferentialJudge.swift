import EmbeddedPrometheus
import Foundation
import PromQL
import PromQLEngine
import PromQLTest
import TimeSeries

/// Compares the two answers to one query.
struct DifferentialJudge: Sendable {
    enum Verdict: Sendable {
        case equal(isEmpty: Bool)
        /// Both refuse, as they must.
        case refused
        /// Differs by what is known and argued for, the reason.
        case excused(String)
        case different(String)
    }

    private let store: MemoryStore
    private let judgement: AnswerJudgement

    init(series: [SampleSeries]) {
        store = MemoryStore(series)
        var options = EngineOptions()
        options.rangeBoundary = .closed
        options.dialect = .prometheus2
        judgement = AnswerJudgement(options: options, parsing: .everything)
    }

    func judge(
        _ query: String, on grid: StepGrid, _ prometheus: RealPrometheus
    ) async throws -> Verdict {
        var parameters = ["query": query]
        let body: Data
        if grid.isInstant {
            parameters["time"] = OpenMetricsText.seconds(grid.start)
            body = try await prometheus.post("/api/v1/query", parameters)
        } else {
            parameters["start"] = OpenMetricsText.seconds(grid.start)
            parameters["end"] = OpenMetricsText.seconds(grid.end)
            parameters["step"] = OpenMetricsText.seconds(grid.step)
            body = try await prometheus.post("/api/v1/query_range", parameters)
        }
        let theirs = try PrometheusAnswer(body, on: grid)
        let ours = Result { try judgement.evaluate(query, on: grid, over: store).value }
        let place = "\(query) at \(grid.start)…\(grid.end)/\(grid.step)"
        switch (theirs, ours) {
        case (.refusal, .failure): return .refused
        case (.refusal(let error), .success):
            return Self.judged(query, place, "Prometheus refuses: \(error)")
        case (.value, .failure(let error)): return Self.judged(query, place, "we refuse: \(error)")
        case (.value(let wanted), .success(let given)):
            let given = Self.asInRangeQuery(given, on: grid)
            guard
                let reason = judgement.difference(
                    wanted, given, of: query, on: grid, over: store)
            else { return .equal(isEmpty: wanted.isEmpty) }
            return Self.judged(query, place, reason)
        }
    }

    private static func judged(_ query: String, _ place: String, _ reason: String) -> Verdict {
        if let expression = try? parseExpression(query, options: .everything),
            let deviation = KnownDeviation(in: expression, explaining: reason)
        {
            return .excused(deviation.rawValue)
        }
        return .different("\(place)\n    \(reason)")
    }

    /// A range query of a scalar is answered as a series without labels.
    private static func asInRangeQuery(
        _ value: QueryResult.Value, on grid: StepGrid
    ) -> QueryResult.Value {
        guard !grid.isInstant, case .scalar(let values) = value else { return value }
        return .vector([StepSeries(labels: .empty, values: values)])
    }
}
