import GoText
public import PrometheusWire
public import Upstream
public import UpstreamSettings

/// What the clients know about their members, as metrics.
public struct MemberMetrics: Sendable {
    private let members: [(name: String, client: UpstreamClient)]

    /// - Parameter members: By the names that metrics show.
    public init(_ members: [(name: String, client: UpstreamClient)]) { self.members = members }

    private typealias Known = [(name: String, health: UpstreamHealth)]

    /// The members as they are now.
    public func exposition() -> ExpositionText {
        let known: Known = members.map { ($0.name, $0.client.health) }.sorted { $0.0 < $1.0 }
        var text = ExpositionText()
        func family(_ family: MetricFamily, _ value: (UpstreamHealth) -> Double?) {
            text.family(family)
            for member in known {
                guard let value = value(member.health) else { continue }
                text.sample([("member", member.name)], value)
            }
        }
        family(Self.up) { health in
            switch health.presence.state {
            case .unknown: nil
            case .up: 1
            case .down: 0
            }
        }
        family(Self.lastSuccess) { $0.presence.lastSuccess?.seconds }
        text.family(Self.probes)
        for (name, health) in known where health.probesAnswered + health.probesFailed > 0 {
            text.sample([("member", name), ("result", "answered")], Double(health.probesAnswered))
            text.sample([("member", name), ("result", "failed")], Double(health.probesFailed))
        }
        text.family(Self.circuit)
        for (name, health) in known {
            for state in UpstreamHealth.Circuit.allCases {
                text.sample(
                    [("member", name), ("state", state.rawValue)],
                    state == health.circuit ? 1 : 0)
            }
        }
        family(Self.requests) { Double($0.requests) }
        family(Self.retries) { Double($0.retries) }
        family(Self.hedges) { Double($0.hedges) }
        text.family(Self.failures)
        for (name, health) in known {
            for reason in FailureReason.allCases {
                text.sample(
                    [("member", name), ("reason", reason.rawValue)],
                    Double(health.failureReasons[reason] ?? 0))
            }
        }
        family(Self.latency) { $0.latency.map { $0 / .seconds(1) } }
        histograms(Self.durations, known, \.latencies, in: &text)
        histograms(Self.waits, known, \.waits, in: &text)
        text.family(Self.questions)
        for (name, health) in known {
            text.sample([("member", name), ("state", "running")], Double(health.questionsRunning))
            text.sample([("member", name), ("state", "waiting")], Double(health.questionsWaiting))
        }
        text.family(Self.protocols)
        for (name, health) in known {
            guard let version = health.httpVersion else { continue }
            text.sample([("member", name), ("version", version)], 1)
        }
        family(Self.received) { Double($0.wireBytes) }
        family(Self.inflated) { Double($0.inflatedBytes) }
        return text
    }

    private func histograms(
        _ family: MetricFamily, _ known: Known,
        _ histogram: (UpstreamHealth) -> DurationHistogram, in text: inout ExpositionText
    ) {
        text.family(family)
        for (name, health) in known where histogram(health).count > 0 {
            histogram(health).append(labels: [("member", name)], to: &text)
        }
    }
}

extension MemberMetrics {
    private static func family(
        _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ labels: String...
    ) -> MetricFamily {
        MetricFamily(name, kind, help, labels: ["member"] + labels)
    }

    private static let up = family(
        "tributary_member_up", .gauge,
        "1 while a member answers, 0 while it does not, as of its newest question or probe; absent "
            + "until it was asked.")
    private static let lastSuccess = family(
        "tributary_member_last_success_timestamp_seconds", .gauge, "When a member last answered.")
    private static let probes = family(
        "tributary_member_probes_total", .counter,
        "Requests that found out in the background whether it is there.",
        "result")
    private static let circuit = family(
        "tributary_member_circuit", .gauge,
        "1 for the state that holds: asked as usual (closed), not asked for a while as it kept "
            + "failing (open), or asked once to find out whether it is back (halfOpen).", "state")
    private static let requests = family(
        "tributary_member_requests_total", .counter,
        "Requests sent, retries included; without probes.")
    private static let retries = family(
        "tributary_member_retries_total", .counter, "Requests that were sent again.")
    private static let hedges = family(
        "tributary_member_hedged_requests_total", .counter,
        "Times that it was asked beside a cluster of its pool that was slow.")
    private static let failures = family(
        "tributary_member_failures_total", .counter, "Operations that a member failed.", "reason")
    private static let latency = family(
        "tributary_member_latency_seconds", .gauge,
        "Time to the head of an answer, the newest weighing most.")
    private static let durations = family(
        "tributary_member_request_duration_seconds", .histogram,
        "Time from a request to the head of its answer.")
    private static let waits = family(
        "tributary_member_queue_seconds", .histogram,
        "How long queries waited for a place at the member; those that had one at once are left out."
    )
    private static let questions = family(
        "tributary_member_questions", .gauge,
        "Queries that a member is asked now, and those that wait until it has a place for them.",
        "state")
    private static let protocols = family(
        "tributary_member_http_info", .gauge, "The protocol of a member's newest answer.", "version"
    )
    private static let received = family(
        "tributary_member_received_bytes_total", .counter, "Bytes of bodies over the wire.")
    private static let inflated = family(
        "tributary_member_inflated_bytes_total", .counter, "Bytes of bodies once inflated.")

    static let families = [
        up, lastSuccess, probes, circuit, requests, retries, hedges, failures, latency, durations,
        waits, questions, protocols, received, inflated,
    ]
}

/// What became of the files of secrets, as metrics. Nothing of a secret is in them.
public struct SecretMetrics: Sendable {
    private let files: [SecretFile]

    public init(files: [SecretFile]) { self.files = files }

    /// The files as they are now; empty without files.
    public func exposition() -> ExpositionText {
        let counts = files.map { (path: $0.path, counts: $0.counts) }
        var text = ExpositionText()
        func family(_ family: MetricFamily, _ value: (SecretFile.Counts) -> Double) {
            text.family(family)
            for file in counts { text.sample([("file", file.path)], value(file.counts)) }
        }
        family(Self.usable) { $0.isUsable ? 1 : 0 }
        family(Self.replacements) { Double($0.replacements) }
        family(Self.refusals) { Double($0.refusals) }
        return text
    }

    private static let usable = MetricFamily(
        "tributary_secret_file_usable", .gauge,
        "0 while a file holds no secret, so that the former one stays in force.", labels: ["file"])
    private static let replacements = MetricFamily(
        "tributary_secret_file_replacements_total", .counter,
        "Secrets that were taken from a file while the gateway ran.", labels: ["file"])
    private static let refusals = MetricFamily(
        "tributary_secret_file_refusals_total", .counter,
        "Times that a file began to hold no secret.", labels: ["file"])

    static let families = [usable, replacements, refusals]
}
