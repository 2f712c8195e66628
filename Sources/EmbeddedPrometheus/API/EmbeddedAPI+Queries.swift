import GoText
import PromQL
import PromQLEngine
import PrometheusServer
import PrometheusWire
import TimeSeries

extension EmbeddedAPI {
    func addQueries(to routes: inout RouteTable) {
        add(["GET", "POST"], "/query", to: &routes, instantQuery)
        add(["GET", "POST"], "/query_range", to: &routes, rangeQuery)
        routes.on("GET", "POST", path: "/api/v1/query_exemplars", handler: exemplars)
    }

    @Sendable func instantQuery(_ request: PrometheusRequest) throws -> Answer {
        let parameters = try InstantQueryParameters(request.reader, now: now())
        let engine = engine(for: parameters.common)
        let text = parameters.common.query
        let expression = try parse(text)
        let result = try engine.evaluate(
            expression, on: .instant(parameters.time), query: text, source: store.snapshot())
        return Answer(instant: result, limit: parameters.common.limit)
    }

    @Sendable func rangeQuery(_ request: PrometheusRequest) throws -> Answer {
        let parameters = try RangeQueryParameters(request.reader)
        let engine = engine(for: parameters.common)
        let text = parameters.common.query
        let expression = try parse(text)
        switch expression.valueType {
        case .scalar, .instantVector: break
        case .string, .rangeVector:
            throw APIError.parameter(
                "query",
                "invalid expression type \"\(expression.valueType.rawValue)\" for range query, "
                    + "must be Scalar or instant Vector")
        }
        let result = try engine.evaluate(
            expression, on: parameters.grid, query: text, source: store.snapshot())
        return Answer(range: result, limit: parameters.common.limit)
    }

    /// Exemplars are never stored, so there are none to find.
    @Sendable func exemplars(_ request: PrometheusRequest) throws -> PrometheusResponse {
        let start = try request.reader.time("start") ?? RequestTime.minimum
        let end = try request.reader.time("end") ?? RequestTime.maximum
        if end < start {
            throw APIError.badData("end timestamp must not be before start timestamp")
        }
        let expression: Expression
        do {
            expression = try parseExpression(
                request.parameter("query"), options: options.parser)
        } catch {
            throw APIError.badData(error.description)
        }
        if !expression.hasSelector { return PrometheusResponse(status: 204) }
        return Answer(.array([])).response
    }

    // MARK: Parameters

    func parse(_ text: String) throws -> Expression {
        do {
            return try parseExpression(text, options: options.parser)
        } catch {
            throw APIError.parameter("query", error.description)
        }
    }

    /// An engine with the request's `timeout` and `lookback_delta`.
    private func engine(for parameters: CommonQueryParameters) -> Engine {
        var engine = options.engine
        if let lookback = parameters.lookbackDelta { engine.lookback = lookback }
        let timeout = parameters.timeout.map { min(options.queryTimeout, $0) }
        engine.deadline = .now + (timeout ?? options.queryTimeout)
        return Engine(options: engine)
    }
}

extension Expression {
    /// Whether any series are asked for.
    fileprivate var hasSelector: Bool {
        var isFound = false
        forEach { node in
            if case .vectorSelector = node { isFound = true }
        }
        return isFound
    }
}
