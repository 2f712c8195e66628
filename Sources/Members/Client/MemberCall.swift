import GoText

/// One operation on a member: its attempts, its time, and what it taught about the member, which is
/// recorded once. An operation that is dropped before its end has taught nothing.
final class MemberCall: Sendable {
    private struct Progress {
        var attempts = 0
        var isAnswered = false
        var isRecorded = false
    }

    let client: MemberClient
    private let isProbe: Bool
    private let isAdvisory: Bool
    private let mayBeMissing: Bool
    private let start = MonotonicClock.now()
    private let progress = Guarded(Progress())

    init(client: MemberClient, isProbe: Bool, _ request: MemberRequest) {
        self.client = client
        self.isProbe = isProbe
        isAdvisory = request.isAdvisory
        mayBeMissing = request.mayBeMissing
    }

    deinit { record(.undecided) }

    var attempts: Int { progress.withLock { $0.attempts } }

    private var milliseconds: Int64 { (MonotonicClock.now() &- start) / 1_000_000 }

    func countAttempt() {
        let attempts = progress.withLock { progress in
            progress.attempts += 1
            return progress.attempts
        }
        client.state.withLock { state in
            state.health.requests += 1
            if attempts > 1 { state.health.retries += 1 }
        }
    }

    /// The head of an answer has come.
    func countAnswer(milliseconds: Double, httpVersion: String) {
        progress.withLock { $0.isAnswered = true }
        client.state.withLock { state in
            state.health.observe(latency: milliseconds)
            state.health.httpVersion = httpVersion
        }
    }

    /// An answer has begun that makes sense: the member is back even if the rest fails, and
    /// those who wait for this need not wait for the end of it.
    func began() {
        guard isProbe else { return }
        client.state.withLock { state in
            state.breaker.record(.answered, wasProbe: true, at: MonotonicClock.milliseconds())
        }
    }

    /// A member that gave no sign for as long as anybody would wait has failed. One that was given
    /// less time, or is at work on a large answer, has not.
    private var isSilent: Bool {
        let patience = min(client.configuration.timeout, Self.patience)
        return !progress.withLock { $0.isAnswered } && milliseconds >= patience
    }

    /// Milliseconds.
    private static let patience: Int64 = 5_000

    /// The failure to throw; nothing more can come of this operation.
    func failed(_ kind: MemberFailure.Kind) -> MemberFailure {
        let failure = MemberFailure(
            member: client.configuration.name, kind: client.redacted(kind), attempts: attempts,
            milliseconds: milliseconds)
        let verdict = kind == .timeout && isSilent ? .failed : kind.verdict
        record(saysNothing(kind) && verdict == .failed ? .undecided : verdict, failure)
        return failure
    }

    /// Whether the request was for something that the member may simply not have.
    private func saysNothing(_ kind: MemberFailure.Kind) -> Bool {
        if isAdvisory { return true }
        guard mayBeMissing, case .notPrometheus = kind else { return false }
        return true
    }

    /// The body was read to its end and made sense.
    func succeeded(_ body: MemberBody) {
        client.state.withLock { state in
            let wire = body.summary?.wireBytes ?? 0
            state.health.wireBytes += wire
            state.health.inflatedBytes += body.inflatedBytes
            if let encoding = body.encoding {
                state.encoding.observe(
                    encoding, bytes: body.inflatedBytes,
                    nanoseconds: body.summary?.activeNanoseconds ?? 0)
            }
        }
        record(.answered)
    }

    private func record(_ outcome: CircuitBreaker.Outcome, _ failure: MemberFailure? = nil) {
        let isFirst = progress.withLock { progress in
            defer { progress.isRecorded = true }
            return !progress.isRecorded
        }
        guard isFirst else { return }
        client.state.withLock { state in
            state.breaker.record(outcome, wasProbe: isProbe, at: MonotonicClock.milliseconds())
            guard outcome == .failed, let failure else { return }
            state.health.failures += 1
            state.health.lastFailure = MemberHealth.Failed(
                text: failure.kind.text, time: WallClock.milliseconds())
        }
    }
}
