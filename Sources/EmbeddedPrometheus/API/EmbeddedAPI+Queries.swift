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
        let limit = try RequestLimit.parse(request.parameter("limit"))
        let time = try Self.optionalTime(request, "time") ?? now()
        let engine = try engine(for: request)
        let text = request.parameter("query")
        let expression = try parse(text)
        let result = try engine.evaluate(
            expression, on: .instant(time), query: text, source: store.snapshot())
        return Answer(instant: result, limit: limit)
    }

    @Sendable func rangeQuery(_ request: PrometheusRequest) throws -> Answer {
        let limit = try RequestLimit.parse(request.parameter("limit"))
        let start = try Self.requiredTime(request, "start")
        let end = try Self.requiredTime(request, "end")
        if end < start {
            throw APIError.parameter("end", "end timestamp must not be before start time")
        }
        let step = try Self.duration(request, "step")
        if step <= 0 {
            throw APIError.parameter(
                "step",
                "zero or negative query resolution step widths are not accepted. "
                    + "Try a positive integer")
        }
        let span = (end &- start).multipliedReportingOverflow(by: 1_000_000)
        if span.overflow || span.partialValue / step > options.maximumPoints {
            throw APIError.badData(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                    + "Try decreasing the query resolution (?step=XX)")
        }
        let engine = try engine(for: request)
        let text = request.parameter("query")
        let expression = try parse(text)
        switch expression.valueType {
        case .scalar, .instantVector: break
        case .string, .rangeVector:
            throw APIError.parameter(
                "query",
                "invalid expression type \"\(expression.valueType.rawValue)\" for range query, "
                    + "must be Scalar or instant Vector")
        }
        if step < 1_000_000 {
            throw APIError(
                .execution, "unexpected error: runtime error: integer divide by zero")
        }
        let grid = StepGrid(start: start, end: end, step: step / 1_000_000)
        let result = try engine.evaluate(
            expression, on: grid, query: text, source: store.snapshot())
        return Answer(range: result, limit: limit)
    }

    /// Exemplars are never stored, so there are none to find.
    @Sendable func exemplars(_ request: PrometheusRequest) throws -> PrometheusResponse {
        let start = try Self.optionalTime(request, "start") ?? RequestTime.minimum
        let end = try Self.optionalTime(request, "end") ?? RequestTime.maximum
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
        return Answer("[]").response
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
    private func engine(for request: PrometheusRequest) throws -> Engine {
        var engine = options.engine
        var timeout = options.queryTimeout
        if !request.parameter("timeout").isEmpty {
            let asked = try Self.duration(request, "timeout")
            timeout = min(timeout, .nanoseconds(asked))
        }
        let lookback = request.parameter("lookback_delta")
        if !lookback.isEmpty {
            do {
                let milliseconds = try RequestDuration.parse(lookback) / 1_000_000
                if milliseconds > 0 { engine.lookback = milliseconds }
            } catch {
                throw APIError.badData(
                    "error parsing lookback delta duration: \(error.message)")
            }
        }
        engine.deadline = .now + timeout
        return Engine(options: engine)
    }

    /// Nanoseconds.
    private static func duration(
        _ request: PrometheusRequest, _ name: String
    ) throws(APIError) -> Int64 {
        do {
            return try RequestDuration.parse(request.parameter(name))
        } catch {
            throw .parameter(name, error.message)
        }
    }

    private static func requiredTime(
        _ request: PrometheusRequest, _ name: String
    ) throws(APIError) -> Int64 {
        do {
            return try RequestTime.parse(request.parameter(name))
        } catch {
            throw .parameter(name, error.message)
        }
    }

    static func optionalTime(
        _ request: PrometheusRequest, _ name: String
    ) throws(APIError) -> Int64? {
        let text = request.parameter(name)
        if text.isEmpty { return nil }
        do {
            return try RequestTime.parse(text)
        } catch {
            throw .parameter(name, "invalid time value for '\(name)': \(error.message)")
        }
    }
}

extension Expression {
    /// Whether any series are asked for.
    fileprivate var hasSelector: Bool {
        if case .vectorSelector = self { return true }
        return children.contains { $0.hasSelector }
    }
}
