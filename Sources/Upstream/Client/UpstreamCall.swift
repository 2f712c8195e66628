import GoText
import HTTPTransport
import PrometheusWire
import RequestTelemetry
import UpstreamSettings

/// One operation on a member: its attempts, its time, and what it taught about the member, which is
/// recorded once. An operation that is dropped before its end has taught nothing.
final class UpstreamCall: Sendable {
    private struct Progress {
        var attempts = 0
        /// For a place, before requests were sent.
        var waited = Duration.zero
        var isAnswered = false
        var isRecorded = false
        /// Of the body, inflated.
        var bytes = 0
        var httpVersion: String?
    }

    let client: UpstreamClient
    private let isProbe: Bool
    private let isAdvisory: Bool
    /// Asked in the background, for the member's presence alone.
    private let isForPresence: Bool
    private let isQuestion: Bool
    private let mayBeMissing: Bool
    private let start = MonotonicInstant.now
    /// Where the request that the operation is for is told of it; nil where it is for none.
    private let scope: MemberRequestScope?
    private let progress = LockedValue(Progress())

    init(client: UpstreamClient, isProbe: Bool, _ request: UpstreamRequest) {
        self.client = client
        self.isProbe = isProbe
        isAdvisory = request.isAdvisory
        isForPresence = request.isForPresence
        isQuestion = request.question != nil
        mayBeMissing = request.mayBeMissing
        scope = MemberRequestScope(member: client.configuration.name, path: request.path)
    }

    /// The header fields by which the member learns for which request it is asked. What is configured
    /// for the member goes before.
    func fields(besides given: [String]) -> [(name: String, value: String)] {
        guard let scope else { return [] }
        let given = given.map { $0.lowercased() }
        return scope.fields.filter { !given.contains($0.name.lowercased()) }
    }

    deinit { record(.undecided) }

    var attempts: Int { progress.withLock { $0.attempts } }

    private var elapsed: Duration { .since(start) }

    /// So long a request waited before it was sent.
    func countWaiting(_ time: Duration) { progress.withLock { $0.waited += time } }

    func countAttempt() {
        let attempts = progress.withLock { progress in
            progress.attempts += 1
            return progress.attempts
        }
        if isForPresence { return }
        client.common.link.withLock { link in
            link.health.requests += 1
            link.traffic.count(at: .now) { $0.requests += 1 }
            if attempts > 1 { link.health.retries += 1 }
        }
    }

    /// The head of an answer has come.
    func countAnswer(after latency: Duration, httpVersion: String) {
        progress.withLock { progress in
            progress.isAnswered = true
            progress.httpVersion = httpVersion
        }
        client.common.link.withLock { link in
            if !isForPresence { link.health.observe(latency: latency) }
            link.health.httpVersion = httpVersion
        }
    }

    /// An answer has begun that makes sense: the member is back even if the rest fails, and
    /// those who wait for this need not wait for the end of it.
    func began() {
        guard isProbe else { return }
        client.state.withLock { state in
            state.breaker.record(.answered, wasProbe: true, at: .now)
        }
        client.note(.up)
    }

    /// A member that gave no sign for as long as anybody would wait has failed. One that was given
    /// less time, or is at work on a large answer, has not.
    private var isSilent: Bool {
        let patience = min(client.configuration.connection.timeout, Self.patience)
        let (isAnswered, waited) = progress.withLock { ($0.isAnswered, $0.waited) }
        return !isAnswered && elapsed - waited >= patience
    }

    private static let patience = Duration.seconds(5)

    /// The failure to throw; nothing more can come of this operation.
    func failed(_ kind: UpstreamError.Kind) -> UpstreamError {
        let failure = UpstreamError(
            member: client.configuration.name, kind: client.redacted(kind), attempts: attempts,
            elapsed: elapsed)
        let verdict = kind == .timeout && isSilent ? .failed : kind.verdict
        record(saysNothing(kind) && verdict == .failed ? .undecided : verdict, failure)
        return failure
    }

