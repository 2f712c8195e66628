import GoText
import HTTPTransport

/// A change of what is known of a member: it went, or it came back. Each change is told once,
/// however many requests saw it.
public struct MemberEvent: Sendable, Equatable {
    public enum State: String, Sendable, Equatable {
        /// It answers.
        case up
        /// Its newest operation failed; it is asked as before.
        case failing
        /// It kept failing, so that it is not asked for a while.
        case down
    }

    public var member: String
    public var state: State
    /// What it was before.
    public var former: State
    /// Why it is not up, without secrets; nil where it is.
    public var cause: String?
    /// How long it was what it was before.
    public var duration: Duration

    public init(
        member: String, state: State, former: State, cause: String? = nil, duration: Duration
    ) {
        self.member = member
        self.state = state
        self.former = former
        self.cause = cause
        self.duration = duration
    }
}

/// Is told each change of a member. It is called where the change was seen and must not wait.
public typealias MemberEventHandler = @Sendable (MemberEvent) -> Void

/// Makes events of what requests and probes find out about one member, each change once.
///
/// Pure: the time comes in.
struct MemberEventSource: Sendable, Equatable {
    private let member: String
    private(set) var state = MemberEvent.State.up
    private var since: MonotonicInstant

    init(member: String, at now: MonotonicInstant) {
        self.member = member
        since = now
    }

    /// Notes what was found out.
    ///
    /// - Parameter cause: Why it is not up.
    /// - Returns: the event; nil where that was known.
    mutating func note(
        _ found: MemberEvent.State, because cause: String? = nil, at now: MonotonicInstant
    ) -> MemberEvent? {
        // One that is not asked stays so until it answers.
        guard found != state, !(state == .down && found == .failing) else { return nil }
        let event = MemberEvent(
            member: member, state: found, former: state, cause: cause,
            duration: since.duration(to: now))
        state = found
        since = now
        return event
    }
}

extension CircuitBreaker {
    /// What the member is by it.
    var memberState: MemberEvent.State {
        switch state {
        case .closed(let failures): failures == 0 ? .up : .failing
        case .open, .halfOpen: .down
        }
    }
}

extension UpstreamClient {
    /// Notes what was found out about the member, and tells it where it is a change.
    func note(_ found: MemberEvent.State, because cause: String? = nil) {
        let event = common.link.withLock { $0.events.note(found, because: cause, at: .now) }
        if let event { configuration.onEvent?(event) }
    }
}
