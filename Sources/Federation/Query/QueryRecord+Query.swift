import GoText
import PromQLEngine
import PrometheusServer
import RequestTelemetry
import TimeSeries
import Upstream

/// What the query log tells of a query, as it becomes known.
extension QueryRecord {
    /// Notes what the client asks, before anything of it is checked.
    func begin(_ request: PrometheusRequest, _ kind: QueryKind, _ project: ResolvedProject) {
        let token: String? = if case .token(let name) = project.client { name } else { nil }
        update { contents in
            contents.query = request.parameter("query")
            contents.endpoint = kind == .instant ? "query" : "query_range"
            contents.project = project.name
            contents.token = token
        }
    }

    /// Notes the times that it is asked for.
    func add(_ grid: StepGrid) {
        update { contents in
            contents.start = grid.start.seconds
            contents.end = grid.time(at: grid.count - 1).seconds
            contents.step = grid.count > 1 ? Double(grid.step.count) / 1000 : nil
        }
    }

    func add(_ plan: Plan) {
        let isUnion = if case .union = plan.root { true } else { false }
        update { $0.plan = isUnion ? "union" : "evaluated" }
    }

    /// Notes how many series the answer has.
    ///
    /// - Parameter limit: What the client takes at most; 0 for all.
    func add(_ result: QueryResult, limit: Int) {
        let count =
            switch result.value {
            case .scalar, .string: 1
            case .vector(let series): series.count
            case .rangeVector(let series): series.count
            }
        update { $0.series = limit > 0 ? min(limit, count) : count }
    }
}