    /// Whether the request was for something that the member may simply not have.
    private func saysNothing(_ kind: UpstreamError.Kind) -> Bool {
        if isAdvisory { return true }
        guard mayBeMissing, case .notPrometheus = kind else { return false }
        return true
    }

    /// The body was read to its end and made sense.
    func succeeded(_ body: UpstreamBody) {
        progress.withLock { $0.bytes = body.inflatedBytes }
        client.common.link.withLock { link in
            let wire = body.summary?.wireBytes ?? 0
            link.health.wireBytes += wire
            link.health.inflatedBytes += body.inflatedBytes
            if !isForPresence {
                link.traffic.count(at: .now) { $0.bytes += body.inflatedBytes }
            }
            if let encoding = body.encoding {
                link.encoding.observe(
                    encoding, bytes: body.inflatedBytes,
                    over: body.summary?.activeTime ?? .zero)
            }
        }
        record(.answered)
    }

    private func record(_ outcome: CircuitBreaker.Outcome, _ failure: UpstreamError? = nil) {
        let isFirst = progress.withLock { progress in
            defer { progress.isRecorded = true }
            return !progress.isRecorded
        }
        guard isFirst else { return }
        let ended = progress.withLock { $0 }
        scope?.end(
            bytes: ended.bytes, attempts: ended.attempts, httpVersion: ended.httpVersion,
            failure: failure?.detailedCause ?? (outcome == .undecided ? "given up" : nil))
        if isForPresence { return recordPresence(outcome, failure?.kind) }
        let text = outcome == .failed ? failure?.kind.text : nil
        let (former, found) = client.state.withLock { state in
            let former = state.breaker.memberState
            state.breaker.record(outcome, wasProbe: isProbe, at: .now)
            state.lastFailure = text ?? state.lastFailure
            return (former, state.breaker.memberState)
        }
        if outcome != .undecided { client.note(found, because: text) }
        if let text, let kind = failure?.kind {
            client.common.link.withLock { link in
                link.health.failures += 1
                link.traffic.count(at: .now) { $0.failures += 1 }
                link.health.failureReasons[FailureReason(kind), default: 0] += 1
                link.health.lastFailure = UpstreamHealth.Failed(text: text, time: WallClock.now())
                // What one client passes on may be what fails. While the circuit stays open, probes
                // tell whether the member is there.
                if found == .down, former != .down, client.configuration.forwarded.isEmpty {
                    link.health.presence.failed(because: text, at: WallClock.now())
                }
            }
        } else if outcome == .answered, isQuestion, showsPresence(failure?.kind) == true {
            client.common.link.withLock { $0.answered() }
        }
    }

    /// What a probe found out: it counts as no request of a client, and a circuit is neither opened
    /// nor closed by it.
    private func recordPresence(_ outcome: CircuitBreaker.Outcome, _ kind: UpstreamError.Kind?) {
        guard outcome == .answered || kind != nil, let isThere = showsPresence(kind) else { return }
        let wasFailing = client.common.link.withLock { link in
            defer { link.isProbeFailing = !isThere }
            if isThere {
                link.health.probesAnswered += 1
                link.answered()
            } else if let text = kind?.text {
                link.health.probesFailed += 1
                link.health.lastFailure = UpstreamHealth.Failed(text: text, time: WallClock.now())
                link.health.presence.failed(because: text, at: WallClock.now())
            }
            return link.isProbeFailing
        }
        guard isThere else { return client.note(.down, because: kind?.text) }
        let circuit = client.state.withLock { state in
            state.breaker.endPause(at: .now)
            return state.breaker.memberState
        }
        // A member that answers probes while questions fail is not back.
        if wasFailing || circuit == .up { client.note(.up) }
    }

    private func showsPresence(_ kind: UpstreamError.Kind?) -> Bool? {
        kind.map { $0.showsPresence(takesOthersCredentials: client.configuration.isForwarding) }
            ?? true
    }
}

/// One question to a member, before it is known how it will be sent.
struct UpstreamRequest: Sendable {
    enum Method: Sendable, Equatable {
        /// The path takes nothing else.
        case get
        /// A form, or a query where forms are refused: long texts do not fit into every URL.
        case formOrQuery
        /// A snappy block with a message of remote read, answered in kind.
        case remoteRead([UInt8])
        /// A message of another kind.
        case message([UInt8], type: String)
    }

