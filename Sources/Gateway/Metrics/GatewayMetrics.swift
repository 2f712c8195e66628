import PrometheusHTTP
import Synchronization

/// What the gateway counts about itself, exposed on `/metrics`.
final class GatewayMetrics: Sendable {
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
    }

    private let state = Mutex(State())

    /// Counts one answer. Paths outside the routes share one name, so that strangers cannot make
    /// new series.
    func record(_ request: CompletedRequest) {
        let handler = request.pattern ?? "none"
        let key = RequestKey(
            handler: handler, method: Self.known(request.method), code: request.status)
        let seconds =
            Double(request.duration.components.seconds)
            + Double(request.duration.components.attoseconds) * 1e-18
        state.withLock { state in
            state.requests[key, default: 0] += 1
            if !request.isWhole { state.broken[handler, default: 0] += 1 }
            state.durations[handler, default: DurationHistogram()].observe(seconds)
            state.responseBytes[handler, default: 0] += request.bodyBytes
        }
    }

    /// The counters in the text format.
    func exposition() -> ExpositionText {
        let state = state.withLock { $0 }
        var text = ExpositionText()
        text.family("tributary_http_requests_total", .counter, "Requests answered.")
        for (key, count) in state.requests {
            text.sample(
                [("handler", key.handler), ("method", key.method), ("code", String(key.code))],
                Double(count))
        }
        text.family(
            "tributary_http_broken_answers_total", .counter,
            "Answers that broke off, or whose client went away.")
        for (handler, count) in state.broken {
            text.sample([("handler", handler)], Double(count))
        }
        text.family(
            "tributary_http_response_bytes_total", .counter,
            "Bytes of bodies sent, after compression.")
        for (handler, count) in state.responseBytes {
            text.sample([("handler", handler)], Double(count))
        }
        text.family(
            "tributary_http_request_duration_seconds", .histogram,
            "Time from a request's head to the end of its answer.")
        for (handler, histogram) in state.durations.sorted(by: { $0.key < $1.key }) {
            histogram.append(labels: [("handler", handler)], to: &text)
        }
        return text
    }

    private static func known(_ method: String) -> String {
        ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"].contains(method) ? method : "other"
    }
}
