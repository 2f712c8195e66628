import EmbeddedPrometheus
import Foundation
import GoText
import PromQL
import PromQLEngine
import PromQLTest
import RealServers
import TestSupport
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

    private let version: PrometheusVersion

    init(_ version: PrometheusVersion, series: [SampleSeries]) {
        self.version = version
        store = MemoryStore(series)
        judgement = AnswerJudgement(options: version.engineOptions, parsing: .everything)
    }

    func judge(
        _ query: String, on grid: StepGrid, _ prometheus: HTTPAddress
    ) async throws -> Verdict {
        let body = try await offPool {
            if grid.isInstant {
                let time = ("time", OpenMetricsText.seconds(grid.start))
                return try prometheus.post("/api/v1/query", [("query", query), time]).body
            }
            let range = [
                ("query", query), ("start", OpenMetricsText.seconds(grid.start)),
                ("end", OpenMetricsText.seconds(grid.end)),
                ("step", OpenMetricsText.seconds(grid.step)),
            ]
            return try prometheus.post("/api/v1/query_range", range).body
        }
        let theirs = try PrometheusAnswer(Data(body), on: grid)
        let ours = Result { try judgement.evaluate(query, on: grid, over: store) }
        let place = "\(query) at \(grid.start)…\(grid.end)/\(grid.step)"
        switch (theirs.outcome, ours) {
        case (.refusal, .failure): return .refused
        case (.refusal(let error), .success):
            return judged(query, place, "Prometheus refuses: \(error)", grid)
        case (.value, .failure(let error)): return judged(query, place, "we refuse: \(error)", grid)
        case (.value(let wanted), .success(let result)):
            let given = Self.asInRangeQuery(result.value, on: grid)
            guard
                let reason = judgement.difference(
                    wanted, given, of: query, on: grid, over: store)
                    ?? difference(theirs.annotations, result.annotations)
            else { return .equal(isEmpty: wanted.isEmpty) }
            return judged(query, place, reason, grid)
        }
    }

    /// Of warnings and infos, which 2.42 does not have. One text may be raised in several places,
    /// of which any one is said.
    private func difference(_ theirs: Set<String>, _ ours: Annotations) -> String? {
        guard version != .two else { return nil }
        return AnnotationComparison(federating: nil)
            .difference(Array(ours.warnings.union(ours.infos)), Array(theirs))
    }

    private func judged(
        _ query: String, _ place: String, _ reason: String, _ grid: StepGrid
    ) -> Verdict {
        if let expression = try? parseExpression(query, options: .everything),
            let deviation = KnownDeviation(
                in: expression, explaining: reason,
                KnownDeviation.Circumstances(version: version, isInstant: grid.isInstant))
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
