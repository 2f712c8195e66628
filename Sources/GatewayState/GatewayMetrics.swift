public import Federation
import GatewayLog
import GoText
public import PrometheusServer
public import PrometheusWire
import RequestTelemetry
import Synchronization

/// What the gateway counts about the requests of its clients.
public final class GatewayMetrics: Sendable {
    /// Why a request was turned away for want of the right credential.
    public enum AuthenticationFailure: String, Sendable, CaseIterable {
        case missing, unknown, forbidden, host
    }

    private struct RequestKey: Hashable {
        var handler: String
        var method: String
        var code: Int
    }

    private struct State {
        var requests: [RequestKey: Int] = [:]
        var broken: [String: Int] = [:]
        var durations: [String: DurationHistogram] = [:]
        var responseBytes: [String: Int] = [:]
        var authenticationFailures: [AuthenticationFailure: Int] = [:]
        /// By the key of the limit.
        var limits: [String: Int] = [:]
    }

    private let state = Mutex(State())
    /// Answers that lack members.
    public let answers = AnswerCounts()
    /// Connections of clients.
    public let connections = ConnectionCount()

    private let telemetry: TelemetryMetrics

    public init(_ telemetry: TelemetryMetrics = TelemetryMetrics()) { self.telemetry = telemetry }

    /// Counts one answer. Paths outside the routes share one name, so that strangers cannot make
    /// new series.
    public func record(_ request: CompletedRequest) {
        let handler = request.pattern ?? "none"
        let key = RequestKey(
            handler: handler, method: Self.known(request.method), code: request.status)
        let limit = request.scope?.failure.flatMap(MetLimit.key)
        state.withLock { state in
            state.requests[key, default: 0] += 1
            if let limit { state.limits[limit, default: 0] += 1 }
            if !request.isWhole { state.broken[handler, default: 0] += 1 }
            state.durations[handler, default: DurationHistogram()].observe(request.duration)
            state.responseBytes[handler, default: 0] += request.bodyBytes
        }
    }

    /// Counts a request that was turned away.
    public func record(_ failure: AuthenticationFailure) {
        state.withLock { $0.authenticationFailures[failure, default: 0] += 1 }
    }

    /// The counters as they are now.
    ///
    /// - Parameter refusals: Under limits that all queries share, by the key of the limit; of these
    ///   limits no others are counted.
    public func exposition(_ refusals: [String: Int] = [:]) -> ExpositionText {
        let state = state.withLock { $0 }
        var text = ExpositionText()
        text.family(Self.requests)
        for (key, count) in state.requests {
            text.sample(
                [("handler", key.handler), ("method", key.method), ("code", String(key.code))],
                Double(count))
        }
        text.family(Self.broken)
        for (handler, count) in state.broken {
            text.sample([("handler", handler)], Double(count))
        }
        text.family(Self.responseBytes)
        for (handler, count) in state.responseBytes {
            text.sample([("handler", handler)], Double(count))
        }
        text.family(Self.durations)
        for (handler, histogram) in state.durations.sorted(by: { $0.key < $1.key }) {
            histogram.append(labels: [("handler", handler)], to: &text)
        }
        text.family(Self.authenticationFailures)
        for reason in AuthenticationFailure.allCases {
            text.sample(
                [("reason", reason.rawValue)], Double(state.authenticationFailures[reason] ?? 0))
        }
        text.family(Self.limits)
        for (limit, count) in state.limits.merging(refusals, uniquingKeysWith: { $1 }) {
            text.sample([("limit", limit)], Double(count))
        }
        text.family(Self.openConnections, is: Double(connections.open))
        text.append(answers.exposition())
        text.append(telemetry.exposition())
        return text
    }

    private static func known(_ method: String) -> String {
        ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"].contains(method) ? method : "other"
    }
}

extension GatewayMetrics {
    private static let requests = MetricFamily(
        "tributary_http_requests_total", .counter, "Requests answered.",
        labels: ["handler", "method", "code"])
    private static let broken = MetricFamily(
        "tributary_http_broken_answers_total", .counter,
        "Answers that broke off, or whose client went away.", labels: ["handler"])
    private static let responseBytes = MetricFamily(
        "tributary_http_response_bytes_total", .counter,
        "Bytes of bodies sent, after compression.", labels: ["handler"])
    private static let durations = MetricFamily(
        "tributary_http_request_duration_seconds", .histogram,
        "Time from a request's head to the end of its answer.", labels: ["handler"])
    private static let authenticationFailures = MetricFamily(
        "tributary_auth_failures_total", .counter,
        "Requests turned away: without a credential that is needed (missing), with one that is not "
            + "valid (unknown), with one that may not do this (forbidden), or to a host name that "
            + "is not the gateway's (host).", labels: ["reason"])
    private static let limits = MetricFamily(
        "tributary_limits_exceeded_total", .counter,
        "Requests that were errors, or broke off, because of a limit, and times that a query found no room "
            + "in time under one that all share; by its key in the configuration.",
        labels: ["limit"])
    private static let openConnections = MetricFamily(
        "tributary_http_connections", .gauge, "Connections of clients that are open.")

    static let families =
        [
            requests, broken, responseBytes, durations, authenticationFailures, limits,
            openConnections,
        ] + AnswerCounts.families + TelemetryMetrics.families
}
