import GatewayConfiguration
import PrometheusServer
import PrometheusWire
import Synchronization
import Upstream
import UpstreamSettings

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

/// Durations counted into fixed buckets.
struct DurationHistogram: Sendable {
    static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

    /// Each bucket's own count; the last one is for everything above the bounds.
    private var counts = [Int](repeating: 0, count: bounds.count + 1)
    private var sum = 0.0

    mutating func observe(_ seconds: Double) {
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        counts[bucket] += 1
        sum += seconds
    }

    func append(labels: [(String, String)], to text: inout ExpositionText) {
        var cumulative = 0
        for (bound, count) in zip(Self.bounds, counts) {
            cumulative += count
            text.sample(suffix: "_bucket", labels + [("le", "\(bound)")], Double(cumulative))
        }
        let total = counts.reduce(0, +)
        text.sample(suffix: "_bucket", labels + [("le", "+Inf")], Double(total))
        text.sample(suffix: "_sum", labels, sum)
        text.sample(suffix: "_count", labels, Double(total))
    }
}

/// What the clients know about their members, as metrics.
struct MemberMetrics: Sendable {
    let clients: UpstreamClients

    func exposition() -> ExpositionText {
        let members = clients.named.map { (name: $0.name, health: $0.client.health) }
        var text = ExpositionText()
        func family(
            _ name: String, _ kind: ExpositionText.Kind, _ help: String,
            _ value: (UpstreamHealth) -> Double?
        ) {
            text.family(name, kind, help)
            for member in members {
                guard let value = value(member.health) else { continue }
                text.sample([("member", member.name)], value)
            }
        }
        family("tributary_member_requests_total", .counter, "Requests sent, retries included.") {
            Double($0.requests)
        }
        family("tributary_member_retries_total", .counter, "Requests that were sent again.") {
            Double($0.retries)
        }
        family("tributary_member_failures_total", .counter, "Operations that a member failed.") {
            Double($0.failures)
        }
        family(
            "tributary_member_up", .gauge, "0 while a member is not asked because it kept failing."
        ) { $0.circuit == .open ? 0 : 1 }
        family(
            "tributary_member_latency_seconds", .gauge,
            "Time to the head of an answer, the newest weighing most."
        ) { $0.latency.map { $0 / .seconds(1) } }
        text.family(
            "tributary_member_questions", .gauge,
            "Queries that a member is asked now, and those that wait until it has a place for them."
        )
        for (name, health) in members {
            text.sample([("member", name), ("state", "running")], Double(health.questionsRunning))
            text.sample([("member", name), ("state", "waiting")], Double(health.questionsWaiting))
        }
        text.family(
            "tributary_member_http_info", .gauge, "The protocol of a member's newest answer.")
        for member in members {
            guard let version = member.health.httpVersion else { continue }
            text.sample([("member", member.name), ("version", version)], 1)
        }
        family(
            "tributary_member_received_bytes_total", .counter, "Bytes of bodies over the wire."
        ) { Double($0.wireBytes) }
        family(
            "tributary_member_inflated_bytes_total", .counter, "Bytes of bodies once inflated."
        ) { Double($0.inflatedBytes) }
        return text
    }
}

/// What became of the files of secrets, as metrics. Nothing of a secret is in them.
struct SecretMetrics: Sendable {
    let files: [SecretFile]

    func exposition() -> ExpositionText {
        let counts = files.map { (path: $0.path, counts: $0.counts) }
        var text = ExpositionText()
        func family(
            _ name: String, _ kind: ExpositionText.Kind, _ help: String,
            _ value: (SecretFile.Counts) -> Double
        ) {
            guard !counts.isEmpty else { return }
            text.family(name, kind, help)
            for file in counts { text.sample([("file", file.path)], value(file.counts)) }
        }
        family(
            "tributary_secret_file_usable", .gauge,
            "0 while a file holds no secret, so that the former one stays in force."
        ) { $0.isUsable ? 1 : 0 }
        family(
            "tributary_secret_file_replacements_total", .counter,
            "Secrets that were taken from a file while the gateway ran."
        ) { Double($0.replacements) }
        family(
            "tributary_secret_file_refusals_total", .counter,
            "Times that a file began to hold no secret."
        ) { Double($0.refusals) }
        return text
    }
}