    /// Below the base URL, with its slash, percent-encoded.
    var path: String
    var parameters = Parameters()
    var method = Method.formOrQuery
    /// Whether the member is told how much time is left.
    var sendsTimeout = false
    /// Failing says nothing about the member: it may not know the path.
    var isAdvisory = false
    /// Asked beside the requests of clients, which it must not take the circuit's probe from.
    var isAside = false
    /// Asked in the background to find out whether the member is there. It is sent whatever the
    /// circuit says, and teaches the circuit nothing.
    var isForPresence = false
    /// A page for people in place of an answer says nothing about the member: it may not have the
    /// endpoint, and something else may stand in for it.
    var mayBeMissing = false
    /// Header fields that tell which request of a client it is for.
    var passedOn: [(name: String, value: String)] = []
    /// What the answer of a server of logs, traces or profiles is; nil where metrics are asked for.
    var telemetry: TelemetryQuestion.Expectation?
    /// Set for what makes the member evaluate or read series: it takes one of the member's places.
    var question: MemberQuestion?

    var isRemoteRead: Bool {
        if case .remoteRead = method { true } else { false }
    }

    /// Whether it has a body of its own, so that it cannot be put as a query.
    var isMessage: Bool {
        switch method {
        case .remoteRead, .message: true
        case .get, .formOrQuery: false
        }
    }

    func url(base: String, asQuery: Bool) -> String {
        guard asQuery else { return base + path }
        let query = parameters.encoded
        return query.isEmpty
            ? base + path : "\(base)\(path)?\(String(decoding: query, as: UTF8.self))"
    }

    /// How it goes out: forms as the body, or in the URL.
    func transferMethod(asQuery: Bool) -> TransferRequest.Method {
        switch method {
        case .remoteRead(let body): .send(body: body, type: RemoteReadSamples.contentType)
        case .message(let body, let type): .send(body: body, type: type)
        case .get, .formOrQuery: asQuery ? .get : .post(form: parameters.encoded)
        }
    }
}

/// What is known of a question before it is asked.
struct MemberQuestion: Sendable {
    /// About how many values it gives of a series. Of the questions of one client that wait, the
    /// cheapest is first.
    var cost: Int
    /// Whose it is; nil for one of the gateway itself.
    var work: QueryWork?

    init(cost: Int, _ work: QueryWork?) {
        self.cost = cost
        self.work = work
    }

    /// Of stored samples, whose number is not known before: as many as the longest range has.
    static let ofStoredSamples = StepwiseQuestions.mostSteps
}

/// Request parameters in order; a name may occur more than once.
public struct Parameters: Sendable, Equatable {
    public private(set) var pairs: [(name: String, value: String)] = []

    public init() {}

    public init(_ pairs: [(name: String, value: String)]) { self.pairs = pairs }

    public static func == (a: Parameters, b: Parameters) -> Bool {
        a.pairs.elementsEqual(b.pairs) { $0.name == $1.name && $0.value == $1.value }
    }

    public mutating func add(_ name: String, _ value: String) {
        pairs.append((name, value))
    }

    /// Sent as seconds since the epoch with up to three decimals.
    public mutating func add(_ name: String, time: Timestamp?) {
        if let time { add(name, TimestampText.parameter(time)) }
    }

    /// Sent as seconds with up to three decimals.
    public mutating func add(_ name: String, duration: Milliseconds?) {
        if let duration { add(name, TimestampText.parameter(.epoch + duration)) }
    }

    /// The parameter `timeout`, encoded.
    static func timeout(_ remaining: Duration) -> [UInt8] {
        var parameters = Parameters()
        parameters.add("timeout", duration: Milliseconds(remaining.millisecondsToWait))
        return parameters.encoded
    }

    /// `application/x-www-form-urlencoded`.
    var encoded: [UInt8] {
        FormText.bytes(of: pairs)
    }
}
