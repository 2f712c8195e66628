public import GoText
public import PrometheusWire

/// Stops asking a member that fails again and again, and tries it now and then.
///
/// Pure: the time comes in.
struct CircuitBreaker: Sendable, Equatable {
    enum Outcome: Sendable, Equatable {
        /// The member works, whatever it said.
        case answered
        case failed
        /// Nothing was learnt: the caller went away.
        case undecided
    }

    enum Action: Sendable, Equatable {
        case ask
        /// Ask: it is the one request that finds out whether the member is back.
        case probe
        /// Another request is finding out whether the member is back: what comes of that decides.
        case wait
        case refuse(retryIn: Duration)
    }

    enum State: Sendable, Equatable {
        case closed(failures: Int)
        /// After so many rounds of failing.
        case open(until: MonotonicInstant, round: Int)
        case halfOpen(round: Int)
    }

    /// Failures in a row that open it.
    var threshold = 5
    /// Doubled with each failed probe.
    var firstPause = Duration.seconds(1)
    var longestPause = Duration.seconds(30)
    private(set) var state = State.closed(failures: 0)

    /// Whether a request would not be sent at once; takes no turn to probe.
    func refuses(at now: MonotonicInstant) -> Bool {
        switch state {
        case .closed: false
        case .open(let until, _): now < until
        case .halfOpen: true
        }
    }

    /// Lets the next request find out whether the member is back.
    ///
    /// - Returns: whether requests were refused.
    @discardableResult
    mutating func endPause(at now: MonotonicInstant) -> Bool {
        guard case .open(let until, let round) = state, now < until else { return false }
        state = .open(until: now, round: round)
        return true
    }

    mutating func request(at now: MonotonicInstant) -> Action {
        switch state {
        case .closed: return .ask
        case .open(let until, let round):
            guard now >= until else { return .refuse(retryIn: now.duration(to: until)) }
            state = .halfOpen(round: round)
            return .probe
        case .halfOpen: return .wait
        }
    }

    /// As `request`, for what is asked beside the requests of clients, such as a version: it is let
    /// through like them, but does not take the turn to probe from them.
    func aside(at now: MonotonicInstant) -> Action {
        if case .open(let until, _) = state, now < until {
            return .refuse(retryIn: now.duration(to: until))
        }
        return .ask
    }

    /// - Parameter wasProbe: the request was let through by `probe`.
    mutating func record(_ outcome: Outcome, wasProbe: Bool, at now: MonotonicInstant) {
        switch (state, outcome) {
        case (.closed, .answered): state = .closed(failures: 0)
        case (.closed(let failures), .failed):
            let count = failures + 1
            state =
                count >= threshold
                ? .open(until: now.advanced(by: firstPause), round: 1) : .closed(failures: count)
        case (.halfOpen, .answered) where wasProbe: state = .closed(failures: 0)
        case (.halfOpen(let round), .failed) where wasProbe:
            let pause = round >= 16 ? longestPause : min(longestPause, firstPause * (1 << round))
            state = .open(until: now.advanced(by: pause), round: round + 1)
        // The next request probes in its place.
        case (.halfOpen(let round), .undecided) where wasProbe:
            state = .open(until: now, round: round)
        // An answer to an older request: the member is there.
        case (.open, .answered), (.halfOpen, .answered): state = .closed(failures: 0)
        case (.open, .failed), (.halfOpen, .failed): break
        case (_, .undecided): break
        }
    }
}

/// What is known about a member from the requests sent to it.
public struct UpstreamHealth: Sendable, Equatable {
    public enum Circuit: String, Sendable, Equatable, CaseIterable {
        /// Asked as usual.
        case closed
        /// Not asked for a while.
        case open
        /// One request is finding out whether it is back.
        case halfOpen
    }

    public struct Failed: Sendable, Equatable {
        public var text: String
        public var time: Timestamp
    }

    public var circuit = Circuit.closed
    /// Whether it is there.
    public var presence = MemberPresence()
    /// Requests, retries included; without probes.
    public var requests = 0
    /// Probes by what came of them.
    public var probesAnswered = 0
    public var probesFailed = 0
    /// Questions that have a place at the member, and those that wait for one.
    public var questionsRunning = 0
    public var questionsWaiting = 0
    /// Operations that ended in a failure of the member.
    public var failures = 0
    /// The same by reason.
    public var failureReasons: [FailureReason: Int] = [:]
    public var retries = 0
    /// Times that it was asked beside a cluster of its pool that was slow.
    public var hedges = 0
    /// Kept after the member is back.
    public var lastFailure: Failed?
    /// From a request to the head of its answer, the newest weighing most; nil before the first.
    public var latency: Duration?
    /// All of these times.
    public var latencies = DurationHistogram()
    /// What questions waited for a place, those that had one at once left out.
    public var waits = DurationHistogram()
    /// Bytes of bodies over the wire, and inflated.
    public var wireBytes = 0
    public var inflatedBytes = 0
    /// The protocol of the newest answer: `HTTP/1.1` or `HTTP/2`; nil before the first.
    public var httpVersion: String?
    /// As the member gives it.
    public var version: String?

    public init() {}

    mutating func observe(latency newest: Duration) {
        latency = latency.map { ($0 * 4 + newest) / 5 } ?? newest
        latencies.observe(newest)
    }
}

/// When a request is sent again, and after how long. Pure.
struct RetryPolicy: Sendable, Equatable {
    enum Action: Sendable, Equatable {
        case giveUp
        case retry(after: Duration)
    }

    var maximumAttempts = 2
    /// The delay is drawn evenly from here.
    var delay: ClosedRange<Duration> = .milliseconds(5) ... .milliseconds(25)

    /// - Parameters:
    ///   - attempts: requests sent so far.
    ///   - remaining: the time that is left.
    ///   - random: from 0 up to 1.
    func action(
        after kind: UpstreamError.Kind, attempts: Int, remaining: Duration, random: Double
    ) -> Action {
        guard kind.mayBeRetried, attempts < maximumAttempts else { return .giveUp }
        let pause = delay.lowerBound + (delay.upperBound - delay.lowerBound) * random
        return pause < remaining ? .retry(after: pause) : .giveUp
    }
}
